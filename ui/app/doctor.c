/* The doctor without an engine: `aampe-syncd --doctor` as a child, whose document is read as it
 * comes; nothing waits for it. */
#define _GNU_SOURCE
#include "ui/app/app.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUTPUT_MAX ((size_t)1 << 20)
/* Chains run at the same time; the longest has eleven layers of at most ten seconds. */
#define LIMIT_US (INT64_C(150) * 1000000)

struct app_doctor {
    struct base_seam *seam;
    struct console *console;
    const char *profile;
    pid_t pid; /* 0: none runs */
    int fd;
    struct buf output;
    int64_t until_us;
};

struct app_doctor *app_doctor_new(const char *profile, struct base_seam *seam,
                                  struct console *console)
{
    struct app_doctor *doctor = base_alloc_zero(1, sizeof *doctor);
    doctor->profile = profile;
    doctor->seam = seam;
    doctor->console = console;
    doctor->fd = -1;
    return doctor;
}

/* The child is over, or has to be. */
static void child_end(struct app_doctor *doctor)
{
    if (doctor->pid == 0)
        return;
    kill(doctor->pid, SIGKILL); /* it has closed its output: there is nothing more to come */
    while (waitpid(doctor->pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    close(doctor->fd);
    base_buf_free(&doctor->output);
    doctor->pid = 0;
    doctor->fd = -1;
}

void app_doctor_free(struct app_doctor **doctor)
{
    if (*doctor == NULL)
        return;
    child_end(*doctor);
    base_free(doctor);
}

static void tell(struct app_doctor *doctor, cJSON *take_data, const struct err *err)
{
    cJSON *payload = base_json_object();
    if (take_data)
        base_json_add_take(payload, "data", take_data);
    else
        base_json_add_take(payload, "error", base_err_to_json(err));
    console_event(doctor->console, "doctor.offline", payload);
    cJSON_Delete(payload);
}

static int start(struct app_doctor *doctor, struct err *err)
{
    int ends[2], rc;
    char *program = base_process_find("aampe-syncd");
    if (program == NULL)
        return base_err_set(err, ERR_ENGINE_UNREACHABLE,
                            "aampe-syncd is neither beside this program nor in PATH");
    const char *argv[] = {program, "--doctor", "--profile", doctor->profile, NULL};
    if (pipe2(ends, O_CLOEXEC) != 0) {
        rc = base_err_errno(err, errno, "making a pipe");
    } else {
        rc = base_process_start(argv, ends[1], NULL, true, &doctor->pid, err);
        close(ends[1]);
        fcntl(ends[0], F_SETFL, O_NONBLOCK);
        doctor->fd = ends[0];
        if (rc != 0) {
            close(ends[0]);
            doctor->pid = 0;
            doctor->fd = -1;
        }
    }
    free(program);
    return rc;
}

void app_doctor_run(struct app_doctor *doctor)
{
    struct err err = ERR_INIT;
    if (doctor->pid != 0)
        return;
    if (start(doctor, &err) != 0) {
        tell(doctor, NULL, &err);
        return;
    }
    base_buf_init(&doctor->output, OUTPUT_MAX);
    doctor->until_us = base_seam_mono_us(doctor->seam) + LIMIT_US;
}

/* The document, alone or in the envelope of a command. */
static void done(struct app_doctor *doctor)
{
    struct err err = ERR_INIT;
    const struct buf *output = &doctor->output;
    cJSON *json = output->len ? base_json_parse(output->data, output->len, OUTPUT_MAX, NULL) : NULL;
    cJSON *data = NULL;
    if (base_json_array(json, "chains"))
        data = cJSON_Duplicate(json, true);
    else if (base_json_array(base_json_get(json, "data"), "chains"))
        data = cJSON_Duplicate(base_json_get(json, "data"), true);
    else if (base_json_get(json, "error"))
        base_err_from_json(&err, base_json_get(json, "error"));
    else
        base_err_set(&err, ERR_INTERNAL, "aampe-syncd --doctor has printed no report");
    cJSON_Delete(json);
    child_end(doctor);
    tell(doctor, data, &err);
}

bool app_doctor_turn(struct app_doctor *doctor)
{
    char piece[4096];
    ssize_t got = 0;
    struct err err = ERR_INIT;
    if (doctor->pid == 0)
        return false;
    while ((got = read(doctor->fd, piece, sizeof piece)) > 0)
        if (base_buf_append(&doctor->output, piece, (size_t)got) != 0)
            break;
    if (got == 0) {
        done(doctor);
        return true;
    }
    bool waits = got < 0 && (errno == EAGAIN || errno == EINTR);
    if (waits && base_seam_mono_us(doctor->seam) < doctor->until_us)
        return false;
    base_err_set(&err, ERR_INTERNAL,
                 waits ? "aampe-syncd --doctor did not end by itself"
                       : "aampe-syncd --doctor printed something that is no report");
    child_end(doctor);
    tell(doctor, NULL, &err);
    return true;
}

struct pollfd app_doctor_poll(const struct app_doctor *doctor)
{
    return (struct pollfd){.fd = doctor->fd, .events = POLLIN};
}

int app_doctor_wait_ms(const struct app_doctor *doctor)
{
    if (doctor->pid == 0)
        return -1;
    int64_t left = doctor->until_us - base_seam_mono_us(doctor->seam);
    return left <= 0 ? 0 : (int)(left / 1000) + 1;
}
