/* The doctor without an engine: `aampe-syncd --doctor` is started, and prints the same document. */
#define _GNU_SOURCE
#include "ui/view/doctor.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/process.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

int view_doctor_spawn(const char *profile, const char *only, int *pid, struct err *err)
{
    char *program = base_process_find("aampe-syncd");
    int ends[2], rc = -1;
    pid_t child = 0;
    if (program == NULL)
        return base_err_set(err, ERR_ENGINE_UNREACHABLE, "aampe-syncd is not installed");
    const char *argv[] = {program, "--doctor", "--profile", profile, only ? "--only" : NULL,
                          only,    NULL};
    if (pipe2(ends, O_CLOEXEC) != 0) {
        free(program);
        return base_err_set(err, ERR_HOST_FDS, "no pipe can be made");
    }
    rc = base_process_start(argv, ends[1], NULL, true, &child, err);
    close(ends[1]);
    free(program);
    if (rc != 0) {
        close(ends[0]);
        return -1;
    }
    if (pid)
        *pid = (int)child;
    return ends[0];
}

cJSON *view_doctor_parse(const struct buf *text, struct err *err)
{
    struct err why = ERR_INIT;
    cJSON *json = text->len ? base_json_parse(text->data, text->len, VIEW_DOCTOR_MAX, &why) : NULL;
    if (cJSON_IsObject(json))
        return json;
    cJSON_Delete(json);
    base_err_set(err, ERR_ENGINE_PROTOCOL, "aampe-syncd --doctor said nothing that can be read");
    return NULL;
}
