#include "engine/lines.h"

#include "engine/engine.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/json.h"

#include <stdlib.h>
#include <string.h>

#define LOG_READ_MAX ((size_t)16 << 20)

/* Does the line hold needle between blanks or at its end? */
static bool line_has(const char *line, size_t len, const char *needle)
{
    size_t need = strlen(needle);
    for (size_t i = 0; i + need <= len; i++)
        if ((i == 0 || line[i - 1] == ' ') && memcmp(line + i, needle, need) == 0 &&
            (i + need == len || line[i + need] == ' '))
            return true;
    return false;
}

/* What the way to the workspace went through says of no run: it belongs to those of its time. */
static bool line_between(const char *line, size_t len, int64_t from_us, int64_t to_us)
{
    char time[40];
    int64_t at = 0;
    size_t end = strcspn(line, " \n");
    if (!line_has(line, len, "net.retry") && !line_has(line, len, "token.renew"))
        return false;
    if (end >= sizeof time)
        return false;
    memcpy(time, line, end);
    time[end] = '\0';
    return base_time_parse(time, &at) == 0 && at >= from_us && at <= to_us;
}

static bool line_wanted(const char *line, size_t len, const struct engine_log_want *want)
{
    return want == NULL || line_has(line, len, want->needle) ||
           line_between(line, len, want->from_us, want->to_us);
}

static void lines_add(cJSON *array, const struct buf *text, const struct engine_log_want *want,
                      int max)
{
    const char *at = text->data, *end = text->data + text->len;
    while (at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t len = stop ? (size_t)(stop - at) : (size_t)(end - at);
        if (len > 0 && line_wanted(at, len, want)) {
            char *line = base_strndup(at, len);
            base_json_push_take(array, cJSON_CreateString(line));
            free(line);
        }
        at += len + 1;
        if (cJSON_GetArraySize(array) > max)
            cJSON_DeleteItemFromArray(array, 0);
    }
}

cJSON *engine_log_lines(struct engine *engine, const struct engine_log_want *want, int max,
                        struct err *err)
{
    cJSON *array = cJSON_CreateArray();
    char *old = base_printf("%s.1", engine->paths.log);
    const char *paths[] = {old, engine->paths.log};
    int rc = 0;
    for (size_t i = 0; i < base_countof(paths) && rc == 0; i++) {
        struct buf text;
        base_buf_init(&text, LOG_READ_MAX);
        if (base_file_exists(paths[i]))
            rc = base_file_read(paths[i], LOG_READ_MAX, &text, err);
        if (rc == 0)
            lines_add(array, &text, want, max);
        base_buf_free(&text);
    }
    free(old);
    if (rc != 0) {
        cJSON_Delete(array);
        return NULL;
    }
    return array;
}
