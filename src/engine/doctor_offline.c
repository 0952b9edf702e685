/* aampe-syncd --doctor: the same examination without being the engine. Nothing is opened for
 * writing, nothing is made, no lock is kept: an engine that runs or starts meanwhile sees nothing
 * of it. */
#include "engine/doctor.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "ipc/client.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ANSWER_MS 3000
#define TAIL_BYTES 65536

struct offline {
    struct engine engine;
    struct watch_engine seen;
    struct err state_err;
    bool in_use, over;
};

/* --- the engine from outside */

static void version_ask(struct offline *offline, struct ipc_client *client)
{
    struct watch_engine *seen = &offline->seen;
    struct err err = ERR_INIT;
    cJSON *status = NULL;
    if (ipc_client_call(client, "engine.status", NULL, ANSWER_MS, &status, &err) != 0) {
        base_err_set(&seen->err, ERR_ENGINE_UNREACHABLE, "the engine does not answer: %s",
                     err.message);
        return;
    }
    seen->version = base_strdup(base_json_str_or(status, "version", "?"));
    seen->pid = base_json_i64_or(status, "pid", 0);
    cJSON_Delete(status);
}

/* The value behind "name=" or "name": in a line of the log, cleaned. NULL: it has none. */
static char *line_code(const char *line)
{
    const char *at = strstr(line, "code=");
    size_t len;
    if (at == NULL)
        return NULL;
    at += strlen("code=");
    len = strspn(at, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
    return len ? base_strndup(at, len) : NULL;
}

/* The last line of the log that has a code, else the last line. */
static void log_read(struct offline *offline)
{
    struct watch_engine *seen = &offline->seen;
    int fd = open(offline->engine.paths.log, O_RDONLY | O_CLOEXEC);
    struct stat there;
    char *text = base_alloc_zero(1, TAIL_BYTES + 1), *save = NULL;
    off_t from = 0;
    if (fd >= 0 && fstat(fd, &there) == 0 && there.st_size > TAIL_BYTES)
        from = there.st_size - TAIL_BYTES;
    ssize_t len = fd >= 0 ? pread(fd, text, TAIL_BYTES, from) : -1;
    if (len > 0)
        text[len] = '\0';
    for (char *line = len > 0 ? strtok_r(text, "\n", &save) : NULL; line;
         line = strtok_r(NULL, "\n", &save)) {
        char *code = line_code(line);
        if (code || seen->last_code == NULL) {
            free(seen->last_line);
            seen->last_line = base_text_clean_dup(line, 300);
        }
        if (code) {
            free(seen->last_code);
            seen->last_code = code;
        }
    }
    free(text);
    if (fd >= 0)
        close(fd);
}

static void text_fill(struct watch_engine *seen)
{
    if (seen->err.code == ERR_OK)
        seen->text = base_printf("%s answers, pid %lld", seen->version ? seen->version : "it",
                                 (long long)seen->pid);
    else if (seen->holder)
        seen->text = base_printf("does not answer, the state is held by %s", seen->holder);
    else
        seen->text = base_printf("not running%s%s", seen->last_code ? ", last in its log: " : "",
                                 seen->last_code ? seen->last_code : "");
}

static bool unit_owns(const char *profile)
{
    char *path = base_printf("/etc/aampe/%s/profile.json", profile);
    bool owns = base_file_exists(path);
    free(path);
    return owns;
}

static void engine_see(struct offline *offline)
{
    struct watch_engine *seen = &offline->seen;
    const struct engine_paths *paths = &offline->engine.paths;
    struct err err = ERR_INIT;
    struct ipc_client *client =
        ipc_client_connect(paths->socket, "aampe-syncd", offline->engine.version, ANSWER_MS, &err);
    seen->holder = store_holder(paths->state);
    log_read(offline);
    if (client)
        version_ask(offline, client);
    else
        base_err_set(&seen->err, ERR_ENGINE_UNREACHABLE, "%s", err.message);
    if (!client && err.code == ERR_SEC_HOST_REFUSED)
        seen->err = err;
    ipc_client_free(&client);
    if (seen->err.code == ERR_ENGINE_UNREACHABLE && seen->holder)
        base_err_hint(&seen->err,
                      "It hangs or is just starting: look at its log, else restart it.");
    else if (seen->err.code == ERR_ENGINE_UNREACHABLE && unit_owns(offline->engine.name))
        base_err_hint(&seen->err,
                      "As root: systemctl reset-failed aampe-syncd@%s; systemctl start "
                      "aampe-syncd@%s. Its log says why it ended.",
                      offline->engine.name, offline->engine.name);
    else if (seen->err.code == ERR_ENGINE_UNREACHABLE)
        base_err_hint(&seen->err,
                      "Start it: aampe-console --profile %s engine start. Its log says "
                      "why it ended.",
                      offline->engine.name);
    text_fill(seen);
}

/* --- the state from outside */

/* What would keep an engine from using the folder; it is not even a question of the database. */
static void folder_judge(struct offline *offline)
{
    const char *folder = offline->engine.paths.state;
    struct stat there;
    if (stat(folder, &there) != 0) {
        base_err_errno(&offline->state_err, errno, "'%s'", folder);
    } else if (there.st_uid != geteuid() && geteuid() != 0) {
        base_err_set(&offline->state_err, ERR_HOST_PERMISSION,
                     "'%s' belongs to uid %u, this is uid %u", folder, (unsigned)there.st_uid,
                     (unsigned)geteuid());
        base_err_hint(&offline->state_err, "Ask as the owner: sudo -u '#%u' aampe-syncd --doctor",
                      (unsigned)there.st_uid);
    }
}

static void state_see(struct offline *offline)
{
    struct engine *engine = &offline->engine;
    offline->in_use = offline->seen.holder != NULL;
    folder_judge(offline);
    if (offline->state_err.code == ERR_OK)
        engine->state = store_open_copy(engine->paths.state, engine->seam, &offline->state_err);
    if (!offline->in_use && offline->state_err.code == ERR_HOST_STATE_CORRUPT) {
        /* An engine that began to write while it was copied looks the same. */
        char *holder = store_holder(engine->paths.state);
        offline->in_use = holder != NULL;
        free(holder);
    }
    if (offline->in_use)
        offline->state_err = ERR_INIT; /* the engine's to say */
    if (offline->state_err.code == ERR_HOST_STATE_CORRUPT)
        base_err_hint(&offline->state_err,
                      "Keep a copy of '%.120s', then put a backup from its "
                      "folder backups/ in the place of state.db.",
                      engine->paths.state);
}

/* Never makes a key or a vault: that is the engine's. */
static void vault_see(struct engine *engine)
{
    enum store_vault_kind kind;
    int stored = store_vault_stored_kind(engine->paths.state, &kind, &engine->vault_err);
    if (stored == 0 && engine_vault_open(engine, &engine->vault_err) != 0)
        store_vault_free(&engine->vault);
}

/* --- the examination */

static void on_done(void *user)
{
    ((struct offline *)user)->over = true;
}

static int examine(struct offline *offline, const char *only)
{
    struct engine *engine = &offline->engine;
    struct doctor_listener listener = {NULL, on_done, offline};
    struct err err = ERR_INIT;
    const struct err *state_err = offline->state_err.code == ERR_OK ? NULL : &offline->state_err;
    struct doctor_run *run = doctor_run_new(engine, &offline->seen, state_err, offline->in_use,
                                            only, 0, &listener, &err);
    if (run == NULL) {
        fprintf(stderr, "aampe-syncd: %s\n  %s\n", err.message, base_err_hint_text(&err));
        return 2;
    }
    while (!offline->over)
        net_loop_turn(engine->loop, 1000);
    char *text = base_json_print(doctor_record_json(doctor_run_record(run)));
    int code = doctor_record_exit(doctor_run_record(run));
    puts(text);
    fflush(stdout);
    free(text);
    doctor_run_free(&run);
    return code;
}

int engine_doctor_offline(const char *profile, const char *version, const char *only)
{
    struct offline offline = {.engine = {.name = base_strdup(profile), .version = version}};
    struct engine *engine = &offline.engine;
    umask(077);
    engine->seam = base_seam_new();
    engine_outline(engine);
    engine->loop = net_loop_new(engine->seam);
    engine_see(&offline);
    state_see(&offline);
    vault_see(engine);
    int code = examine(&offline, only);
    engine_close(engine);
    free(offline.seen.text);
    free(offline.seen.version);
    free(offline.seen.holder);
    free(offline.seen.last_line);
    free(offline.seen.last_code);
    return code;
}
