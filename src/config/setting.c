/* The settings table: lookups and the validation of one value. */
#include "config/setting.h"

#include "base/alloc.h"
#include "base/text.h"
#include "config/host.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct config_setting_info table[] = {
#define S(id, key, type, fallback, min, max, choices, help)                                        \
    {key, CONFIG_TYPE_##type, fallback, min, max, choices, help},
#include "config/settings.def"
#undef S
};

const struct config_setting_info *config_setting_info(enum config_setting setting)
{
    if (setting >= CONFIG_SETTING_COUNT)
        bug("no setting %d", (int)setting);
    return &table[setting];
}

enum config_setting config_setting_by_key(const char *key)
{
    for (size_t i = 0; i < base_countof(table); i++)
        if (strcmp(table[i].key, key) == 0)
            return (enum config_setting)i;
    return CONFIG_SETTING_COUNT;
}

const char *config_type_name(enum config_type type)
{
    static const char *const names[] = {"text",   "integer", "bytes", "boolean",
                                        "choice", "path",    "url"};

    return type <= CONFIG_TYPE_URL ? names[type] : "?";
}

static int refuse(const struct config_setting_info *info, struct err *err, const char *what)
{
    return base_err_set(err, ERR_CONFIG_INVALID, "%s: %s", info->key, what);
}

/* "160 MiB", "160MB", "167772160". Units of 1024 with an i, of 1000 without. */
static bool parse_bytes(const char *text, int64_t *out)
{
    static const struct {
        const char *unit;
        int64_t factor;
    } units[] = {{"", 1},
                 {"B", 1},
                 {"KiB", 1024},
                 {"MiB", 1024 * 1024},
                 {"GiB", 1024 * 1024 * 1024},
                 {"KB", 1000},
                 {"MB", 1000 * 1000},
                 {"GB", 1000 * 1000 * 1000}};
    char *end;
    long long value;

    if (*text < '0' || *text > '9')
        return false;
    value = strtoll(text, &end, 10);
    while (*end == ' ')
        end++;
    for (size_t i = 0; i < base_countof(units); i++) {
        if (!base_text_equal_nocase(end, units[i].unit))
            continue;
        if (value > INT64_MAX / units[i].factor)
            return false;
        *out = value * units[i].factor;
        return true;
    }
    return false;
}

static bool parse_int(const char *text, int64_t *out)
{
    char *end;

    if (!(*text >= '0' && *text <= '9') && *text != '-')
        return false;
    *out = strtoll(text, &end, 10);
    return *end == '\0' && end != text;
}

static char *check_number(const struct config_setting_info *info, const char *value,
                          struct err *err)
{
    bool bytes = info->type == CONFIG_TYPE_BYTES;
    int64_t number;

    if (!(bytes ? parse_bytes(value, &number) : parse_int(value, &number))) {
        refuse(info, err,
               bytes ? "a number of bytes is wanted, like \"160 MiB\""
                     : "a whole number is wanted");
        return NULL;
    }
    if (number < info->min || number > info->max) {
        base_err_set(err, ERR_CONFIG_INVALID, "%s: between %" PRId64 " and %" PRId64 " is wanted",
                     info->key, info->min, info->max);
        return NULL;
    }
    return base_printf("%" PRId64, number);
}

static char *check_choice(const struct config_setting_info *info, const char *value,
                          struct err *err)
{
    size_t len = strlen(value);

    for (const char *p = info->choices; *p; p += strcspn(p, "|"), p += *p == '|')
        if (strcspn(p, "|") == len && strncmp(p, value, len) == 0)
            return base_strdup(value);
    base_err_set(err, ERR_CONFIG_INVALID, "%s: one of %s is wanted", info->key, info->choices);
    return NULL;
}

static char *check_bool(const struct config_setting_info *info, const char *value, struct err *err)
{
    static const char *const yes[] = {"true", "yes", "on", "1"};
    static const char *const no[] = {"false", "no", "off", "0"};

    for (size_t i = 0; i < base_countof(yes); i++) {
        if (base_text_equal_nocase(value, yes[i]))
            return base_strdup("true");
        if (base_text_equal_nocase(value, no[i]))
            return base_strdup("false");
    }
    refuse(info, err, "true or false is wanted");
    return NULL;
}

static char *check_workspace(const struct config_setting_info *info, const char *value,
                             struct err *err)
{
    struct config_host host;
    char *origin;

    if (config_host_parse(value, &host, err)) {
        base_err_context(err, "%s", info->key);
        return NULL;
    }
    origin = base_strdup(host.origin);
    config_host_free(&host);
    return origin;
}

static bool has_dots(const char *path)
{
    for (const char *p = path; p; p = strchr(p, '/')) {
        size_t len;

        p += *p == '/';
        len = strcspn(p, "/");
        if ((len == 1 && p[0] == '.') || (len == 2 && p[0] == '.' && p[1] == '.'))
            return true;
    }
    return false;
}

static char *check_destination(const struct config_setting_info *info, const char *value,
                               struct err *err)
{
    const char *path = value;
    size_t len;

    if (strncasecmp(value, "file://", 7) == 0)
        path = value + 7;
    else if (strstr(value, "://"))
        path = "";
    len = strlen(path);
    while (len > 1 && path[len - 1] == '/')
        len--;
    if (*path != '/' || len == 1 || has_dots(path) || strpbrk(path, "%?#")) {
        refuse(info, err, "file:///absolute/folder is wanted, without . or .. parts");
        return NULL;
    }
    return base_printf("file://%.*s", (int)len, path);
}

static char *check_proxy(const struct config_setting_info *info, const char *value, struct err *err)
{
    static const char *const schemes[] = {"http://", "https://", "socks5://", "socks5h://"};
    bool known = false;

    for (size_t i = 0; i < base_countof(schemes); i++)
        known = known || strncasecmp(value, schemes[i], strlen(schemes[i])) == 0;
    if (!known)
        refuse(info, err, "http://host:port is wanted");
    else if (strchr(value, '@'))
        refuse(info, err,
               "a proxy's login is a secret: leave it out here, use `secrets set proxy`");
    else
        return base_strdup(value);
    return NULL;
}

static char *check_uuid(const struct config_setting_info *info, const char *value, struct err *err)
{
    size_t i = 0;

    for (; value[i] && i < 36; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        char c = value[i];
        bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');

        if (dash ? c != '-' : !hex)
            break;
    }
    if (i == 36 && !value[36]) {
        char *copy = base_strdup(value);

        base_text_lower(copy);
        return copy;
    }
    refuse(info, err, "a UUID is wanted (the application id of the service principal)");
    return NULL;
}

static char *check_text(enum config_setting setting, const struct config_setting_info *info,
                        const char *value, struct err *err)
{
    if (setting == CONFIG_PRINCIPAL_CLIENT_ID || setting == CONFIG_OBSERVER_CLIENT_ID)
        return check_uuid(info, value, err);
    if (setting == CONFIG_PRINCIPAL_ID && value[strspn(value, "0123456789")]) {
        refuse(info, err,
               "a number is wanted (the service principal's id, not its application id)");
        return NULL;
    }
    return base_strdup(value);
}

static bool plain(const char *value)
{
    for (const unsigned char *p = (const unsigned char *)value; *p; p++)
        if (*p < 0x20 || *p == 0x7f)
            return false;
    return base_text_utf8_valid(value, strlen(value));
}

char *config_setting_normal(enum config_setting setting, const char *value, struct err *err)
{
    const struct config_setting_info *info = config_setting_info(setting);

    if (!*value || strlen(value) > 4096 || !plain(value)) {
        refuse(info, err,
               *value ? "the value is too long or holds control characters"
                      : "the value is empty; leave the key out instead");
        return NULL;
    }
    switch (info->type) {
    case CONFIG_TYPE_INT:
    case CONFIG_TYPE_BYTES:
        return check_number(info, value, err);
    case CONFIG_TYPE_BOOL:
        return check_bool(info, value, err);
    case CONFIG_TYPE_CHOICE:
        return check_choice(info, value, err);
    case CONFIG_TYPE_FILE:
        if (*value == '/')
            return base_strdup(value);
        refuse(info, err, "an absolute path is wanted");
        return NULL;
    case CONFIG_TYPE_URL:
        if (setting == CONFIG_WORKSPACE_HOST)
            return check_workspace(info, value, err);
        if (setting == CONFIG_DESTINATION_URL)
            return check_destination(info, value, err);
        return check_proxy(info, value, err);
    default:
        return check_text(setting, info, value, err);
    }
}
