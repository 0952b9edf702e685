/* config.* and secrets.* */
#include "engine/engine.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECRET_MAX 65536

static cJSON *setting_json(const struct config_profile *profile, enum config_setting setting)
{
    const struct config_setting_info *info = config_setting_info(setting);
    const char *value = config_get(profile, setting);
    cJSON *json = base_json_object();
    base_json_add_str(json, "name", info->key);
    base_json_add_take(json, "value", value ? cJSON_CreateString(value) : cJSON_CreateNull());
    base_json_add_str(json, "source",
                      config_is_set(profile, setting) ? "file"
                      : info->fallback                ? "default"
                                                      : "unset");
    base_json_add_str(json, "type", config_type_name(info->type));
    base_json_add_str(json, "choices", info->choices);
    base_json_add_str(json, "help", info->help);
    return json;
}

static int setting_find(const cJSON *params, enum config_setting *setting, struct err *err)
{
    const char *name = base_json_str(params, "name");
    *setting = name ? config_setting_by_key(name) : CONFIG_SETTING_COUNT;
    if (*setting != CONFIG_SETTING_COUNT)
        return 0;
    base_err_set(err, ERR_USAGE, "there is no setting \"%s\"", name ? name : "");
    base_err_hint(err, "`aampe-console config dump` lists all settings.");
    return -1;
}

void engine_verb_config_get(struct engine *engine, struct ipc_call *call, const cJSON *params)
{
    struct err err = ERR_INIT;
    enum config_setting setting;
    if (setting_find(params, &setting, &err) != 0)
        engine_fail(engine, call, &err);
    else
        engine_reply(engine, call, setting_json(engine->profile, setting));
}

static void detail_add(cJSON *json, const char *key, const char *value)
{
    base_json_add_take(json, key, value ? cJSON_CreateString(value) : cJSON_CreateNull());
}

/* Recorded before it is done: a change that left no trace would be worse than a trace of a change
 * that failed. */
static int setting_apply(struct engine *engine, const struct ipc_call *call, cJSON *result,
                         struct config_profile **take, struct err *err)
{
    if (store_oplog_add(engine->state, call->uid, "config.set", result, err) != 0)
        return -1;
    if (engine_profile_replace(engine, take, err) != 0)
        return -1;
    if (engine->vault == NULL || strncmp(base_json_str_or(result, "name", ""), "vault.", 6) == 0) {
        engine->vault_err = ERR_INIT;
        if (engine_vault_open(engine, &engine->vault_err) != 0)
            store_vault_free(&engine->vault);
        engine_reconnect(engine);
    }
    return 0;
}

void engine_verb_config_set(struct engine *engine, struct ipc_call *call, const cJSON *params)
{
    struct err err = ERR_INIT;
    enum config_setting setting;
    const char *value = base_json_str(params, "value");
    if (setting_find(params, &setting, &err) != 0) {
        engine_fail(engine, call, &err);
        return;
    }
    struct config_profile *profile = config_profile_dup(engine->profile);
    cJSON *result = base_json_object();
    int rc = config_set(profile, setting, value && value[0] ? value : NULL, &err);
    if (rc == 0) {
        const char *before = config_get(engine->profile, setting),
                   *after = config_get(profile, setting);
        bool changes = config_is_set(engine->profile, setting) != config_is_set(profile, setting) ||
                       strcmp(before ? before : "", after ? after : "") != 0;
        bool check = base_json_bool_or(params, "check", false);
        base_json_add_str(result, "name", config_setting_info(setting)->key);
        detail_add(result, "before", before);
        detail_add(result, "after", after);
        base_json_add_bool(result, "would_change", changes);
        base_json_add_bool(result, "changed", changes && !check);
        if (changes && !check)
            rc = setting_apply(engine, call, result, &profile, &err);
    }
    config_profile_free(&profile);
    if (rc == 0) {
        engine_reply(engine, call, result);
        return;
    }
    cJSON_Delete(result);
    engine_fail(engine, call, &err);
}

void engine_verb_config_dump(struct engine *engine, struct ipc_call *call, const cJSON *params)
{
    (void)params;
    cJSON *json = base_json_object();
    base_json_add_str(json, "file", engine->paths.profile);
    base_json_add_str(json, "managed_by",
                      config_profile_managed(engine->profile) == CONFIG_MANAGED_FILE ? "file"
                                                                                     : "console");
    cJSON *settings = base_json_add_array(json, "settings");
    for (int i = 0; i < CONFIG_SETTING_COUNT; i++)
        base_json_push_take(settings, setting_json(engine->profile, (enum config_setting)i));
    if (engine->profile_err.code != ERR_OK)
        base_json_add_take(json, "error", base_err_to_json(&engine->profile_err));
    engine_reply(engine, call, json);
}

static void share_diff(cJSON *json, const char *key, const struct model_share *from,
                       const struct model_share *to)
{
    cJSON *names = base_json_add_array(json, key);
    for (size_t i = 0; i < from->count; i++) {
        if (model_share_find(to, &from->tables[i].name))
            continue;
        char *name = model_name_text(&from->tables[i].name);
        base_json_push_take(names, cJSON_CreateString(name));
        free(name);
    }
}

void engine_verb_config_diff(struct engine *engine, struct ipc_call *call, const cJSON *params)
{
    (void)params;
    struct err err = ERR_INIT;
    struct config_profile *file = config_profile_load(engine->paths.profile, &err);
    if (file == NULL && err.code == ERR_CONFIG_MISSING)
        file = config_profile_new();
    if (file == NULL) {
        engine_fail(engine, call, &err);
        return;
    }
    cJSON *json = base_json_object();
    base_json_add_str(json, "file", engine->paths.profile);
    cJSON *settings = base_json_add_array(json, "settings");
    for (int i = 0; i < CONFIG_SETTING_COUNT; i++) {
        enum config_setting setting = (enum config_setting)i;
        const char *used = config_get(engine->profile, setting), *there = config_get(file, setting);
        if (strcmp(used ? used : "", there ? there : "") == 0)
            continue;
        cJSON *item = base_json_object();
        base_json_add_str(item, "name", config_setting_info(setting)->key);
        detail_add(item, "engine", used);
        detail_add(item, "file", there);
        base_json_push_take(settings, item);
    }
    share_diff(json, "only_in_file", config_profile_share(file),
               config_profile_share(engine->profile));
    share_diff(json, "only_in_engine", config_profile_share(engine->profile),
               config_profile_share(file));
    char *a = config_profile_print(engine->profile), *b = config_profile_print(file);
    base_json_add_bool(json, "differs", strcmp(a, b) != 0 || engine->profile_err.code != ERR_OK);
    free(a);
    free(b);
    config_profile_free(&file);
    engine_reply(engine, call, json);
}

static int secret_store(struct engine *engine, const struct ipc_call *call, const char *name,
                        const struct secret *secret, cJSON *result, struct err *err)
{
    struct store_secret_info info = {.created_us = base_seam_now_us(engine->seam)};
    snprintf(info.name, sizeof info.name, "%s", name);
    base_secret_fingerprint(secret, info.fingerprint);
    base_json_add_str(result, "name", name);
    base_json_add_str(result, "fingerprint", info.fingerprint);
    const struct secret *old = store_vault_peek(engine->vault, name);
    bool changes = old == NULL || !base_secret_equal(old, secret);
    base_json_add_bool(result, "changed", changes);
    if (!changes)
        return 0;
    if (store_oplog_add(engine->state, call->uid, "secrets.set", result, err) != 0 ||
        store_vault_put(engine->vault, name, secret, 0, err) != 0 ||
        store_secret_info_put(engine->state, &info, err) != 0)
        return -1;
    engine_reconnect(engine);
    engine_snapshot_soon(engine);
    return 0;
}

/* The key of the vault is lost: the secrets are entered anew, into a new one. */
static int vault_begin(struct engine *engine, cJSON *result, struct err *err)
{
    char *aside = NULL;
    int rc = engine_vault_renew(engine, &aside, err);
    if (aside)
        base_json_add_str(result, "old_vault", aside);
    free(aside);
    return rc;
}

void engine_verb_secrets_set(struct engine *engine, struct ipc_call *call, const cJSON *params)
{
    struct err err = ERR_INIT;
    const char *name = base_json_str(params, "name"), *value = base_json_str(params, "secret");
    cJSON *result = base_json_object();
    int rc = 0;
    if (name == NULL ||
        (strcmp(name, ENGINE_SECRET_PRINCIPAL) != 0 && strcmp(name, ENGINE_SECRET_PROXY) != 0 &&
         strcmp(name, ENGINE_SECRET_OBSERVER) != 0)) {
        rc = base_err_set(&err, ERR_USAGE, "there is no secret \"%s\"", name ? name : "");
        base_err_hint(&err, "Secrets are: %s, %s, %s.", ENGINE_SECRET_PRINCIPAL,
                      ENGINE_SECRET_OBSERVER, ENGINE_SECRET_PROXY);
    } else if (value == NULL || value[0] == '\0' || strlen(value) > SECRET_MAX) {
        rc = base_err_set(&err, ERR_USAGE, "the secret is empty or longer than %d bytes",
                          SECRET_MAX);
    } else if (engine->vault || vault_begin(engine, result, &err) == 0) {
        struct secret *secret = base_secret_new(value, strlen(value));
        base_secret_wipe((char *)(uintptr_t)value, strlen(value));
        rc = secret_store(engine, call, name, secret, result, &err);
        base_secret_free(&secret);
    } else {
        rc = -1;
    }
    if (rc == 0) {
        engine_reply(engine, call, result);
        return;
    }
    cJSON_Delete(result);
    engine_fail(engine, call, &err);
}
