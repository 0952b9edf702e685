/* The chain on this host: the engine, the machine under it, its state, its secrets. */
#include "watch/private.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "config/host.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>

#define CONFIG_PATH "/.well-known/databricks-config"
#define CLOCK_MS 3000
#define CLOCK_WARN_S 30
#define CLOCK_FAIL_S 300
#define SPACE_FULL ((int64_t)16 << 20)
#define SPACE_LOW ((int64_t)1 << 30)
#define INODES_FULL 16
#define INODES_LOW 1000
#define FILES_LOW 256
#define MEMORY_SPARE ((int64_t)96 << 20) /* besides memory_limit */
#define BACKUP_OLD_US (INT64_C(72) * 3600 * 1000000)

/* --- engine */

static void span_text(int64_t us, char out[24])
{
    int64_t minutes = us / 60000000;
    if (minutes < 60)
        snprintf(out, 24, "%d m", (int)minutes);
    else if (minutes < 48 * 60)
        snprintf(out, 24, "%d h", (int)(minutes / 60));
    else
        snprintf(out, 24, "%lld d", (long long)(minutes / 1440));
}

/* What is behind it may be the reason, and can be looked at without it: the doctor tells it as a
 * failure when it has seen that. */
static void engine_fails(struct watch_check *check, const struct err *err, const char *text)
{
    watch_end(check, check->count > 1 ? WATCH_WARN : WATCH_FAIL, err, "%s", text);
}

static void engine_outside(struct watch_check *check, const struct watch_engine *engine)
{
    cJSON *evidence = watch_evidence(check);
    base_json_add_str(evidence, "version", engine->version);
    base_json_add_str(evidence, "holder", engine->holder);
    base_json_add_str(evidence, "last_line", engine->last_line);
    base_json_add_str(evidence, "last_code", engine->last_code);
    if (engine->pid)
        base_json_add_i64(evidence, "pid", engine->pid);
    if (engine->err.code == ERR_OK)
        watch_end(check, WATCH_OK, NULL, "%s", engine->text);
    else
        engine_fails(check, &engine->err, engine->text);
}

static void look_engine(struct watch_check *check)
{
    const struct watch_self *self = check->self;
    cJSON *evidence = watch_evidence(check);
    base_json_add_str(evidence, "profile", self->profile);
    base_json_add_bool(evidence, "unit", self->unit);
    if (self->profile_err && self->profile_err->code != ERR_OK) {
        engine_fails(check, self->profile_err, self->profile_err->message);
    } else if (self->engine) {
        engine_outside(check, self->engine);
    } else {
        char up[24];
        int64_t us = base_seam_now_us(check->seam) - self->started_us;
        span_text(us, up);
        base_json_add_str(evidence, "version", self->version);
        base_json_add_i64(evidence, "uptime_seconds", us / 1000000);
        if (self->unit)
            watch_end(check, WATCH_OK, NULL, "%s, up %s, unit aampe-syncd@%s", self->version, up,
                      self->profile);
        else
            watch_end(check, WATCH_OK, NULL, "%s, up %s, personal", self->version, up);
    }
}

/* --- host */

struct place {
    const char *role;
    char *path; /* NULL: there is none */
    int error;
    int64_t bytes, inodes; /* free; -1: not counted */
};

struct host {
    struct place places[3];
    int64_t files;  /* that may be open */
    int64_t memory; /* of the control group; 0: no limit */
};

static void host_free(void *data)
{
    struct host *host = data;
    for (size_t i = 0; i < base_countof(host->places); i++)
        free(host->places[i].path);
    free(host);
}

/* A folder that is still to be made lies where the next one above it does. */
static void place_look(struct place *place)
{
    struct statvfs there;
    while ((place->error = statvfs(place->path, &there) == 0 ? 0 : errno) == ENOENT) {
        char *slash = strrchr(place->path, '/');
        if (slash == NULL || slash == place->path)
            return;
        *slash = '\0';
    }
    if (place->error)
        return;
    place->bytes = (int64_t)there.f_bavail * (int64_t)there.f_frsize;
    place->inodes = there.f_files ? (int64_t)there.f_favail : -1;
}

/* A number in a file of the control group; 0: none, or "max". */
static int64_t limit_read(const char *path)
{
    struct buf text;
    int64_t limit = 0;
    base_buf_init(&text, 64);
    if (base_file_read(path, 64, &text, NULL) == 0 && text.len)
        limit = strtoll(text.data, NULL, 10);
    base_buf_free(&text);
    return limit > 0 && limit < INT64_C(1) << 50 ? limit : 0;
}

/* Where our control group lies ("/system.slice/x.service"); "" when that is not told. malloc'd. */
static char *group_path(void)
{
    struct buf text;
    char *path = NULL;
    base_buf_init(&text, 4096);
    if (base_file_read("/proc/self/cgroup", 4096, &text, NULL) == 0 && text.len) {
        const char *at = strstr(text.data, "0::/");
        path = at ? base_strndup(at + 3, strcspn(at + 3, "\n")) : NULL;
    }
    base_buf_free(&text);
    return path ? path : base_strdup("");
}

/* The tightest limit of our control group and those above it; 0: none is set. */
static int64_t memory_of_group(void)
{
    int64_t tightest = limit_read("/sys/fs/cgroup/memory/memory.limit_in_bytes");
    char *group = group_path();
    for (char *slash = group + strlen(group); slash; slash = strrchr(group, '/')) {
        char *file;
        *slash = '\0';
        file = base_printf("/sys/fs/cgroup%s/memory.max", group);
        int64_t limit = limit_read(file);
        if (limit && (tightest == 0 || limit < tightest))
            tightest = limit;
        free(file);
    }
    free(group);
    return tightest;
}

static void host_work(void *data)
{
    struct host *host = data;
    struct rlimit limit;
    for (size_t i = 0; i < base_countof(host->places); i++)
        if (host->places[i].path)
            place_look(&host->places[i]);
    host->files = getrlimit(RLIMIT_NOFILE, &limit) == 0 ? (int64_t)limit.rlim_cur : -1;
    host->memory = memory_of_group();
}

static void places_add(cJSON *evidence, const struct host *host)
{
    cJSON *list = base_json_add_array(evidence, "mounts");
    for (size_t i = 0; i < base_countof(host->places); i++) {
        const struct place *place = &host->places[i];
        if (place->path == NULL)
            continue;
        cJSON *item = base_json_object();
        base_json_add_str(item, "role", place->role);
        base_json_add_str(item, "path", place->path);
        if (place->error == 0)
            base_json_add_i64(item, "bytes_free", place->bytes);
        if (place->error == 0 && place->inodes >= 0)
            base_json_add_i64(item, "inodes_free", place->inodes);
        base_json_push_take(list, item);
    }
}

/* What is wrong with a mount: FAIL, WARN or OK. The state is what everything stops without; a full
 * destination is that chain's to say. */
static enum watch_state place_state(const struct place *place, struct err *err)
{
    char space[24];
    bool state = strcmp(place->role, "state") == 0;
    if (place->path == NULL)
        return WATCH_OK;
    if (place->error) {
        base_err_errno(err, place->error, "\"%s\" (%s)", place->path, place->role);
        return state ? WATCH_FAIL : WATCH_WARN;
    }
    base_text_bytes(place->bytes, space);
    if (place->bytes < SPACE_LOW) {
        base_err_set(err, ERR_HOST_DISK_FULL, "%s free for the %s in \"%s\"", space, place->role,
                     place->path);
        return state && place->bytes < SPACE_FULL ? WATCH_FAIL : WATCH_WARN;
    }
    if (place->inodes >= 0 && place->inodes < INODES_LOW) {
        base_err_set(err, ERR_HOST_INODES_FULL, "%lld inodes free for the %s in \"%s\"",
                     (long long)place->inodes, place->role, place->path);
        return state && place->inodes < INODES_FULL ? WATCH_FAIL : WATCH_WARN;
    }
    return WATCH_OK;
}

static void worse(struct watch_check *check, enum watch_state state, const struct err *err)
{
    bool first = check->host_state == WATCH_OK && state != WATCH_OK;
    if (first || (check->host_state == WATCH_WARN && state == WATCH_FAIL)) {
        check->host_state = state;
        check->reach_err = *err;
    }
}

static void limits_judge(struct watch_check *check, const struct host *host)
{
    struct err err = ERR_INIT;
    if (host->files >= 0 && host->files < FILES_LOW) {
        base_err_set(&err, ERR_HOST_FDS, "only %lld files may be open", (long long)host->files);
        worse(check, WATCH_WARN, &err);
    }
    err = ERR_INIT;
    if (host->memory && host->memory < check->self->memory_limit + MEMORY_SPARE) {
        base_err_set(&err, ERR_HOST_MEMORY,
                     "the control group allows %lld MiB, memory_limit alone wants %lld MiB",
                     (long long)(host->memory >> 20), (long long)(check->self->memory_limit >> 20));
        worse(check, WATCH_WARN, &err);
    }
}

/* clock: how far ours is ahead of the workspace's, in ms; NULL: not known. */
static void host_end(struct watch_check *check, const int64_t *clock)
{
    char clock_text[40] = "", space[24];
    if (clock) {
        struct err err = ERR_INIT;
        int64_t off = *clock < 0 ? -*clock : *clock;
        bool coarse = off < 2000; /* Date has whole seconds */
        base_json_add_double(watch_evidence(check), "clock_offset_seconds",
                             (double)*clock / 1000.0);
        snprintf(clock_text, sizeof clock_text, coarse ? ", clock good" : ", clock %+lld s",
                 (long long)(*clock / 1000));
        if (off >= (int64_t)CLOCK_WARN_S * 1000) {
            base_err_set(&err, ERR_HOST_CLOCK, "the host clock is %lld s %s that of the workspace",
                         (long long)(off / 1000), *clock > 0 ? "ahead of" : "behind");
            worse(check, off >= (int64_t)CLOCK_FAIL_S * 1000 ? WATCH_FAIL : WATCH_WARN, &err);
        }
    }
    if (check->host_state != WATCH_OK) {
        struct err err = check->reach_err;
        watch_end(check, check->host_state, &err, "%s", err.message);
        return;
    }
    base_text_bytes(check->bytes_free, space);
    watch_end(check, WATCH_OK, NULL, "%s free%s, %lld files", space, clock_text,
              (long long)check->files);
}

static void on_date(void *user, struct net_response *response, const struct err *err)
{
    struct watch_check *check = user;
    int64_t offset_ms = (base_seam_now_us(check->seam) - response->date_us) / 1000;
    (void)err;
    check->call = NULL;
    host_end(check, response->date_us ? &offset_ms : NULL);
}

/* The answer, or its turn to be asked, does not come: then the clock is not compared. */
static void date_late(void *user)
{
    struct watch_check *check = user;
    check->again = 0;
    net_http_cancel(&check->call);
    host_end(check, NULL);
}

static bool date_ask(struct watch_check *check)
{
    struct config_host host = {0};
    struct err err = ERR_INIT;
    if (check->host == NULL || config_host_parse(check->host, &host, &err) != 0)
        return false;
    config_host_free(&host);
    if (watch_workspace_try(check, &err) == NULL)
        return false;
    char *url = base_printf("%s" CONFIG_PATH, check->origin);
    struct net_request request = {.url = url, .max_body = 1 << 20};
    check->call = net_http_submit(databricks_http(check->db), &request, on_date, check);
    check->again = net_loop_after(check->loop, CLOCK_MS, date_late, check);
    free(url);
    return true;
}

static void on_host(void *user, void *data)
{
    struct watch_check *check = user;
    const struct host *host = data;
    check->job = NULL;
    check->host_state = WATCH_OK;
    cJSON *evidence = watch_evidence(check);
    places_add(evidence, host);
    base_json_add_i64(evidence, "open_files_limit", host->files);
    if (host->memory)
        base_json_add_i64(evidence, "memory_limit", host->memory);
    for (size_t i = 0; i < base_countof(host->places); i++) {
        struct err err = ERR_INIT;
        enum watch_state state = place_state(&host->places[i], &err);
        if (state != WATCH_OK)
            worse(check, state, &err);
    }
    limits_judge(check, host);
    check->bytes_free = host->places[0].bytes;
    check->files = host->files;
    if (!date_ask(check))
        host_end(check, NULL);
}

static void look_host(struct watch_check *check)
{
    struct host *host = base_alloc_zero(1, sizeof *host);
    struct err err = ERR_INIT;
    char *folder = check->destination && check->destination[0]
                       ? storage_folder(check->destination, &err)
                       : NULL;
    host->places[0] =
        (struct place){.role = "state", .path = base_strdup(check->self->state_folder)};
    host->places[1] = (struct place){.role = "staging"};
    host->places[2] = (struct place){.role = "destination"};
    if (folder) {
        host->places[1].path = base_file_join(folder, ".aampe-staging");
        host->places[2].path = folder;
    }
    check->job = watch_job_start(check->loop, host_work, on_host, host_free, host, check);
}

/* --- state */

static void state_end(struct watch_check *check, const struct store_health *health)
{
    struct err err = ERR_INIT;
    char age[24], backup[48] = "no backup yet";
    int64_t since = base_seam_now_us(check->seam) - health->backup_us;
    cJSON *evidence = watch_evidence(check);
    base_json_add_i64(evidence, "version", health->version);
    base_json_add_i64(evidence, "bytes", health->bytes);
    base_json_add_time(evidence, "backup", health->backup_us);
    if (health->backup_us) {
        span_text(since, age);
        snprintf(backup, sizeof backup, "backup %s ago", age);
    }
    if (health->ballast_spent) {
        base_err_set(&err, ERR_HOST_DISK_FULL, "the reserve of the state volume has been used up");
        watch_end(check, WATCH_WARN, &err, "quick_check ok, %s, its reserve is used up", backup);
    } else if (health->backup_us && since > BACKUP_OLD_US) {
        base_err_set(&err, ERR_HOST_IO_ERROR, "the newest backup of the state is %s old", age);
        base_err_hint(&err, "The engine makes one a day: its log says why it could not.");
        watch_end(check, WATCH_WARN, &err, "quick_check ok, %s", backup);
    } else {
        watch_end(check, WATCH_OK, NULL, "quick_check ok, %s", backup);
    }
}

static void look_state(struct watch_check *check)
{
    const struct watch_self *self = check->self;
    struct store_health health;
    struct err err = ERR_INIT;
    base_json_add_str(watch_evidence(check), "folder", self->state_folder);
    if (self->state) {
        if (store_health(self->state, &health, &err) == 0)
            state_end(check, &health);
        else
            watch_fail(check, &err);
        return;
    }
    if (self->engine && self->engine->holder)
        base_json_add_str(watch_evidence(check), "holder", self->engine->holder);
    if (self->health)
        state_end(check, self->health);
    else if (self->state_err && self->state_err->sys_errno == ENOENT)
        watch_end(check, WATCH_NONE, NULL, "there is none yet: no engine has run");
    else if (self->state_err && self->state_err->code != ERR_OK)
        watch_fail(check, self->state_err);
    else
        watch_end(check, WATCH_OK, NULL, "in use by %s",
                  self->engine && self->engine->holder ? self->engine->holder : "the engine");
}

/* --- vault */

struct vault {
    struct store_vault_settings settings;
    struct base_seam *seam;
    int stored; /* as store_vault_stored_kind says */
    enum store_vault_kind kind;
    size_t entries;
    struct err err;
    char *folder, *credentials, *key_file;
    char **helper;
};

static void vault_free(void *data)
{
    struct vault *vault = data;
    free(vault->folder);
    free(vault->credentials);
    free(vault->key_file);
    for (size_t i = 0; vault->helper && vault->helper[i]; i++)
        free(vault->helper[i]);
    free(vault->helper);
    free(vault);
}

/* Opened anew: what holds now, not what held when the engine started. */
static void vault_work(void *data)
{
    struct vault *vault = data;
    struct store_vault_entry entry;
    vault->stored = store_vault_stored_kind(vault->settings.folder, &vault->kind, &vault->err);
    if (vault->stored != 0)
        return;
    struct store_vault *open = store_vault_open(&vault->settings, vault->seam, &vault->err);
    while (open && store_vault_at(open, vault->entries, &entry))
        vault->entries++;
    store_vault_free(&open);
}

static void on_vault(void *user, void *data)
{
    static const char *const words[] = {[VAULT_CREDENTIAL] = "systemd credential",
                                        [VAULT_KEY_FILE] = "key file",
                                        [VAULT_HELPER] = "helper command",
                                        [VAULT_PLAIN] = "NOT sealed, by an explicit yes"};
    struct watch_check *check = user;
    const struct vault *vault = data;
    check->job = NULL;
    if (vault->stored == 1 && vault->err.code == ERR_OK) {
        watch_end(check, WATCH_NONE, NULL, "no secret has been entered yet");
        return;
    }
    if (vault->stored == 0) {
        base_json_add_str(watch_evidence(check), "kind", store_vault_kind_name(vault->kind));
        base_json_add_i64(watch_evidence(check), "secrets", (int64_t)vault->entries);
    }
    if (vault->err.code != ERR_OK)
        watch_fail(check, &vault->err);
    else
        watch_end(check, WATCH_OK, NULL, "%s, opens without a person", words[vault->kind]);
}

static void look_vault(struct watch_check *check)
{
    const struct store_vault_settings *from = &check->self->vault;
    struct vault *vault = base_alloc_zero(1, sizeof *vault);
    size_t count = 0;
    vault->seam = check->seam;
    vault->settings.kind = from->kind;
    vault->settings.folder = vault->folder = base_strdup(from->folder);
    vault->settings.credentials_directory = vault->credentials =
        base_strdup(from->credentials_directory);
    vault->settings.key_file = vault->key_file = base_strdup(from->key_file);
    while (from->helper && from->helper[count])
        count++;
    if (count) {
        vault->helper = base_alloc_zero(count + 1, sizeof *vault->helper);
        for (size_t i = 0; i < count; i++)
            vault->helper[i] = base_strdup(from->helper[i]);
        vault->settings.helper = (const char *const *)vault->helper;
    }
    check->job = watch_job_start(check->loop, vault_work, on_vault, vault_free, vault, check);
}

const struct watch_step watch_chain_here[] = {{"engine", look_engine},
                                              {"host", look_host},
                                              {"state", look_state},
                                              {"vault", look_vault},
                                              {NULL, NULL}};
