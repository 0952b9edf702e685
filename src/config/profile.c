#include "config/profile.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/json.h"
#include "config/setting.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX ((size_t)8 << 20)
#define FORMAT 1

struct config_profile {
    char *values[CONFIG_SETTING_COUNT]; /* NULL: not set */
    struct model_share share;
    enum config_managed managed;
};

static const char *const managed_names[] = {"console", "file"};

struct config_profile *config_profile_new(void)
{
    return base_alloc_zero(1, sizeof(struct config_profile));
}

void config_profile_free(struct config_profile **profile_ptr)
{
    struct config_profile *profile = *profile_ptr;

    if (!profile)
        return;
    for (int i = 0; i < CONFIG_SETTING_COUNT; i++)
        free(profile->values[i]);
    model_share_free(&profile->share);
    base_free(profile_ptr);
}

struct config_profile *config_profile_dup(const struct config_profile *profile)
{
    struct config_profile *copy = config_profile_new();

    for (int i = 0; i < CONFIG_SETTING_COUNT; i++)
        copy->values[i] = base_strdup(profile->values[i]);
    copy->share = model_share_dup(&profile->share);
    copy->managed = profile->managed;
    return copy;
}

/* A member as the text config_set takes: numbers and booleans may be written bare in the file. */
static char *value_text(const cJSON *item)
{
    if (cJSON_IsString(item))
        return base_strdup(item->valuestring);
    if (cJSON_IsNumber(item) || cJSON_IsBool(item)) {
        char *printed = cJSON_PrintUnformatted(item);
        char *text = base_strdup(printed);

        free(printed);
        return text;
    }
    return NULL;
}

static int read_value(struct config_profile *profile, const char *key, const cJSON *item,
                      struct err *err)
{
    enum config_setting setting = config_setting_by_key(key);
    char *text;
    int result;

    if (setting == CONFIG_SETTING_COUNT)
        return base_err_set(err, ERR_CONFIG_INVALID, "%s: there is no such setting", key);
    text = value_text(item);
    if (!text)
        return base_err_set(err, ERR_CONFIG_INVALID, "%s: a %s is wanted", key,
                            config_type_name(config_setting_info(setting)->type));
    result = config_set(profile, setting, text, err);
    free(text);
    return result;
}

static int read_group(struct config_profile *profile, const cJSON *group, struct err *err)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, group)
    {
        char *key = base_printf("%s.%s", group->string, item->string);
        int result = read_value(profile, key, item, err);

        free(key);
        if (result)
            return -1;
    }
    return 0;
}

static int read_managed(struct config_profile *profile, const cJSON *item, struct err *err)
{
    for (size_t i = 0; i < base_countof(managed_names); i++) {
        if (!cJSON_IsString(item) || strcmp(item->valuestring, managed_names[i]) != 0)
            continue;
        profile->managed = (enum config_managed)i;
        return 0;
    }
    return base_err_set(err, ERR_CONFIG_INVALID, "managed_by: \"console\" or \"file\" is wanted");
}

static int read_member(struct config_profile *profile, const cJSON *item, struct err *err)
{
    if (strcmp(item->string, "version") == 0)
        return cJSON_IsNumber(item) && item->valuedouble == FORMAT
                   ? 0
                   : base_err_set(err, ERR_CONFIG_INVALID, "version: %d is wanted", FORMAT);
    if (strcmp(item->string, "managed_by") == 0)
        return read_managed(profile, item, err);
    if (strcmp(item->string, "share") == 0) {
        if (model_share_from_json(item, &profile->share, err))
            return base_err_context(err, "share");
        return 0;
    }
    if (cJSON_IsObject(item))
        return read_group(profile, item, err);
    return read_value(profile, item->string, item, err);
}

struct config_profile *config_profile_parse(const char *text, size_t len, struct err *err)
{
    struct config_profile *profile = config_profile_new();
    struct err why = ERR_INIT;
    cJSON *json = base_json_parse(text, len, FILE_MAX, &why);
    const cJSON *item;

    if (!cJSON_IsObject(json)) {
        base_err_set(err, ERR_CONFIG_INVALID, "%s",
                     json ? "the profile is not one JSON object" : why.message);
        config_profile_free(&profile);
    }
    cJSON_ArrayForEach(item, json)
    {
        if (profile && read_member(profile, item, err))
            config_profile_free(&profile);
    }
    cJSON_Delete(json);
    return profile;
}

struct config_profile *config_profile_load(const char *path, struct err *err)
{
    struct config_profile *profile = NULL;
    struct err why = ERR_INIT;
    struct buf text;

    base_buf_init(&text, FILE_MAX);
    if (base_file_read(path, FILE_MAX, &text, &why)) {
        if (why.sys_errno == ENOENT)
            base_err_set(err, ERR_CONFIG_MISSING, "there is no profile \"%s\"", path);
        else
            base_err_set(err, why.code, "%s", why.message);
        if (err)
            err->sys_errno = why.sys_errno;
    } else {
        profile = config_profile_parse(text.data, text.len, err);
        if (!profile)
            base_err_context(err, "%s", path);
    }
    base_buf_free(&text);
    return profile;
}

struct config_profile *config_profile_salvage(const char *path)
{
    struct config_profile *profile = config_profile_new();
    cJSON *json = NULL;
    const cJSON *root, *item, *member;
    struct buf text;

    base_buf_init(&text, FILE_MAX);
    if (base_file_read(path, FILE_MAX, &text, NULL) == 0 && text.len)
        json = base_json_parse(text.data, text.len, FILE_MAX, NULL);
    base_buf_free(&text);
    root = cJSON_IsObject(json) ? json : NULL;
    cJSON_ArrayForEach(item, root)
    {
        if (!cJSON_IsObject(item)) {
            if (read_member(profile, item, NULL) && strcmp(item->string, "share") == 0)
                model_share_free(&profile->share);
            continue;
        }
        cJSON_ArrayForEach(member, item)
        {
            char *key = base_printf("%s.%s", item->string, member->string);

            (void)!read_value(profile, key, member, NULL);
            free(key);
        }
    }
    cJSON_Delete(json);
    return profile;
}

static void print_value(cJSON *object, const char *key, const struct config_setting_info *info,
                        const char *value)
{
    if (info->type == CONFIG_TYPE_INT || info->type == CONFIG_TYPE_BYTES)
        base_json_add_i64(object, key, strtoll(value, NULL, 10));
    else if (info->type == CONFIG_TYPE_BOOL)
        base_json_add_bool(object, key, strcmp(value, "true") == 0);
    else
        base_json_add_str(object, key, value);
}

static cJSON *group_of(cJSON *root, const char *name, size_t len)
{
    char *key = base_strndup(name, len);
    cJSON *group = cJSON_GetObjectItemCaseSensitive(root, key);

    if (!group)
        group = base_json_add_object(root, key);
    free(key);
    return group;
}

/* In the order of the settings table, so that the same profile always gives the same bytes. */
char *config_profile_print(const struct config_profile *profile)
{
    cJSON *root = base_json_object();
    char *text, *ended;

    base_json_add_i64(root, "version", FORMAT);
    base_json_add_str(root, "managed_by", managed_names[profile->managed]);
    for (int i = 0; i < CONFIG_SETTING_COUNT; i++) {
        const struct config_setting_info *info = config_setting_info((enum config_setting)i);
        const char *dot = strchr(info->key, '.');

        if (!profile->values[i])
            continue;
        if (dot)
            print_value(group_of(root, info->key, (size_t)(dot - info->key)), dot + 1, info,
                        profile->values[i]);
        else
            print_value(root, info->key, info, profile->values[i]);
    }
    base_json_add_take(root, "share", model_share_to_json(&profile->share));
    text = base_json_print_pretty(root);
    cJSON_Delete(root);
    ended =
        text[0] && text[strlen(text) - 1] == '\n' ? base_strdup(text) : base_printf("%s\n", text);
    free(text);
    return ended;
}

static char *share_text(const struct model_share *share)
{
    cJSON *json = model_share_to_json(share);
    char *text = base_json_print(json);

    cJSON_Delete(json);
    return text;
}

/* A share kept in git is changed there and only read here. */
static int check_managed(const struct config_profile *profile, const char *path, struct err *err)
{
    struct err ignored = ERR_INIT;
    struct config_profile *old;
    char *was, *is;
    bool same;

    if (profile->managed != CONFIG_MANAGED_FILE)
        return 0;
    old = config_profile_load(path, &ignored);
    if (!old)
        return 0;
    was = share_text(&old->share);
    is = share_text(&profile->share);
    same = strcmp(was, is) == 0;
    free(was);
    free(is);
    config_profile_free(&old);
    if (same)
        return 0;
    return base_err_set(err, ERR_CONFIG_INVALID,
                        "share: it is managed by file (\"managed_by\") and not written here");
}

int config_profile_save(const struct config_profile *profile, const char *path, struct err *err)
{
    char *text;
    int result;

    if (check_managed(profile, path, err))
        return -1;
    text = config_profile_print(profile);
    result = base_file_write_atomic(path, text, strlen(text), 0600, err);
    free(text);
    return result;
}

const char *config_get(const struct config_profile *profile, enum config_setting setting)
{
    return profile->values[setting] ? profile->values[setting]
                                    : config_setting_info(setting)->fallback;
}

int64_t config_get_i64(const struct config_profile *profile, enum config_setting setting)
{
    const char *value = config_get(profile, setting);

    return value ? strtoll(value, NULL, 10) : 0;
}

bool config_get_bool(const struct config_profile *profile, enum config_setting setting)
{
    const char *value = config_get(profile, setting);

    return value && strcmp(value, "true") == 0;
}

bool config_is_set(const struct config_profile *profile, enum config_setting setting)
{
    return profile->values[setting] != NULL;
}

int config_set(struct config_profile *profile, enum config_setting setting, const char *value,
               struct err *err)
{
    char *normal = NULL;

    if (value) {
        normal = config_setting_normal(setting, value, err);
        if (!normal)
            return -1;
    }
    free(profile->values[setting]);
    profile->values[setting] = normal;
    return 0;
}

int config_profile_check(const struct config_profile *profile, struct err *err)
{
    static const enum config_setting needed[] = {CONFIG_WORKSPACE_HOST, CONFIG_PRINCIPAL_CLIENT_ID,
                                                 CONFIG_WAREHOUSE_ID, CONFIG_DESTINATION_URL};

    for (size_t i = 0; i < base_countof(needed); i++)
        if (!profile->values[needed[i]])
            return base_err_set(err, ERR_CONFIG_MISSING, "%s: not given yet",
                                config_setting_info(needed[i])->key);
    return 0;
}

enum config_managed config_profile_managed(const struct config_profile *profile)
{
    return profile->managed;
}

void config_profile_manage(struct config_profile *profile, enum config_managed managed)
{
    profile->managed = managed;
}

struct model_share *config_profile_share(struct config_profile *profile)
{
    return &profile->share;
}
