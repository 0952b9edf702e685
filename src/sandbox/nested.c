/* JSON_ARRAY and CSV spell maps as objects (databricks-api.md 4.7); Arrow chunks, and the cells the
 * worlds make, hold them as lists of key and value (4.6). */
#include "sandbox/sqltype.h"

#include "base/json.h"

#include <stdlib.h>
#include <string.h>

/* Where the type that begins at `at` ends: at a comma or closing bracket of its own level. */
static const char *type_end(const char *at)
{
    int depth = 0;
    for (; *at; at++) {
        if (*at == '`')
            at += 1 + strcspn(at + 1, "`");
        else if (*at == '<' || *at == '(')
            depth++;
        else if (depth && (*at == '>' || *at == ')'))
            depth--;
        else if (!depth && (*at == ',' || *at == '>'))
            return at;
        if (!*at)
            break;
    }
    return at;
}

static const char *skip_comma(const char *at)
{
    return at + strspn(at, ", ");
}

/* Type of the field; fields: what stands between the brackets of "STRUCT<a: INT, b: STRING>". */
static const char *field_type(const char *fields, const char *name)
{
    size_t len = strlen(name);
    while (*fields && *fields != '>') {
        size_t quote = *fields == '`';
        bool found = strncmp(fields + quote, name, len) == 0 &&
                     (quote ? fields[1 + len] == '`' : fields[len] == ':');
        const char *type = strchr(fields + (found ? len : 0), ':');
        if (!type)
            break;
        type += 1 + strspn(type + 1, " ");
        if (found)
            return type;
        fields = skip_comma(type_end(type));
    }
    return "";
}

static cJSON *rewrite(const cJSON *value, const char *type)
{
    const cJSON *item;
    cJSON *out;
    if (strncmp(type, "ARRAY<", 6) == 0 && cJSON_IsArray(value)) {
        out = cJSON_CreateArray();
        cJSON_ArrayForEach(item, value) base_json_push_take(out, rewrite(item, type + 6));
    } else if (strncmp(type, "MAP<", 4) == 0 && cJSON_IsArray(value)) {
        out = base_json_object();
        cJSON_ArrayForEach(item, value) base_json_add_take(
            out, base_json_str_or(item, "key", "null"),
            rewrite(base_json_get(item, "value"), skip_comma(type_end(type + 4))));
    } else if (strncmp(type, "STRUCT<", 7) == 0 && cJSON_IsObject(value)) {
        out = base_json_object();
        cJSON_ArrayForEach(item, value) base_json_add_take(
            out, item->string, rewrite(item, field_type(type + 7, item->string)));
    } else {
        out = value ? cJSON_Duplicate(value, true) : cJSON_CreateNull();
    }
    return out;
}

void sandbox_nested_text(const struct sandbox_type *type, const char *text, size_t len,
                         struct buf *out)
{
    cJSON *value = strstr(type->text, "MAP<") ? base_json_parse(text, len, len, NULL) : NULL;
    cJSON *changed;
    char *printed;
    if (!value) {
        base_buf_append(out, text, len);
        return;
    }
    changed = rewrite(value, type->text);
    printed = base_json_print(changed);
    base_buf_text(out, printed);
    free(printed);
    cJSON_Delete(changed);
    cJSON_Delete(value);
}
