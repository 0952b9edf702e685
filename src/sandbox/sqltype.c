#include "sandbox/sqltype.h"

#include "base/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *text, *name;
} kinds[SB_KIND_COUNT] = {
    [SB_VOID] = {"VOID", "NULL"},
    [SB_BOOLEAN] = {"BOOLEAN", "BOOLEAN"},
    [SB_TINYINT] = {"TINYINT", "BYTE"},
    [SB_SMALLINT] = {"SMALLINT", "SHORT"},
    [SB_INT] = {"INT", "INT"},
    [SB_BIGINT] = {"BIGINT", "LONG"},
    [SB_FLOAT] = {"FLOAT", "FLOAT"},
    [SB_DOUBLE] = {"DOUBLE", "DOUBLE"},
    [SB_DECIMAL] = {"DECIMAL(10,0)", "DECIMAL"},
    [SB_DATE] = {"DATE", "DATE"},
    [SB_TIMESTAMP] = {"TIMESTAMP", "TIMESTAMP"},
    [SB_TIMESTAMP_NTZ] = {"TIMESTAMP_NTZ", "TIMESTAMP_NTZ"},
    [SB_STRING] = {"STRING", "STRING"},
    [SB_BINARY] = {"BINARY", "BINARY"},
    [SB_INTERVAL_YM] = {"INTERVAL YEAR TO MONTH", "INTERVAL"},
    [SB_INTERVAL_DT] = {"INTERVAL DAY TO SECOND", "INTERVAL"},
    [SB_VARIANT] = {"VARIANT", "VARIANT"},
    [SB_ARRAY] = {"ARRAY<VOID>", "ARRAY"},
    [SB_MAP] = {"MAP<VOID, VOID>", "MAP"},
    [SB_STRUCT] = {"STRUCT<>", "STRUCT"},
};

static const struct {
    const char *word;
    enum sandbox_kind kind;
} words[] = {
    {"void", SB_VOID},
    {"boolean", SB_BOOLEAN},
    {"tinyint", SB_TINYINT},
    {"byte", SB_TINYINT},
    {"smallint", SB_SMALLINT},
    {"short", SB_SMALLINT},
    {"int", SB_INT},
    {"integer", SB_INT},
    {"bigint", SB_BIGINT},
    {"long", SB_BIGINT},
    {"float", SB_FLOAT},
    {"real", SB_FLOAT},
    {"double", SB_DOUBLE},
    {"decimal", SB_DECIMAL},
    {"dec", SB_DECIMAL},
    {"numeric", SB_DECIMAL},
    {"date", SB_DATE},
    {"timestamp", SB_TIMESTAMP},
    {"timestamp_ltz", SB_TIMESTAMP},
    {"timestamp_ntz", SB_TIMESTAMP_NTZ},
    {"string", SB_STRING},
    {"varchar", SB_STRING},
    {"char", SB_STRING},
    {"binary", SB_BINARY},
    {"variant", SB_VARIANT},
    {"array", SB_ARRAY},
    {"map", SB_MAP},
    {"struct", SB_STRUCT},
};

struct type_reader {
    struct sandbox_arena *arena;
    const char *at;
    int depth;
};

static void skip_blank(struct type_reader *reader)
{
    while (isspace((unsigned char)*reader->at))
        reader->at++;
}

static bool take_char(struct type_reader *reader, char wanted)
{
    skip_blank(reader);
    if (*reader->at != wanted)
        return false;
    reader->at++;
    return true;
}

static size_t take_word(struct type_reader *reader, char out[24])
{
    skip_blank(reader);
    size_t len = 0;
    while ((isalnum((unsigned char)*reader->at) || *reader->at == '_') && len < 23)
        out[len++] = (char)tolower((unsigned char)*reader->at++);
    out[len] = 0;
    return len;
}

static int read_type(struct type_reader *reader, struct sandbox_type *type);

static bool take_number(struct type_reader *reader, int *out)
{
    char word[24];
    if (!take_word(reader, word))
        return false;
    char *end;
    long value = strtol(word, &end, 10);
    *out = (int)value;
    return !*end && value >= 0 && value < 100000;
}

static int read_decimal(struct type_reader *reader, struct sandbox_type *type)
{
    int precision = 10, scale = 0;
    if (take_char(reader, '(')) {
        if (!take_number(reader, &precision))
            return -1;
        if (take_char(reader, ',') && !take_number(reader, &scale))
            return -1;
        if (!take_char(reader, ')'))
            return -1;
    }
    if (precision < 1 || precision > 38 || scale > precision)
        return -1;
    *type = sandbox_type_decimal(reader->arena, precision, scale);
    return 0;
}

static int read_interval(struct type_reader *reader, struct sandbox_type *type)
{
    char from[24], to[24] = "";
    static const char *const units[] = {"year", "month", "day", "hour", "minute", "second"};
    if (!take_word(reader, from))
        return -1;
    const char *keep = reader->at;
    if (!take_word(reader, to) || strcmp(to, "to") != 0) {
        reader->at = keep;
        to[0] = 0;
    } else if (!take_word(reader, to)) {
        return -1;
    }
    int first = -1, last = -1;
    for (int i = 0; i < 6; i++) {
        if (strcmp(units[i], from) == 0)
            first = i;
        if (strcmp(units[i], to[0] ? to : from) == 0)
            last = i;
    }
    if (first < 0 || last < first || (first < 2) != (last < 2))
        return -1;
    char *text =
        sandbox_arena_printf(reader->arena, "INTERVAL %s%s%s", from, to[0] ? " TO " : "", to);
    for (char *c = text; *c; c++)
        *c = (char)toupper((unsigned char)*c);
    *type =
        (struct sandbox_type){.kind = first < 2 ? SB_INTERVAL_YM : SB_INTERVAL_DT, .text = text};
    return 0;
}

static int read_nested(struct type_reader *reader, enum sandbox_kind kind,
                       struct sandbox_type *type)
{
    struct sandbox_type a, b;
    type->kind = kind;
    if (!take_char(reader, '<') || read_type(reader, &a) < 0)
        return -1;
    if (kind == SB_ARRAY) {
        type->text = sandbox_arena_printf(reader->arena, "ARRAY<%s>", a.text);
    } else {
        if (!take_char(reader, ',') || read_type(reader, &b) < 0)
            return -1;
        type->text = sandbox_arena_printf(reader->arena, "MAP<%s, %s>", a.text, b.text);
    }
    return take_char(reader, '>') ? 0 : -1;
}

static size_t field_name(struct type_reader *reader, const char **name)
{
    skip_blank(reader);
    const char *start = reader->at;
    if (*start == '`') {
        const char *end = strchr(start + 1, '`');
        if (!end)
            return 0;
        *name = start + 1;
        reader->at = end + 1;
        return (size_t)(end - start - 1);
    }
    while (isalnum((unsigned char)*reader->at) || *reader->at == '_')
        reader->at++;
    *name = start;
    return (size_t)(reader->at - start);
}

static int read_struct(struct type_reader *reader, struct sandbox_type *type)
{
    char *text = sandbox_arena_dup(reader->arena, "STRUCT<");
    if (!take_char(reader, '<'))
        return -1;
    for (int i = 0; !take_char(reader, '>'); i++) {
        const char *name;
        struct sandbox_type field;
        if (i > 0 && !take_char(reader, ','))
            return -1;
        size_t len = field_name(reader, &name);
        if (!len)
            return -1;
        take_char(reader, ':');
        if (read_type(reader, &field) < 0)
            return -1;
        text = sandbox_arena_printf(reader->arena, "%s%s%.*s: %s", text, i ? ", " : "", (int)len,
                                    name, field.text);
    }
    type->kind = SB_STRUCT;
    type->text = sandbox_arena_printf(reader->arena, "%s>", text);
    return 0;
}

static int read_type(struct type_reader *reader, struct sandbox_type *type)
{
    char word[24];
    memset(type, 0, sizeof *type);
    if (++reader->depth > 64 || !take_word(reader, word))
        return -1;
    int result = -1, length;
    if (strcmp(word, "interval") == 0) {
        result = read_interval(reader, type);
        reader->depth--;
        return result;
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(words[i].word, word) != 0)
            continue;
        enum sandbox_kind kind = words[i].kind;
        *type = sandbox_type_of(kind);
        if (kind == SB_DECIMAL)
            result = read_decimal(reader, type);
        else if (kind == SB_ARRAY || kind == SB_MAP)
            result = read_nested(reader, kind, type);
        else if (kind == SB_STRUCT)
            result = read_struct(reader, type);
        else
            result = 0;
        if (strstr(word, "char") && take_char(reader, '('))
            result = take_number(reader, &length) && take_char(reader, ')') ? 0 : -1;
        break;
    }
    reader->depth--;
    return result;
}

int sandbox_type_parse(struct sandbox_arena *arena, const char *text, struct sandbox_type *type)
{
    struct type_reader reader = {.arena = arena, .at = text};
    if (read_type(&reader, type) < 0)
        return -1;
    skip_blank(&reader);
    return *reader.at ? -1 : 0;
}

struct sandbox_type sandbox_type_of(enum sandbox_kind kind)
{
    struct sandbox_type type = {.kind = kind, .text = kinds[kind].text};
    if (kind == SB_DECIMAL)
        type.precision = 10;
    return type;
}

struct sandbox_type sandbox_type_decimal(struct sandbox_arena *arena, int precision, int scale)
{
    return (struct sandbox_type){
        .kind = SB_DECIMAL,
        .precision = precision,
        .scale = scale,
        .text = sandbox_arena_printf(arena, "DECIMAL(%d,%d)", precision, scale),
    };
}

const char *sandbox_type_name(const struct sandbox_type *type)
{
    return kinds[type->kind].name;
}

const char *sandbox_type_interval(const struct sandbox_type *type)
{
    if (type->kind != SB_INTERVAL_YM && type->kind != SB_INTERVAL_DT)
        return NULL;
    return type->text + strlen("INTERVAL ");
}

bool sandbox_type_equal(const struct sandbox_type *a, const struct sandbox_type *b)
{
    return a->kind == b->kind && base_text_equal_nocase(a->text, b->text);
}

bool sandbox_kind_integer(enum sandbox_kind kind)
{
    return kind >= SB_TINYINT && kind <= SB_BIGINT;
}

bool sandbox_kind_numeric(enum sandbox_kind kind)
{
    return kind >= SB_TINYINT && kind <= SB_DECIMAL;
}

bool sandbox_kind_textual(enum sandbox_kind kind)
{
    return kind == SB_STRING || kind == SB_BINARY || kind >= SB_VARIANT;
}

int sandbox_type_field(struct sandbox_arena *arena, const struct sandbox_type *type,
                       const char *field, struct sandbox_type *out)
{
    if (type->kind != SB_STRUCT)
        return -1;
    struct type_reader reader = {.arena = arena, .at = type->text + strlen("STRUCT")};
    take_char(&reader, '<');
    while (!take_char(&reader, '>')) {
        const char *name;
        size_t len = field_name(&reader, &name);
        char *copy = sandbox_arena_text(arena, name, len);
        take_char(&reader, ':');
        if (!len || read_type(&reader, out) < 0)
            return -1;
        if (base_text_equal_nocase(copy, field))
            return 0;
        take_char(&reader, ',');
    }
    return -1;
}

int sandbox_type_map(struct sandbox_arena *arena, const struct sandbox_type *type,
                     struct sandbox_type *key, struct sandbox_type *value)
{
    if (type->kind != SB_MAP)
        return -1;
    struct type_reader reader = {.arena = arena, .at = type->text + strlen("MAP")};
    return take_char(&reader, '<') && read_type(&reader, key) == 0 && take_char(&reader, ',') &&
                   read_type(&reader, value) == 0
               ? 0
               : -1;
}
