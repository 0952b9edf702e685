#include "model/type.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static const char *const kind_names[] = {
    [MODEL_BOOLEAN] = "BOOLEAN",
    [MODEL_BYTE] = "TINYINT",
    [MODEL_SHORT] = "SMALLINT",
    [MODEL_INT] = "INT",
    [MODEL_LONG] = "BIGINT",
    [MODEL_FLOAT] = "FLOAT",
    [MODEL_DOUBLE] = "DOUBLE",
    [MODEL_DECIMAL] = "DECIMAL",
    [MODEL_STRING] = "STRING",
    [MODEL_BINARY] = "BINARY",
    [MODEL_DATE] = "DATE",
    [MODEL_TIMESTAMP] = "TIMESTAMP",
    [MODEL_TIMESTAMP_NTZ] = "TIMESTAMP_NTZ",
    [MODEL_INTERVAL_YM] = "INTERVAL YEAR TO MONTH",
    [MODEL_INTERVAL_DT] = "INTERVAL DAY TO SECOND",
    [MODEL_VARIANT] = "VARIANT",
    [MODEL_VOID] = "VOID",
    [MODEL_ARRAY] = "ARRAY",
    [MODEL_MAP] = "MAP",
    [MODEL_STRUCT] = "STRUCT",
    [MODEL_OTHER] = "OTHER",
};

void model_column_free(struct model_column *column)
{
    base_free(&column->name);
    base_free(&column->comment);
    base_free(&column->mask);
    model_type_free(&column->type);
}

void model_type_free(struct model_type *type)
{
    for (size_t i = 0; i < type->child_count; i++)
        model_column_free(&type->children[i]);
    free(type->children);
    free(type->text);
    *type = (struct model_type){0};
}

struct model_column model_column_dup(const struct model_column *column)
{
    struct model_column copy = *column;

    copy.name = base_strdup(column->name);
    copy.comment = base_strdup(column->comment);
    copy.mask = base_strdup(column->mask);
    copy.type = model_type_dup(&column->type);
    return copy;
}

static struct model_column *columns_dup(const struct model_column *columns, size_t count)
{
    struct model_column *copy = count ? base_alloc_zero(count, sizeof *copy) : NULL;

    for (size_t i = 0; i < count; i++)
        copy[i] = model_column_dup(&columns[i]);
    return copy;
}

struct model_type model_type_dup(const struct model_type *type)
{
    struct model_type copy = *type;

    copy.text = base_strdup(type->text);
    copy.children = columns_dup(type->children, type->child_count);
    return copy;
}

static bool text_equal(const char *a, const char *b)
{
    return base_text_equal_nocase(a ? a : "", b ? b : "");
}

bool model_type_equal(const struct model_type *a, const struct model_type *b)
{
    if (a->kind != b->kind || a->precision != b->precision || a->scale != b->scale ||
        a->length != b->length || a->child_count != b->child_count)
        return false;
    if (a->kind == MODEL_OTHER && !text_equal(a->text, b->text))
        return false;
    for (size_t i = 0; i < a->child_count; i++)
        if (!text_equal(a->children[i].name, b->children[i].name) ||
            a->children[i].nullable != b->children[i].nullable ||
            !model_type_equal(&a->children[i].type, &b->children[i].type))
            return false;
    return true;
}

bool model_type_flat(const struct model_type *type)
{
    return type->kind < MODEL_VOID;
}

const char *model_type_kind_name(enum model_kind kind)
{
    return (unsigned)kind < base_countof(kind_names) ? kind_names[kind] : "OTHER";
}

static void append_field_name(const char *name, struct buf *out)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";

    if (*name && !name[strspn(name, plain)]) {
        base_buf_text(out, name);
        return;
    }
    base_buf_byte(out, '`');
    for (; *name; name++) {
        if (*name == '`')
            base_buf_byte(out, '`');
        base_buf_byte(out, (uint8_t)*name);
    }
    base_buf_byte(out, '`');
}

static void append_type(const struct model_type *type, struct buf *out)
{
    bool fixed = type->text && (type->text[0] | 32) == 'c'; /* CHAR(n), not VARCHAR(n) */

    if (type->kind == MODEL_OTHER) {
        base_buf_text(out, type->text ? type->text : kind_names[MODEL_OTHER]);
        return;
    }
    if (type->kind == MODEL_STRING && type->length) {
        base_buf_printf(out, "%s(%d)", fixed ? "CHAR" : "VARCHAR", type->length);
        return;
    }
    base_buf_text(out, model_type_kind_name(type->kind));
    if (type->kind == MODEL_DECIMAL)
        base_buf_printf(out, "(%d,%d)", type->precision, type->scale);
    if (type->kind != MODEL_ARRAY && type->kind != MODEL_MAP && type->kind != MODEL_STRUCT)
        return;
    base_buf_byte(out, '<');
    for (size_t i = 0; i < type->child_count; i++) {
        if (i)
            base_buf_text(out, ", ");
        if (type->kind == MODEL_STRUCT) {
            append_field_name(type->children[i].name, out);
            base_buf_text(out, ": ");
        }
        append_type(&type->children[i].type, out);
        if (!type->children[i].nullable && type->kind == MODEL_STRUCT)
            base_buf_text(out, " NOT NULL");
    }
    base_buf_byte(out, '>');
}

char *model_type_text(const struct model_type *type)
{
    struct buf out;

    base_buf_init(&out, BUF_MAX_DEFAULT);
    append_type(type, &out);
    return base_buf_take(&out, NULL);
}

void model_schema_free(struct model_schema *schema)
{
    for (size_t i = 0; i < schema->count; i++)
        model_column_free(&schema->columns[i]);
    free(schema->columns);
    *schema = (struct model_schema){0};
}

struct model_schema model_schema_dup(const struct model_schema *schema)
{
    return (struct model_schema){.columns = columns_dup(schema->columns, schema->count),
                                 .count = schema->count};
}
