#include "base/err.h"

#include "base/json.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Kept as lines "name=text" and "name#number": cleaned text has no line ends. */

#define NAME_MAX_ 40
#define VALUE_MAX 200

static bool name_good(const char *name)
{
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");

    return len > 0 && len < NAME_MAX_ && name[len] == '\0';
}

/* The line of that name; its mark ('=' or '#') is at [strlen(name)]. */
static const char *line_find(const struct err *err, const char *name)
{
    size_t len = strlen(name);

    for (const char *at = err->facts; *at; at += strcspn(at, "\n") + 1)
        if (strncmp(at, name, len) == 0 && (at[len] == '=' || at[len] == '#'))
            return at;
    return NULL;
}

/* The first word on something stays, as everywhere in an error; what has no room is left out whole.
 */
static void line_add(struct err *err, const char *name, char mark, const char *value)
{
    size_t used = strlen(err->facts), wanted = strlen(name) + strlen(value) + 2;

    if (!*value || !name_good(name) || line_find(err, name) || used + wanted >= sizeof err->facts)
        return;
    snprintf(err->facts + used, sizeof err->facts - used, "%s%c%s\n", name, mark, value);
}

void base_err_fact(struct err *err, const char *name, const char *fmt, ...)
{
    char raw[1024], clean[VALUE_MAX];
    va_list args;

    if (!err)
        return;
    va_start(args, fmt);
    vsnprintf(raw, sizeof raw, fmt, args);
    va_end(args);
    base_text_redact(raw);
    base_text_clean_into(clean, sizeof clean, raw);
    line_add(err, name, '=', clean);
}

void base_err_fact_i64(struct err *err, const char *name, int64_t value)
{
    char text[24];

    snprintf(text, sizeof text, "%" PRId64, value);
    if (err)
        line_add(err, name, '#', text);
}

bool base_err_fact_get(const struct err *err, const char *name, char *out, size_t size)
{
    const char *line = line_find(err, name);

    if (!line)
        return false;
    line += strlen(name) + 1;
    snprintf(out, size, "%.*s", (int)strcspn(line, "\n"), line);
    return true;
}

int64_t base_err_fact_number(const struct err *err, const char *name)
{
    char text[24];

    return base_err_fact_get(err, name, text, sizeof text) ? strtoll(text, NULL, 10) : 0;
}

void base_err_facts_to_json(const struct err *err, struct cJSON *evidence)
{
    for (const char *at = err->facts; *at; at += strcspn(at, "\n") + 1) {
        size_t len = strcspn(at, "=#");
        char name[NAME_MAX_], value[VALUE_MAX];

        snprintf(name, sizeof name, "%.*s", (int)len, at);
        (void)base_err_fact_get(err, name, value, sizeof value);
        if (at[len] == '#')
            base_json_add_i64(evidence, name, strtoll(value, NULL, 10));
        else
            base_json_add_str(evidence, name, value);
    }
}

void base_err_facts_from_json(struct err *err, const struct cJSON *evidence,
                              bool (*known)(const char *name))
{
    const cJSON *item;
    int64_t number;

    cJSON_ArrayForEach(item, evidence)
    {
        if (!item->string || known(item->string))
            continue;
        if (cJSON_IsString(item))
            base_err_fact(err, item->string, "%s", item->valuestring);
        else if (base_json_i64(evidence, item->string, &number))
            base_err_fact_i64(err, item->string, number);
    }
}
