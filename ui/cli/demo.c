/* demo: a whole sandbox workspace and an engine on throwaway state, every table of the world that
 * can be synced shared, synced and read back. It works through the engine's verbs, as a person
 * would. */
#include "ui/cli/cli.h"
#include "ui/view/tree.h"
#include "ui/view/words.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/json.h"
#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROFILE "demo"
#define SANDBOX_MS 120000
#define REFRESH_MS 120000
#define PATH_LONGEST 60 /* of the folder: a socket's path has 107 bytes */

struct demo {
    struct cli *cli;
    char *folder, *sandbox, *sandbox_state;
    bool keep;
    pid_t sandbox_pid, engine_pid;
    cJSON *ready; /* the sandbox's first line */
    struct view_link *link;
    cJSON *tables, *skipped; /* names; {"name","reason"} */
};

static int folder_make(struct demo *demo, struct err *err)
{
    const char *keep = cli_value(&demo->cli->args, "keep"), *tmp = getenv("TMPDIR");
    if (keep) {
        demo->keep = true;
        if (base_file_exists(keep))
            return base_err_set(err, ERR_USAGE,
                                "\"%s\" is there already; --keep makes a new folder", keep);
        if (base_file_mkdir_all(keep, 0700, err) != 0)
            return -1;
        demo->folder = realpath(keep, NULL);
    } else {
        demo->folder = base_printf("%s/aampe-demo-XXXXXX", tmp && tmp[0] == '/' ? tmp : "/tmp");
        if (mkdtemp(demo->folder) == NULL)
            return base_err_errno(err, errno, "making a folder for the demo");
    }
    if (demo->folder == NULL)
        return base_err_errno(err, errno, "finding \"%s\"", keep);
    if (strlen(demo->folder) > PATH_LONGEST)
        return base_err_set(err, ERR_USAGE,
                            "\"%s\" is too long for a socket below it; set TMPDIR or --keep",
                            demo->folder);
    return 0;
}

/* Everything the demo starts lives below its folder. */
static int places_set(struct demo *demo, struct err *err)
{
    static const char *const names[][2] = {{"XDG_CONFIG_HOME", "config"},
                                           {"XDG_STATE_HOME", "state"}};
    demo->sandbox_state = base_file_join(demo->folder, "sandbox");
    for (size_t i = 0; i < base_countof(names); i++) {
        char *path = base_file_join(demo->folder, names[i][1]);
        int rc = base_file_mkdir_all(path, 0700, err);
        if (rc == 0)
            setenv(names[i][0], path, 1);
        free(path);
        if (rc != 0)
            return -1;
    }
    return 0;
}

static int line_wait(struct demo *demo, int fd, struct buf *line, struct err *err)
{
    int64_t end = base_seam_mono_us(demo->cli->seam) + (int64_t)SANDBOX_MS * 1000;
    while (base_seam_mono_us(demo->cli->seam) < end && !*demo->cli->interrupted) {
        char piece[1024];
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        if (poll(&wait, 1, 500) <= 0)
            continue;
        ssize_t got = read(fd, piece, sizeof piece);
        if (got <= 0 || base_buf_append(line, piece, (size_t)got) != 0)
            return base_err_set(err, ERR_INTERNAL, "the sandbox ended before it was ready");
        if (memchr(line->data, '\n', line->len))
            return 0;
    }
    return base_err_set(err, *demo->cli->interrupted ? ERR_CANCELLED_BY_USER : ERR_INTERNAL,
                        "the sandbox did not get ready");
}

static int sandbox_start(struct demo *demo, struct err *err)
{
    int ends[2], rc;
    struct buf line;
    const char *world = cli_value(&demo->cli->args, "world"),
               *rows = cli_value(&demo->cli->args, "rows");
    const char *argv[12] = {demo->sandbox,       "--listen", "127.0.0.1:0",         "--state",
                            demo->sandbox_state, "--world",  world ? world : "shop"};
    if (rows) {
        argv[7] = "--rows";
        argv[8] = rows;
    }
    if (pipe(ends) != 0)
        return base_err_errno(err, errno, "making a pipe");
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    base_buf_init(&line, 1 << 16);
    char *log = base_file_join(demo->folder, "sandbox.log");
    rc = base_process_start(argv, ends[1], log, true, &demo->sandbox_pid, err);
    close(ends[1]);
    if (rc == 0)
        rc = line_wait(demo, ends[0], &line, err);
    if (rc == 0)
        rc = (demo->ready = base_json_parse(line.data, line.len, line.len, err)) ? 0 : -1;
    close(ends[0]);
    base_buf_free(&line);
    free(log);
    return rc;
}

static int engine_start(struct demo *demo, struct err *err)
{
    struct view_link_options options = {
        .profile = PROFILE, .version = demo->cli->version, .seam = demo->cli->seam};
    int pid = 0;
    if (view_engine_start(PROFILE, true, &pid, err) != 0)
        return -1;
    demo->engine_pid = pid;
    demo->link = view_link_open(&options, err);
    return demo->link ? 0 : -1;
}

/* A verb whose answer does not matter. */
static int ask(struct demo *demo, const char *verb, cJSON *take_params, struct err *err)
{
    cJSON *data = NULL;
    int rc = view_call(demo->link, verb, take_params, &data, err);
    cJSON_Delete(data);
    return rc;
}

static int setting(struct demo *demo, const char *name, const char *value, struct err *err)
{
    cJSON *params = base_json_object();
    base_json_add_str(params, "name", name);
    base_json_add_str(params, "value", value);
    return ask(demo, "config.set", params, err);
}

static int secret_set(struct demo *demo, const char *name, const char *key, struct err *err)
{
    cJSON *secret = base_json_object();
    base_json_add_str(secret, "name", name);
    base_json_add_str(secret, "secret", base_json_str_or(demo->ready, key, ""));
    return ask(demo, "secrets.set", secret, err);
}

static int profile_write(struct demo *demo, struct err *err)
{
    char *url = base_printf("file://%s/files", demo->folder);
    int rc = setting(demo, "workspace.host", base_json_str_or(demo->ready, "address", ""), err);
    if (rc == 0)
        rc = setting(demo, "principal.client_id", base_json_str_or(demo->ready, "client_id", ""),
                     err);
    if (rc == 0)
        rc = setting(demo, "warehouse.id", base_json_str_or(demo->ready, "warehouse_id", ""), err);
    if (rc == 0) /* the workspace is this machine: nobody else asks it */
        rc = setting(demo, "workspace.requests_per_second", "200", err);
    if (rc == 0)
        rc = setting(demo, "destination.url", url, err);
    if (rc == 0)
        rc = secret_set(demo, "principal", "client_secret", err);
    if (rc == 0) /* for 6 Access and 7 Audit */
        rc = setting(demo, "observer.client_id",
                     base_json_str_or(demo->ready, "observer_client_id", ""), err);
    if (rc == 0)
        rc = secret_set(demo, "observer", "observer_client_secret", err);
    free(url);
    return rc;
}

/* What the workspace's admin would do: the sandbox's own command, by its control socket. */
static int grant(struct demo *demo, const char *privilege, const char *object, struct err *err)
{
    const char *argv[] = {
        demo->sandbox,       "grant", base_json_str_or(demo->ready, "client_id", ""),
        privilege,           object,  "--state",
        demo->sandbox_state, NULL};
    struct buf output;
    int code = 0;
    base_buf_init(&output, 1 << 16);
    int rc = base_process_run(argv, 30000, &output, &code, err);
    base_buf_free(&output);
    if (rc == 0 && code != 0)
        rc = base_err_set(err, ERR_INTERNAL, "the sandbox did not grant %s on \"%s\"", privilege,
                          object);
    return rc;
}

static cJSON *children(struct demo *demo, const char *parent, int64_t offset, struct err *err)
{
    cJSON *params = base_json_object(), *page = NULL;
    base_json_add_str(params, "parent", parent);
    base_json_add_i64(params, "offset", offset);
    return view_call(demo->link, "tree.rows", params, &page, err) == 0 ? page : NULL;
}

static int refresh(struct demo *demo, struct err *err)
{
    cJSON *answer = NULL;
    int rc = view_call(demo->link, "catalog.refresh", NULL, &answer, err);
    int64_t job = base_json_i64_or(answer, "job", 0);
    int64_t end = base_seam_mono_us(demo->cli->seam) + (int64_t)REFRESH_MS * 1000;
    bool over = false;
    cJSON_Delete(answer);
    while (rc >= 0 && !over) {
        cJSON *event = NULL;
        rc = view_event(demo->link, 500, &event, err);
        const cJSON *payload = base_json_get(event, "payload");
        over =
            base_json_i64_or(payload, "job", 0) == job && base_json_bool_or(payload, "done", false);
        if (over && base_json_get(payload, "error")) {
            base_err_from_json(err, base_json_get(payload, "error"));
            rc = -1;
        }
        cJSON_Delete(event);
        if (*demo->cli->interrupted || base_seam_mono_us(demo->cli->seam) > end)
            return base_err_set(err, ERR_CANCELLED_BY_USER,
                                "interrupted while reading the workspace");
    }
    return rc < 0 ? -1 : 0;
}

/* Everything in the catalogs the principal can see is made readable; then the whole tree is read
 * again. */
static int grants_make(struct demo *demo, struct err *err)
{
    static const char *const privileges[] = {"USE_CATALOG", "USE_SCHEMA", "SELECT", "BROWSE"};
    const cJSON *row;
    if (refresh(demo, err) != 0)
        return -1;
    cJSON *page = children(demo, "", 0, err);
    int rc = page ? 0 : -1;
    cJSON_ArrayForEach(row, base_json_array(page, "rows"))
    {
        for (size_t i = 0; rc == 0 && i < base_countof(privileges); i++)
            rc = grant(demo, privileges[i], base_json_str_or(row, "name", ""), err);
    }
    cJSON_Delete(page);
    return rc == 0 ? refresh(demo, err) : -1;
}

static void skip(struct demo *demo, const char *name, const char *reason)
{
    cJSON *item = base_json_object();
    base_json_add_str(item, "name", name);
    base_json_add_str(item, "reason", reason);
    base_json_push_take(demo->skipped, item);
}

/* Can it be read, are its columns flat, has it a row? What stands against it is said. */
static int table_look(struct demo *demo, const char *name, struct err *err)
{
    cJSON *params = base_json_object(), *data = NULL;
    base_json_push_take(base_json_add_array(params, "tables"), cJSON_CreateString(name));
    if (view_call(demo->link, "share.add", params, &data, err) != 0) {
        /* A name that cannot be written as SQL is the table's fault, not the demo's. */
        if (err->code != ERR_USAGE && err->code != ERR_CONFIG_INVALID)
            return -1;
        skip(demo, name, err->message);
        base_err_clear(err);
        return 0;
    }
    const cJSON *item = cJSON_GetArrayItem(base_json_array(data, "plan"), 0);
    const char *key = base_json_get(item, "error") ? "error" : "refused";
    char *reason = view_error_text(item, key);
    cJSON_Delete(data);
    data = NULL;
    if (reason[0] == '\0') {
        params = base_json_object();
        base_json_add_str(params, "table", name);
        base_json_add_i64(params, "limit", 1);
        if (view_call(demo->link, "preview", params, &data, err) != 0) {
            free(reason);
            return -1;
        }
        if (cJSON_GetArraySize(base_json_array(data, "rows")) == 0) {
            free(reason);
            reason = base_strdup("it has no rows");
        }
        cJSON_Delete(data);
    }
    if (reason[0])
        skip(demo, name, reason);
    else
        base_json_push_take(demo->tables, cJSON_CreateString(name));
    free(reason);
    return 0;
}

static int tables_find(struct demo *demo, const char *parent, struct err *err)
{
    int rc = 0;
    for (int64_t offset = 0, total = 1; rc == 0 && offset < total;) {
        const cJSON *row;
        cJSON *page = children(demo, parent, offset, err);
        rc = page ? 0 : -1;
        int count = cJSON_GetArraySize(base_json_array(page, "rows"));
        offset += count;
        total = count ? base_json_i64_or(page, "total", 0) : 0;
        cJSON_ArrayForEach(row, base_json_array(page, "rows"))
        {
            bool table = strcmp(base_json_str_or(row, "kind", ""), "table") == 0;
            if (rc == 0 && *demo->cli->interrupted)
                rc = base_err_set(err, ERR_CANCELLED_BY_USER, "interrupted");
            if (rc == 0 && view_tree_refusal(row) == NULL)
                rc = table ? table_look(demo, base_json_str_or(row, "full_name", ""), err)
                           : tables_find(demo, base_json_str_or(row, "key", ""), err);
        }
        cJSON_Delete(page);
    }
    return rc;
}

static int share_all(struct demo *demo, struct err *err)
{
    const cJSON *name = demo->tables->child;
    while (name) {
        cJSON *params = base_json_object();
        cJSON *names = base_json_add_array(params, "tables");
        base_json_add_bool(params, "apply", true);
        for (int i = 0; i < 100 && name; i++, name = name->next)
            base_json_push_take(names, cJSON_CreateString(name->valuestring));
        if (ask(demo, "share.add", params, err) != 0)
            return -1;
    }
    return 0;
}

static cJSON *sync_all(struct demo *demo, struct err *err)
{
    cJSON *params = base_json_object(), *data = NULL;
    base_json_add_str(params, "trigger", "demo");
    if (view_call(demo->link, "sync.run", params, &data, err) != 0)
        return NULL;
    int64_t batch = base_json_i64_or(data, "batch", 0);
    cJSON_Delete(data);
    cJSON *report = cli_batch_report(demo->cli, demo->link, batch, err);
    if (report == NULL && err->code == ERR_OK)
        base_err_set(err, ERR_CANCELLED_BY_USER, "interrupted");
    return report;
}

/* The report, or NULL with err. */
static cJSON *demo_walk(struct demo *demo, struct err *err)
{
    static const char *const events[] = {"run.state", "run.progress", "catalog.changed",
                                         "warehouse.start", NULL};
    struct view_out *out = demo->cli->out;
    int rc = folder_make(demo, err);
    if (rc == 0)
        rc = places_set(demo, err);
    if (rc == 0) {
        view_diag(out, "starting a sandbox workspace and an engine in %s", demo->folder);
        rc = sandbox_start(demo, err);
    }
    if (rc == 0)
        rc = engine_start(demo, err);
    if (rc == 0)
        rc = profile_write(demo, err);
    if (rc == 0)
        rc = view_subscribe(demo->link, events, err);
    if (rc == 0)
        rc = grants_make(demo, err);
    if (rc == 0)
        rc = tables_find(demo, "", err);
    if (rc == 0 && cJSON_GetArraySize(demo->tables) == 0)
        rc = base_err_set(err, ERR_INTERNAL, "the world has no table that can be synced");
    if (rc == 0)
        rc = share_all(demo, err);
    if (rc != 0)
        return NULL;
    view_diag(out, "%d tables shared, %d skipped; syncing", cJSON_GetArraySize(demo->tables),
              cJSON_GetArraySize(demo->skipped));
    return sync_all(demo, err);
}

/* Waits for a program of ours to end, first asked, then made to. */
static void program_end(pid_t pid)
{
    if (pid <= 0)
        return;
    kill(pid, SIGTERM);
    for (int i = 0; i < 100; i++) {
        if (waitpid(pid, NULL, WNOHANG) != 0)
            return;
        poll(NULL, 0, 100);
    }
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

/* Whatever engine serves the demo by now: the console starts another where ours has ended. */
static void engine_end(struct demo *demo)
{
    struct view_link_options options = {
        .profile = PROFILE, .version = demo->cli->version, .seam = demo->cli->seam};
    struct err err = ERR_INIT;
    cJSON *data = NULL;
    view_link_free(&demo->link);
    struct view_link *link = demo->engine_pid > 0 ? view_link_open(&options, &err) : NULL;
    if (link && view_call(link, "engine.stop", NULL, &data, &err) == 0)
        cli_engine_end_wait((pid_t)base_json_i64_or(data, "pid", 0));
    view_link_free(&link);
    cJSON_Delete(data);
    program_end(demo->engine_pid);
}

static void demo_close(struct demo *demo)
{
    struct err err = ERR_INIT;
    engine_end(demo);
    program_end(demo->sandbox_pid);
    if (demo->folder && !demo->keep && base_file_remove_tree(demo->folder, &err) != 0)
        view_diag(demo->cli->out, "the folder %s is left behind: %s", demo->folder, err.message);
    cJSON_Delete(demo->ready);
    cJSON_Delete(demo->tables);
    cJSON_Delete(demo->skipped);
    free(demo->folder);
    free(demo->sandbox);
    free(demo->sandbox_state);
}

static int report_say(struct demo *demo, cJSON *take_report)
{
    struct view_out *out = demo->cli->out;
    struct err err = ERR_INIT;
    bool verified = base_json_bool_or(take_report, "verified", false);
    const char *world = cli_value(&demo->cli->args, "world");
    base_json_add_take(take_report, "skipped", demo->skipped);
    demo->skipped = NULL;
    base_json_add_str(take_report, "world", world ? world : "shop");
    if (demo->keep)
        base_json_add_str(take_report, "kept", demo->folder);
    if (!out->json)
        view_report(out, take_report);
    if (demo->keep)
        view_line(out, "kept in %s", demo->folder);
    if (verified) {
        view_json_ok(out, take_report);
        return VIEW_EXIT_DONE;
    }
    cli_report_error(take_report, &err);
    view_error(out, &err, take_report);
    return VIEW_EXIT_FAILED;
}

/* The three tables without a fault in them, and their first sync, so that there is something to
 * watch. Other worlds have tables of other kinds: those are for Browse. */
static int clean_tables_sync(struct demo *demo, int64_t *batch, struct err *err)
{
    static const char *const tables[] = {"shop.aampe.events", "shop.aampe.products",
                                         "shop.aampe.users"};
    cJSON *data = NULL, *params = base_json_object();
    for (size_t i = 0; i < base_countof(tables); i++)
        base_json_push_take(demo->tables, cJSON_CreateString(tables[i]));
    if (share_all(demo, err) != 0) {
        cJSON_Delete(params);
        return -1;
    }
    base_json_add_str(params, "trigger", "demo");
    if (view_call(demo->link, "sync.run", params, &data, err) != 0)
        return -1;
    *batch = base_json_i64_or(data, "batch", 0);
    cJSON_Delete(data);
    return 0;
}

/* What to enter on Setup, on the screen and, for those who want to copy it, before it. */
static cJSON *empty_note(struct demo *demo)
{
    char *note = base_printf("The sandbox of this demo wants this entered:\n"
                             "workspace  %s\napplication id  %s\nsecret  %s\nfolder  %s/files",
                             base_json_str_or(demo->ready, "address", ""),
                             base_json_str_or(demo->ready, "client_id", ""),
                             base_json_str_or(demo->ready, "client_secret", ""), demo->folder);
    cJSON *args = base_json_object();
    base_json_add_str(args, "note", note);
    for (char *at = note, *save = NULL; (at = strtok_r(at, "\n", &save)); at = NULL)
        view_line(demo->cli->out, "%s", at);
    free(note);
    return args;
}

static int demo_screen(struct demo *demo, struct err *err)
{
    const char *world = cli_value(&demo->cli->args, "world");
    bool empty = cli_flag(&demo->cli->args, "empty");
    cJSON *args = NULL;
    int64_t batch = 0;
    int screen = empty ? 9 : 2;
    if (folder_make(demo, err) != 0 || places_set(demo, err) != 0)
        return -1;
    view_diag(demo->cli->out, "starting a sandbox workspace and an engine in %s", demo->folder);
    if (sandbox_start(demo, err) != 0 || engine_start(demo, err) != 0)
        return -1;
    if (!empty && profile_write(demo, err) != 0)
        return -1;
    if (!empty && (world == NULL || strcmp(world, "shop") == 0)) {
        if (clean_tables_sync(demo, &batch, err) != 0)
            return -1;
        args = base_json_object();
        base_json_add_i64(args, "batch", batch);
        screen = 5;
    } else if (empty) {
        args = empty_note(demo);
    }
    view_link_free(&demo->link);
    demo->cli->profile = PROFILE;
    demo->cli->socket = NULL;
    fflush(demo->cli->out->text);
    int code = demo->cli->open(demo->cli, screen, args, err);
    if (code >= 0)
        view_line(demo->cli->out, "the demo is over: its sandbox and its engine end with it%s%s",
                  demo->keep ? "; kept in " : "", demo->keep ? demo->folder : "");
    return code;
}

int cli_exec_demo(struct cli *cli)
{
    struct err err = ERR_INIT;
    struct demo demo = {.cli = cli};
    int64_t rows = 0;
    bool headless =
        cli_flag(&cli->args, "headless") || cli->out->json || isatty(STDOUT_FILENO) != 1;
    if (!headless && isatty(STDIN_FILENO) != 1)
        headless = true;
    if (cli_number(&cli->args, "rows", 0, 1, INT64_C(10000000000), &rows, &err) != 0)
        return view_error(cli->out, &err, NULL);
    if (cli_flag(&cli->args, "empty") && (headless || cli->open == NULL)) {
        base_err_set(&err, ERR_USAGE,
                     "\"demo --empty\" is for a terminal: there is nothing to report");
        return view_error(cli->out, &err, NULL);
    }
    const char *world = cli_value(&cli->args, "world");
    if (headless && world && strcmp(world, "big") == 0) {
        base_err_set(
            &err, ERR_USAGE,
            "\"demo --world big\" is for a terminal: 100 000 tables are there to be browsed");
        return view_error(cli->out, &err, NULL);
    }
    demo.sandbox = base_process_find("aampe-sandbox");
    if (demo.sandbox == NULL) {
        base_err_set(&err, ERR_CONFIG_MISSING,
                     "aampe-sandbox is neither beside this program nor in PATH");
        return view_error(cli->out, &err, NULL);
    }
    demo.tables = cJSON_CreateArray();
    demo.skipped = cJSON_CreateArray();
    int code = -1;
    if (headless || cli->open == NULL) {
        cJSON *report = demo_walk(&demo, &err);
        code = report ? report_say(&demo, report) : view_error(cli->out, &err, NULL);
    } else {
        code = demo_screen(&demo, &err);
        if (code < 0)
            code = view_error(cli->out, &err, NULL);
    }
    if (err.code == ERR_CANCELLED_BY_USER)
        code = VIEW_EXIT_USER;
    demo_close(&demo);
    return code;
}
