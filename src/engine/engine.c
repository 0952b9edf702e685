#include "engine/engine.h"
#include "engine/doctor.h"
#include "engine/tree.h"

#include "engine/observe.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void paths_fill(struct engine *engine)
{
    struct engine_paths *paths = &engine->paths;
    char *config = base_file_config_home(), *state = base_file_state_home();
    paths->profile = base_printf("%s/aampe/%s.json", config, engine->name);
    paths->key_file = base_printf("%s/aampe/%s.key", config, engine->name);
    paths->state = base_printf("%s/aampe/%s", state, engine->name);
    paths->socket = base_file_join(paths->state, "sock");
    paths->log = base_file_join(paths->state, "engine.log");
    paths->snapshot = base_file_join(paths->state, "snapshot.json");
    free(config);
    free(state);
}

static void paths_free(struct engine_paths *paths)
{
    free(paths->profile);
    free(paths->key_file);
    free(paths->state);
    free(paths->socket);
    free(paths->log);
    free(paths->snapshot);
}

static enum log_level level_of(const struct config_profile *profile)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    const char *name = config_get(profile, CONFIG_LOG_LEVEL);
    for (int i = 0; name && i < 4; i++)
        if (strcmp(name, names[i]) == 0)
            return (enum log_level)i;
    return LOG_INFO_;
}

/* An absent file is an empty profile; a bad one keeps the engine up, so that it can say what is
 * wrong. */
static void profile_load(struct engine *engine)
{
    struct err err = ERR_INIT;
    engine->profile = config_profile_load(engine->paths.profile, &err);
    if (engine->profile)
        return;
    engine->profile = config_profile_new();
    if (err.code != ERR_CONFIG_MISSING)
        engine->profile_err = err;
}

/* Splits the helper's command at blanks: an argument vector, never a shell. */
static size_t helper_split(char *text, const char *argv[], size_t max)
{
    size_t count = 0;
    char *save = NULL;
    for (char *word = strtok_r(text, " ", &save); word && count + 1 < max;
         word = strtok_r(NULL, " ", &save))
        argv[count++] = word;
    argv[count] = NULL;
    return count;
}

int engine_vault_open(struct engine *engine, struct err *err)
{
    const char *argv[16];
    const char *key_file = config_get(engine->profile, CONFIG_VAULT_KEY_FILE);
    const char *helper = config_get(engine->profile, CONFIG_VAULT_HELPER);
    char *helper_copy = base_strdup(helper ? helper : "");
    struct store_vault_settings settings = {
        .folder = engine->paths.state,
        .credentials_directory = getenv("CREDENTIALS_DIRECTORY"),
        .key_file = key_file ? key_file : engine->paths.key_file};
    int rc = 0;
    if (store_vault_kind_parse(config_get(engine->profile, CONFIG_VAULT_KIND), &settings.kind) != 0)
        rc = base_err_set(err, ERR_CONFIG_INVALID, "vault.kind is not known");
    if (helper_split(helper_copy, argv, base_countof(argv)) > 0)
        settings.helper = argv;
    /* The key file that nobody named is made beside the profile: away from the folder it protects.
     * Not where something is sealed already: that wants the key it was sealed with. */
    if (rc == 0 && settings.kind == VAULT_KEY_FILE && key_file == NULL &&
        !base_file_exists(engine->paths.key_file) && !store_vault_there(engine->paths.state))
        rc = store_vault_make_key(engine->paths.key_file, engine->seam, err);
    if (rc == 0) {
        struct store_vault *vault = store_vault_open(&settings, engine->seam, err);
        rc = vault ? 0 : -1;
        if (vault) {
            store_vault_free(&engine->vault);
            engine->vault = vault;
            engine->vault_err = ERR_INIT;
        }
    }
    free(helper_copy);
    return rc;
}

/* What has kept the vault closed may have been mended. True: it is open now. */
static bool vault_reopen(struct engine *engine)
{
    if (engine->vault)
        return false;
    engine->vault_err = ERR_INIT;
    return engine_vault_open(engine, &engine->vault_err) == 0;
}

int engine_vault_renew(struct engine *engine, char **aside, struct err *err)
{
    *aside = NULL;
    if (vault_reopen(engine))
        return 0;
    if (engine->vault_err.code != ERR_HOST_SECRET_UNREADABLE) {
        *err = engine->vault_err;
        return -1;
    }
    char *kept = store_vault_set_aside(engine->paths.state, base_seam_now_us(engine->seam), err);
    if (kept == NULL)
        return -1;
    if (vault_reopen(engine)) {
        *aside = kept;
        return 0;
    }
    *err = engine->vault_err;
    store_vault_put_back(engine->paths.state, kept);
    free(kept);
    return -1;
}

int engine_open(struct engine *engine, const char *profile, const char *version, bool foreground,
                bool verbose, struct err *err)
{
    *engine = (struct engine){.name = base_strdup(profile), .version = version};
    umask(077);
    engine->seam = base_seam_new();
    engine->started_us = base_seam_now_us(engine->seam);
    paths_fill(engine);
    engine->state = store_open(engine->paths.state, engine->seam, err);
    if (engine->state == NULL)
        return -1;
    engine->log = base_log_new(engine->seam, engine->paths.log, verbose ? LOG_DEBUG_ : LOG_INFO_);
    if (engine->log == NULL)
        return base_err_errno(err, errno, "opening the log \"%s\"", engine->paths.log);
    if (foreground)
        base_log_echo(engine->log);
    profile_load(engine);
    if (!verbose)
        base_log_level(engine->log, level_of(engine->profile));
    char *cache = base_file_join(engine->paths.state, "cache.db");
    engine->cache = store_cache_open(cache, engine->seam, err);
    free(cache);
    if (engine->cache == NULL)
        return -1;
    engine->names = catalog_names_new(engine->cache);
    engine->ticks = catalog_ticks_new(engine->state, engine->seam, err);
    if (engine->ticks == NULL)
        return -1;
    engine_share_changed(engine);
    if (engine_vault_open(engine, &engine->vault_err) != 0)
        base_log_event(engine->log, LOG_WARN_, "vault.closed", "code",
                       base_err_name(engine->vault_err.code), "message", engine->vault_err.message,
                       NULL);
    engine->loop = net_loop_new(engine->seam);
    engine->limit = net_limit_new(engine->loop, NET_LIMIT_DEFAULT);
    if (engine_serve(engine, err) != 0)
        return -1;
    base_log_event(engine->log, LOG_INFO_, "engine.start", "profile", engine->name, "version",
                   engine->version, NULL);
    engine_connect(engine);
    engine_snapshot_write(engine);
    return 0;
}

void engine_outline(struct engine *engine)
{
    paths_fill(engine);
    profile_load(engine);
}

static void asks_fail(struct engine *engine)
{
    struct err err = ERR_INIT;
    base_err_set(&err, ERR_ENGINE_UNREACHABLE, "the engine is stopping");
    while (engine->asks)
        engine_ask_fail(engine->asks, &err);
}

void engine_close(struct engine *engine)
{
    engine->parting = true;
    if (engine->loop) {
        net_loop_cancel_timer(engine->loop, engine->tick_timer);
        net_loop_cancel_timer(engine->loop, engine->snapshot_timer);
        net_loop_cancel_timer(engine->loop, engine->rebuild_timer);
        engine_setup_free(engine);
        engine_doctor_free(engine);
        engine_disconnect(engine);
    }
    if (engine->server) {
        asks_fail(engine);
        base_log_tap(engine->log, NULL, NULL);
        ipc_server_free(&engine->server);
        engine_snapshot_write(engine);
        base_log_event(engine->log, LOG_INFO_, "engine.stop", "profile", engine->name, NULL);
    }
    net_limit_free(&engine->limit);
    if (engine->loop)
        net_loop_free(&engine->loop);
    engine_secrets_free(engine);
    engine_probes_free(engine);
    store_vault_free(&engine->vault);
    catalog_ticks_free(&engine->ticks);
    catalog_names_free(&engine->names);
    store_cache_free(&engine->cache);
    store_free(&engine->state);
    config_profile_free(&engine->profile);
    if (engine->log)
        base_log_free(&engine->log);
    paths_free(&engine->paths);
    base_seam_free(&engine->seam);
    free(engine->name);
}

static bool settings_differ(const struct config_profile *a, const struct config_profile *b)
{
    for (int i = 0; i < CONFIG_SETTING_COUNT; i++) {
        const char *left = config_get(a, (enum config_setting)i);
        const char *right = config_get(b, (enum config_setting)i);
        if (strcmp(left ? left : "", right ? right : "") != 0)
            return true;
    }
    return false;
}

/* Everything that hangs on settings follows them; a changed share alone disturbs nothing. */
static void profile_take(struct engine *engine, struct config_profile *profile)
{
    bool differ = settings_differ(engine->profile, profile) || engine->profile_err.code != ERR_OK;
    config_profile_free(&engine->profile);
    engine->profile = profile;
    engine->profile_err = ERR_INIT;
    base_log_level(engine->log, level_of(profile));
    engine_share_changed(engine);
    if (differ)
        engine_reconnect(engine);
    engine_snapshot_soon(engine);
}

int engine_reload(struct engine *engine, bool *changed, struct err *err)
{
    struct config_profile *profile = config_profile_load(engine->paths.profile, err);
    if (profile == NULL)
        return -1;
    char *before = config_profile_print(engine->profile), *after = config_profile_print(profile);
    bool differs = strcmp(before, after) != 0 || engine->profile_err.code != ERR_OK;
    free(before);
    free(after);
    if (changed)
        *changed = differs;
    if (differs)
        profile_take(engine, profile);
    else
        config_profile_free(&profile);
    bool opened = vault_reopen(engine);
    if (opened)
        engine_reconnect(engine);
    if (changed)
        *changed |= opened;
    base_log_event(engine->log, LOG_INFO_, "engine.reload", "profile", engine->name, NULL);
    return 0;
}

int engine_profile_replace(struct engine *engine, struct config_profile **take, struct err *err)
{
    if (engine->profile_err.code != ERR_OK) {
        *err = engine->profile_err;
        return base_err_context(err, "the profile file is not changed while it cannot be read");
    }
    char *folder =
        base_strndup(engine->paths.profile,
                     (size_t)(strrchr(engine->paths.profile, '/') - engine->paths.profile));
    int rc = base_file_mkdir_all(folder, 0700, err);
    free(folder);
    if (rc != 0 || config_profile_save(*take, engine->paths.profile, err) != 0)
        return -1;
    profile_take(engine, *take);
    *take = NULL;
    return 0;
}
