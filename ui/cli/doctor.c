#include "ui/cli/cli.h"
#include "ui/view/doctor.h"

#include "base/alloc.h"
#include "base/json.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOOK_US 3000000 /* how often the whole is asked for while no event comes */

static void progress(struct cli *cli, const char *chain, const char *title)
{
    if (!cli->out->diag_tty)
        return;
    if (chain)
        fprintf(cli->out->diag, "\r\x1b[K%s: %s ...", chain, title);
    else
        fputs("\r\x1b[K", cli->out->diag);
    fflush(cli->out->diag);
}

/* Takes the document; prints it and returns the exit code. */
static int finish(struct cli *cli, cJSON *take_json)
{
    struct view_doctor *doctor = view_doctor_new(take_json);
    progress(cli, NULL, NULL);
    int code = view_doctor_exit(doctor);
    if (!cli->out->json)
        view_doctor_print(cli->out, doctor, base_seam_now_us(cli->seam));
    view_json_ok(cli->out, cJSON_Duplicate(doctor->json, true));
    view_doctor_free(&doctor);
    return code;
}

/* --- without an engine */

/* Everything it prints, until it ends. 1: that is all, 0: interrupted, -1. */
static int read_all(struct cli *cli, int fd, struct buf *text)
{
    while (!*cli->interrupted) {
        struct pollfd ready = {fd, POLLIN, 0};
        char piece[4096];
        if (poll(&ready, 1, 200) <= 0)
            continue;
        ssize_t got = read(fd, piece, sizeof piece);
        if (got == 0)
            return 1;
        if ((got < 0 && errno != EINTR) ||
            (got > 0 && base_buf_append(text, piece, (size_t)got) != 0))
            return -1;
    }
    return 0;
}

static int offline(struct cli *cli, const char *only)
{
    struct err err = ERR_INIT;
    struct buf text;
    int pid = 0, status = 0;
    int fd = view_doctor_spawn(cli->profile, only, &pid, &err);
    if (fd < 0)
        return view_error(cli->out, &err, NULL);
    progress(cli, "without the engine", "aampe-syncd --doctor");
    base_buf_init(&text, VIEW_DOCTOR_MAX);
    int rc = read_all(cli, fd, &text);
    close(fd);
    if (rc == 0)
        kill(pid, SIGTERM);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    cJSON *json = rc == 1 ? view_doctor_parse(&text, &err) : NULL;
    base_buf_free(&text);
    if (json)
        return finish(cli, json);
    progress(cli, NULL, NULL);
    if (rc == 0)
        return VIEW_EXIT_USER;
    base_err_set(&err, ERR_ENGINE_PROTOCOL, "aampe-syncd --doctor said too much");
    return view_error(cli->out, &err, NULL);
}

/* --- with one */

/* The document of the job; NULL with err, or ERR_OK while it runs. */
static cJSON *shown(struct view_link *link, int64_t job, struct err *err)
{
    cJSON *json = NULL;
    if (view_call(link, "doctor.show", NULL, &json, err) != 0)
        return NULL;
    if (!base_json_bool_or(json, "running", false) && base_json_i64_or(json, "job", 0) >= job)
        return json;
    cJSON_Delete(json);
    return NULL;
}

/* True: the job is over. */
static bool event_take(struct cli *cli, const cJSON *event, int64_t job)
{
    const cJSON *payload = base_json_get(event, "payload"), *layer;
    if (base_json_i64_or(payload, "job", 0) != job)
        return false;
    layer = base_json_get(payload, "layer");
    if (strcmp(base_json_str_or(layer, "state", ""), "running") == 0)
        progress(cli, base_json_str_or(payload, "chain", ""), base_json_str_or(layer, "title", ""));
    return base_json_bool_or(payload, "done", false);
}

/* NULL with ERR_OK: interrupted. */
static cJSON *follow(struct cli *cli, struct view_link *link, int64_t job, struct err *err)
{
    int64_t looked_us = base_seam_mono_us(cli->seam);
    while (!*cli->interrupted) {
        cJSON *event = NULL, *json;
        int rc = view_event(link, 300, &event, err);
        if (rc < 0)
            return NULL;
        bool over = rc > 0 && event_take(cli, event, job);
        cJSON_Delete(event);
        if (!over && base_seam_mono_us(cli->seam) - looked_us < LOOK_US)
            continue;
        looked_us = base_seam_mono_us(cli->seam);
        json = shown(link, job, err);
        if (json || err->code != ERR_OK)
            return json;
    }
    return NULL;
}

static int online(struct cli *cli, struct view_link *link, const char *only)
{
    static const char *const events[] = {"doctor.layer", NULL};
    struct err err = ERR_INIT;
    cJSON *params = base_json_object(), *answer = NULL, *json = NULL;
    base_json_add_str(params, "only", only);
    if (view_subscribe(link, events, &err) != 0)
        cJSON_Delete(params);
    else if (view_call(link, "doctor.run", params, &answer, &err) == 0)
        json = follow(cli, link, base_json_i64_or(answer, "job", 0), &err);
    cJSON_Delete(answer);
    if (json)
        return finish(cli, json);
    progress(cli, NULL, NULL);
    return err.code == ERR_OK ? VIEW_EXIT_USER : view_error(cli->out, &err, NULL);
}

int cli_exec_doctor(struct cli *cli)
{
    struct err err = ERR_INIT;
    const char *only = cli_value(&cli->args, "only");
    if (only && !view_doctor_names(only)) {
        base_err_set(&err, ERR_USAGE, "the doctor has no layer and no chain \"%s\"", only);
        base_err_hint(&err, "aampe-console doctor --help names them.");
        return view_error(cli->out, &err, NULL);
    }
    struct view_link *link = cli_link_only(cli, &err);
    if (link == NULL)
        return offline(cli, only);
    int code = online(cli, link, only);
    view_link_free(&link);
    return code;
}
