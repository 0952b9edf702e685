/* Columns of a version. A change of columns makes a version whose shape differs; rows stay where
 * they are and are read through it. */
#include "sandbox/cast.h"
#include "sandbox/table.h"

#include "base/text.h"

#include <string.h>

struct sandbox_shape *sandbox_shape_first(struct sandbox_arena *arena,
                                          const struct sandbox_table_def *def,
                                          const struct sandbox_type *types)
{
    struct sandbox_shape *shape = sandbox_arena_alloc(arena, sizeof *shape);

    shape->count = def->column_count;
    shape->columns = sandbox_arena_alloc(arena, shape->count * sizeof *shape->columns);
    for (size_t i = 0; i < shape->count; i++)
        shape->columns[i] = (struct sandbox_shape_column){.name = def->columns[i].name,
                                                          .comment = def->columns[i].comment,
                                                          .type = types[i],
                                                          .required = def->columns[i].required,
                                                          .source = (int)i};
    return shape;
}

int sandbox_shape_find(const struct sandbox_shape *shape, const char *name)
{
    for (size_t i = 0; i < shape->count; i++) {
        if (base_text_equal_nocase(shape->columns[i].name, name))
            return (int)i;
    }
    return -1;
}

/* The next field of "operation FIELD name FIELD text". */
static const char *field(const char *change, int index, char *out, size_t size)
{
    size_t len;

    while (index--) {
        change += strcspn(change, SANDBOX_CHANGE_FIELD);
        change += *change != '\0';
    }
    len = strcspn(change, SANDBOX_CHANGE_FIELD);
    if (len >= size)
        len = size - 1;
    memcpy(out, change, len);
    out[len] = '\0';
    return out;
}

static struct sandbox_shape *copy(struct sandbox_arena *arena, const struct sandbox_shape *old)
{
    struct sandbox_shape *shape = sandbox_arena_alloc(arena, sizeof *shape);

    shape->count = old->count;
    shape->columns = sandbox_arena_alloc(arena, (old->count + 1) * sizeof *shape->columns);
    memcpy(shape->columns, old->columns, old->count * sizeof *shape->columns);
    return shape;
}

static void drop(struct sandbox_shape *shape, int at)
{
    shape->count--;
    memmove(&shape->columns[at], &shape->columns[at + 1],
            (shape->count - (size_t)at) * sizeof *shape->columns);
}

struct sandbox_shape *sandbox_shape_change(struct sandbox_arena *arena,
                                           const struct sandbox_shape *old, const char *change,
                                           const char **operation, struct err *err)
{
    struct sandbox_shape *shape = copy(arena, old);
    char what[16], name[256], text[512];
    struct sandbox_type type;
    int at;

    field(change, 0, what, sizeof what);
    at = sandbox_shape_find(old, field(change, 1, name, sizeof name));
    field(change, 2, text, sizeof text);
    if (strcmp(what, "add") == 0 ? at >= 0 : at < 0) {
        base_err_set(err, ERR_USAGE, "the table has %s column \"%s\"", at < 0 ? "no" : "a", name);
        return NULL;
    }
    if ((strcmp(what, "add") == 0 || strcmp(what, "retype") == 0) &&
        sandbox_type_parse(arena, text, &type) < 0) {
        base_err_set(err, ERR_USAGE, "\"%s\" is no type", text);
        return NULL;
    }
    if (strcmp(what, "add") == 0) {
        *operation = "ADD COLUMNS";
        shape->columns[shape->count++] = (struct sandbox_shape_column){
            .name = sandbox_arena_dup(arena, name), .type = type, .source = -1};
    } else if (strcmp(what, "drop") == 0) {
        *operation = "DROP COLUMNS";
        drop(shape, at);
    } else if (strcmp(what, "rename") == 0) {
        *operation = "RENAME COLUMN";
        shape->columns[at].name = sandbox_arena_dup(arena, text);
    } else {
        *operation = "CHANGE COLUMN";
        shape->columns[at].type = type;
    }
    return shape;
}

void sandbox_shape_nulls(struct sandbox_vector *out, int64_t count)
{
    struct sandbox_value value = {.null = true, .text = ""};

    for (int64_t i = 0; i < count; i++)
        sandbox_vector_append(out, &value);
}

void sandbox_shape_convert(const struct sandbox_vector *in, struct sandbox_vector *out)
{
    struct sandbox_arena *arena = sandbox_arena_new();
    struct sandbox_value value;
    char why[200];

    for (int64_t i = 0; i < in->count; i++) {
        sandbox_vector_get(in, i, &value);
        if (sandbox_cast(arena, &value, &in->type, &out->type, "Etc/UTC", why) < 0)
            value = (struct sandbox_value){.null = true, .text = ""};
        sandbox_vector_append(out, &value);
        sandbox_arena_reset(arena);
    }
    sandbox_arena_free(&arena);
}
