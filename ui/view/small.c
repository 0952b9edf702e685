#include "ui/view/words.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/seam.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

/* Always in out too: some callers print that instead of what is returned. */
static const char *none(char *out)
{
    memcpy(out, "-", sizeof "-");
    return out;
}

const char *view_time(const char *rfc3339, char out[32])
{
    int64_t us = 0;
    if (rfc3339 == NULL || base_time_parse(rfc3339, &us) != 0)
        return none(out);
    base_time_format(us - us % 1000000, out);
    char *t = strchr(out, 'T');
    if (t)
        *t = ' ';
    return out;
}

const char *view_age_us(int64_t span_us, char out[24])
{
    int64_t minutes = span_us / 60000000;
    if (minutes < 1)
        snprintf(out, 24, "<1 m");
    else if (minutes < 60)
        snprintf(out, 24, "%d m", (int)minutes);
    else if (minutes < 48 * 60)
        snprintf(out, 24, "%d h", (int)(minutes / 60));
    else
        snprintf(out, 24, "%lld d", (long long)(minutes / 1440));
    return out;
}

const char *view_age(const char *rfc3339, int64_t now_us, char out[24])
{
    int64_t us = 0;
    if (rfc3339 == NULL || base_time_parse(rfc3339, &us) != 0)
        return none(out);
    return view_age_us(now_us > us ? now_us - us : 0, out);
}

const char *view_rows(const cJSON *object, const char *key, char out[24])
{
    int64_t value = 0;
    if (!base_json_i64(object, key, &value))
        return none(out);
    base_text_rows(value, out);
    return out;
}

const char *view_bytes(const cJSON *object, const char *key, char out[24])
{
    int64_t value = 0;
    if (!base_json_i64(object, key, &value))
        return none(out);
    base_text_bytes(value, out);
    return out;
}

const char *view_seconds(double seconds, char out[24])
{
    int64_t whole = (int64_t)seconds;
    if (seconds < 10)
        snprintf(out, 24, "%.1f s", seconds);
    else if (whole < 60)
        snprintf(out, 24, "%d s", (int)whole);
    else if (whole < 3600)
        snprintf(out, 24, "%d m %02d s", (int)(whole / 60), (int)(whole % 60));
    else
        snprintf(out, 24, "%d h %02d m", (int)(whole / 3600 % 100000), (int)(whole / 60 % 60));
    return out;
}

char *view_error_text(const cJSON *object, const char *key)
{
    const cJSON *error = base_json_get(object, key);
    if (!cJSON_IsObject(error))
        return base_strdup("");
    return base_printf("%s (%s)", base_json_str_or(error, "message", ""),
                       base_json_str_or(error, "code", ""));
}

char *view_shell_word(const char *text)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-/:=@%+,";
    struct buf out;
    if (text[0] && text[0] != '-' && text[strspn(text, plain)] == '\0')
        return base_strdup(text);
    base_buf_init(&out, 0);
    (void)base_buf_text(&out, "'");
    for (; *text; text++)
        (void)(*text == '\'' ? base_buf_text(&out, "'\\''") : base_buf_byte(&out, (uint8_t)*text));
    (void)base_buf_text(&out, "'");
    return base_buf_take(&out, NULL);
}
