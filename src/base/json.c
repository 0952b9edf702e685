#include "base/json.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/seam.h"
#include "base/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The largest magnitude up to which every integer is a double of its own. */
#define EXACT_MAX ((int64_t)1 << 53)

const cJSON *base_json_get(const cJSON *object, const char *key)
{
    return cJSON_IsObject(object) ? cJSON_GetObjectItemCaseSensitive(object, key) : NULL;
}

const char *base_json_str(const cJSON *object, const char *key)
{
    const cJSON *item = base_json_get(object, key);

    return cJSON_IsString(item) ? item->valuestring : NULL;
}

const char *base_json_str_or(const cJSON *object, const char *key, const char *fallback)
{
    const char *text = base_json_str(object, key);

    return text ? text : fallback;
}

/* Strict decimal: optional minus, digits, nothing else, inside int64. */
static bool text_i64(const char *text, int64_t *value)
{
    const char *digit = text + (*text == '-');
    int64_t sum = 0;

    if (*digit < '0' || *digit > '9')
        return false;
    for (; *digit >= '0' && *digit <= '9'; digit++)
        if (__builtin_mul_overflow(sum, 10, &sum) ||
            __builtin_sub_overflow(sum, *digit - '0', &sum))
            return false;
    if (*digit || (*text != '-' && sum == INT64_MIN))
        return false;
    *value = *text == '-' ? sum : -sum;
    return true;
}

bool base_json_i64(const cJSON *object, const char *key, int64_t *value)
{
    const cJSON *item = base_json_get(object, key);

    if (cJSON_IsString(item) || cJSON_IsRaw(item))
        return item->valuestring && text_i64(item->valuestring, value);
    if (!cJSON_IsNumber(item) || !(fabs(item->valuedouble) <= (double)EXACT_MAX) ||
        item->valuedouble != (double)(int64_t)item->valuedouble)
        return false;
    *value = (int64_t)item->valuedouble;
    return true;
}

int64_t base_json_i64_or(const cJSON *object, const char *key, int64_t fallback)
{
    int64_t value;

    return base_json_i64(object, key, &value) ? value : fallback;
}

bool base_json_bool_or(const cJSON *object, const char *key, bool fallback)
{
    const cJSON *item = base_json_get(object, key);

    return cJSON_IsBool(item) ? cJSON_IsTrue(item) : fallback;
}

double base_json_double_or(const cJSON *object, const char *key, double fallback)
{
    const cJSON *item = base_json_get(object, key);
    int64_t whole;

    if (cJSON_IsNumber(item))
        return item->valuedouble;
    return base_json_i64(object, key, &whole) ? (double)whole : fallback;
}

const cJSON *base_json_array(const cJSON *object, const char *key)
{
    const cJSON *item = base_json_get(object, key);

    return cJSON_IsArray(item) ? item : NULL;
}

static cJSON *made(cJSON *item)
{
    if (!item)
        bug("out of memory in JSON");
    return item;
}

cJSON *base_json_object(void)
{
    return made(cJSON_CreateObject());
}

void base_json_add_take(cJSON *object, const char *key, cJSON *take)
{
    if (!cJSON_AddItemToObject(object, key, made(take)))
        bug("JSON member '%s' has nowhere to go", key);
}

void base_json_push_take(cJSON *array, cJSON *take)
{
    if (!cJSON_AddItemToArray(array, made(take)))
        bug("JSON element has nowhere to go");
}

cJSON *base_json_add_object(cJSON *object, const char *key)
{
    cJSON *item = base_json_object();

    base_json_add_take(object, key, item);
    return item;
}

cJSON *base_json_add_array(cJSON *object, const char *key)
{
    cJSON *item = made(cJSON_CreateArray());

    base_json_add_take(object, key, item);
    return item;
}

void base_json_add_str(cJSON *object, const char *key, const char *value)
{
    char *clean;

    if (!value)
        return;
    if (base_text_utf8_valid(value, strlen(value))) {
        base_json_add_take(object, key, cJSON_CreateString(value));
        return;
    }
    clean = base_text_clean_dup(value, 0);
    base_json_add_take(object, key, cJSON_CreateString(clean));
    free(clean);
}

/* cJSON prints large whole numbers as 1e+15 or rounds them; digits of our own are exact. */
void base_json_add_i64(cJSON *object, const char *key, int64_t value)
{
    char digits[24];

    if (value > -1000000000 && value < 1000000000) {
        base_json_add_take(object, key, cJSON_CreateNumber((double)value));
        return;
    }
    snprintf(digits, sizeof digits, "%" PRId64, value);
    base_json_add_take(object, key, cJSON_CreateRaw(digits));
}

void base_json_add_bool(cJSON *object, const char *key, bool value)
{
    base_json_add_take(object, key, cJSON_CreateBool(value));
}

void base_json_add_double(cJSON *object, const char *key, double value)
{
    base_json_add_take(object, key,
                       isfinite(value) ? cJSON_CreateNumber(value) : cJSON_CreateNull());
}

void base_json_add_time(cJSON *object, const char *key, int64_t us)
{
    char text[32];

    if (!us)
        return;
    base_time_format(us, text);
    base_json_add_str(object, key, text);
}

/* Appends a character beyond ASCII as one or two \u escapes. */
static int append_escape(struct buf *out, uint32_t c)
{
    if (c < 0x10000)
        return base_buf_printf(out, "\\u%04x", (unsigned)c);
    c -= 0x10000;
    return base_buf_printf(out, "\\u%04x\\u%04x", (unsigned)(0xd800 | c >> 10),
                           (unsigned)(0xdc00 | (c & 0x3ff)));
}

/* cJSON escapes C0 only. DEL, C1, bidi controls and their like stand only inside strings, where an
 * escape says the same. Takes text over. */
static char *escaped(char *text)
{
    size_t len, size, copied = 0;
    struct buf out;
    uint32_t c;

    if (!text)
        bug("out of memory printing JSON");
    len = strlen(text);
    base_buf_init(&out, SIZE_MAX / 4);
    for (size_t at = 0; at < len; at += size) {
        size = base_text_utf8_decode(text + at, len - at, &c);
        if (!size) {
            size = 1; /* not made by base_json_add_str; left to the reader to refuse */
            continue;
        }
        if (c < 0x7f || !base_text_hidden(c))
            continue;
        if (base_buf_append(&out, text + copied, at - copied) || append_escape(&out, c))
            bug("out of memory printing JSON");
        copied = at + size;
    }
    if (!copied)
        return text;
    if (base_buf_text(&out, text + copied))
        bug("out of memory printing JSON");
    free(text);
    return base_buf_take(&out, NULL);
}

char *base_json_print(const cJSON *json)
{
    return escaped(cJSON_PrintUnformatted(json));
}

char *base_json_print_pretty(const cJSON *json)
{
    return escaped(cJSON_Print(json));
}
