#include "sandbox/maker.h"

#include "base/hash.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

size_t sandbox_child_count(const struct sandbox_securable *parent)
{
    return parent->maker ? parent->maker->count : parent->children.count;
}

/* What sandbox_workspace_add would have set. */
static void place(struct sandbox_securable *table, const struct sandbox_securable *schema)
{
    unsigned long long a, b;
    table->kind = 'T';
    table->parent = (struct sandbox_securable *)schema;
    table->built_in = schema->built_in;
    table->full_name = base_printf("%s.%s", schema->full_name, table->name);
    table->catalog = base_strdup(schema->catalog);
    table->schema = base_strdup(schema->name);
    if (table->table_type == NULL)
        table->table_type = base_strdup("MANAGED");
    a = base_hash64(table->full_name, strlen(table->full_name), 1);
    b = base_hash64(table->full_name, strlen(table->full_name), 2);
    table->id = base_printf("%08llx-%04llx-4%03llx-8%03llx-%012llx", a >> 32, a >> 16 & 0xffff,
                            a & 0xfff, b >> 48 & 0xfff, b & 0xffffffffffff);
}

const struct sandbox_securable *sandbox_child_at(struct sandbox_workspace *workspace,
                                                 const struct sandbox_securable *parent,
                                                 size_t index, bool columns,
                                                 struct sandbox_securable *scratch)
{
    const struct sandbox_securable *kept;
    *scratch = (struct sandbox_securable){0};
    if (!parent->maker)
        return parent->children.items[index];
    parent->maker->fill(parent->maker, parent, index, columns, scratch);
    place(scratch, parent);
    kept =
        parent->children.count ? sandbox_workspace_kept(workspace, 'T', scratch->full_name) : NULL;
    return kept ? kept : scratch;
}

static bool index_of(const struct sandbox_securable *schema, const char *name, size_t *index)
{
    for (*index = 0; *index < schema->maker->count; ++*index) {
        char *made = schema->maker->name(schema->maker, schema, *index);
        bool same = base_text_equal_nocase(made, name);
        free(made);
        if (same)
            return true;
    }
    return false;
}

struct sandbox_securable *sandbox_child_keep(struct sandbox_workspace *workspace,
                                             const char *full_name)
{
    const char *first = strchr(full_name, '.'), *dot = first ? strchr(first + 1, '.') : NULL;
    struct sandbox_securable *schema, *table, made = {0};
    size_t index;
    if (!dot)
        return NULL;
    char *name = base_strndup(full_name, (size_t)(dot - full_name));
    schema = sandbox_workspace_kept(workspace, 'S', name);
    free(name);
    if (!schema || !schema->maker || !index_of(schema, dot + 1, &index))
        return NULL;
    schema->maker->fill(schema->maker, schema, index, true, &made);
    place(&made, schema);
    table = sandbox_workspace_add(workspace, schema, 'T', made.name, made.owner, made.comment);
    /* What a listing said of it stays true. */
    char **const texts[][2] = {{&table->id, &made.id},
                               {&table->table_type, &made.table_type},
                               {&table->view_definition, &made.view_definition},
                               {&table->row_filter_function, &made.row_filter_function}};
    for (size_t i = 0; i < base_countof(texts); i++) {
        char *other = *texts[i][0];
        *texts[i][0] = *texts[i][1];
        *texts[i][1] = other;
    }
    table->columns.items = made.columns.items;
    table->columns.count = made.columns.count;
    table->columns.cap = made.columns.cap;
    memset(&made.columns, 0, sizeof made.columns);
    table->created_ms = made.created_ms;
    table->updated_ms = made.updated_ms;
    table->data = schema->maker->data(schema->maker, table, index);
    sandbox_securable_clear(&made);
    return table;
}
