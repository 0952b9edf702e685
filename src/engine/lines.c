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

static void lines_add(cJSON *array, const struct buf *text, const char *needle, int max)
{
    const char *at = text->data, *end = text->data + text->len;
    while (at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t len = stop ? (size_t)(stop - at) : (size_t)(end - at);
        if (len > 0 && (needle == NULL || line_has(at, len, needle))) {
            char *line = base_strndup(at, len);
            base_json_push_take(array, cJSON_CreateString(line));
            free(line);
        }
        at += len + 1;
        if (cJSON_GetArraySize(array) > max)
            cJSON_DeleteItemFromArray(array, 0);
    }
}

cJSON *engine_log_lines(struct engine *engine, const char *needle, int max, struct err *err)
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
            lines_add(array, &text, needle, max);
        base_buf_free(&text);
    }
    free(old);
    if (rc != 0) {
        cJSON_Delete(array);
        return NULL;
    }
    return array;
}
