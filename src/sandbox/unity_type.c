#include "sandbox/unity_type.h"

#include "base/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *prefix, *name, *spark; /* spark NULL: the text itself */
} types[] = {
    {"boolean", "BOOLEAN", NULL},     {"tinyint", "BYTE", "byte"},
    {"smallint", "SHORT", "short"},   {"int", "INT", "integer"},
    {"integer", "INT", "integer"},    {"bigint", "LONG", "long"},
    {"float", "FLOAT", NULL},         {"double", "DOUBLE", NULL},
    {"decimal", "DECIMAL", NULL},     {"date", "DATE", NULL},
    {"timestamp", "TIMESTAMP", NULL}, {"timestamp_ntz", "TIMESTAMP_NTZ", NULL},
    {"string", "STRING", NULL},       {"varchar", "STRING", NULL},
    {"char", "STRING", NULL},         {"binary", "BINARY", NULL},
    {"interval", "INTERVAL", NULL},   {"array", "ARRAY", NULL},
    {"struct", "STRUCT", NULL},       {"map", "MAP", NULL},
    {"void", "NULL", NULL},           {"variant", "VARIANT", NULL},
    {"geography", "GEOGRAPHY", NULL}, {"geometry", "GEOMETRY", NULL},
};

static size_t head_len(const char *text)
{
    return strcspn(text, "(< ,>:");
}

static size_t type_find(const char *text)
{
    size_t len = head_len(text);
    size_t i = 0;

    while (i < base_countof(types) &&
           (strlen(types[i].prefix) != len || strncmp(types[i].prefix, text, len) != 0))
        i++;
    return i;
}

const char *sandbox_unity_type_name(const char *type_text)
{
    size_t index = type_find(type_text);

    return index < base_countof(types) ? types[index].name : "USER_DEFINED_TYPE";
}

bool sandbox_unity_type_decimal(const char *type_text, int *precision, int *scale)
{
    *precision = 10;
    *scale = 0;
    return strncmp(type_text, "decimal", 7) == 0 &&
           (type_text[7] != '(' || sscanf(type_text + 7, "(%d,%d)", precision, scale) >= 1);
}

#define DEPTH_MAX 32

static cJSON *spark_type(const char **at, int depth);

static void expect(const char **at, char c)
{
    while (**at == ' ')
        (*at)++;
    if (**at == c)
        (*at)++;
    while (**at == ' ')
        (*at)++;
}

static cJSON *spark_scalar(const char **at)
{
    size_t index = type_find(*at);
    size_t len = head_len(*at);
    cJSON *json;
    char *text;

    if ((*at)[len] == '(')
        len += strcspn(*at + len, ")") + ((*at)[len + strcspn(*at + len, ")")] == ')');
    /* "interval year to month" has spaces of its own. */
    if (strncmp(*at, "interval", 8) == 0)
        len = strcspn(*at, ",>");
    text = base_strndup(*at, len);
    json = cJSON_CreateString(index < base_countof(types) && types[index].spark ? types[index].spark
                                                                                : text);
    free(text);
    *at += len;
    return json;
}

/* Field name of a struct: plain, or in backticks with a doubled backtick inside. */
static char *field_name(const char **at)
{
    size_t len = strcspn(*at, ":");
    char *name;

    if (**at != '`') {
        name = base_strndup(*at, len);
        *at += len;
        return name;
    }
    name = base_alloc(strlen(*at) + 1);
    len = 0;
    for ((*at)++; **at && ((*at)[0] != '`' || (*at)[1] == '`'); (*at)++) {
        if (**at == '`')
            (*at)++;
        name[len++] = **at;
    }
    name[len] = '\0';
    expect(at, '`');
    return name;
}

static cJSON *spark_struct(const char **at, int depth)
{
    cJSON *json = base_json_object();
    cJSON *fields;

    base_json_add_str(json, "type", "struct");
    fields = base_json_add_array(json, "fields");
    while (**at && **at != '>') {
        cJSON *field = base_json_object();
        char *name = field_name(at);

        expect(at, ':');
        base_json_add_str(field, "name", name);
        base_json_add_take(field, "type", spark_type(at, depth + 1));
        base_json_add_bool(field, "nullable", true);
        base_json_add_object(field, "metadata");
        base_json_push_take(fields, field);
        free(name);
        if (**at != ',')
            break;
        expect(at, ',');
    }
    return json;
}

static cJSON *spark_type(const char **at, int depth)
{
    size_t len = head_len(*at);
    bool array = strncmp(*at, "array<", 6) == 0;
    bool map = strncmp(*at, "map<", 4) == 0;
    cJSON *json;

    if ((!array && !map && strncmp(*at, "struct<", 7) != 0) || depth > DEPTH_MAX)
        return spark_scalar(at);
    *at += len + 1;
    if (array || map) {
        json = base_json_object();
        base_json_add_str(json, "type", array ? "array" : "map");
        base_json_add_take(json, array ? "elementType" : "keyType", spark_type(at, depth + 1));
        if (map) {
            expect(at, ',');
            base_json_add_take(json, "valueType", spark_type(at, depth + 1));
        }
        base_json_add_bool(json, array ? "containsNull" : "valueContainsNull", true);
    } else {
        json = spark_struct(at, depth);
    }
    expect(at, '>');
    return json;
}

cJSON *sandbox_unity_type_spark(const char *type_text)
{
    return spark_type(&type_text, 0);
}
