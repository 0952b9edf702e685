#include "sandbox/live.h"

#include "sandbox/world.h"

#include <stdlib.h>
#include <string.h>

struct live_column {
    const struct sandbox_live *live;
    size_t column;
};

struct sandbox_live {
    struct sandbox_server *server;
    const struct sandbox_live_def *def;
    struct sandbox_table_def table;
    struct sandbox_column_def *columns;
    struct live_column *sources;
};

static void fill(const struct sandbox_gen *gen, struct sandbox_vector *out)
{
    const struct live_column *source = gen->column->extra;

    for (int64_t i = 0; i < gen->count; i++)
        source->live->def->cell(source->live->server, gen->row + i, source->column, out);
}

static void rows(const void *user, int64_t *first, int64_t *count)
{
    const struct sandbox_live *live = user;

    live->def->rows(live->server, first, count);
}

struct sandbox_live *sandbox_live_new(struct sandbox_server *server,
                                      struct sandbox_securable *schema,
                                      const struct sandbox_live_def *def)
{
    struct sandbox_live *live = base_alloc_zero(1, sizeof *live);
    struct sandbox_world *world = sandbox_world_new("system", 0, base_seam_now_us(server->seam));
    struct sandbox_securable *table = sandbox_workspace_add(server->workspace, schema, 'T',
                                                            def->name, "System user", def->comment);

    live->server = server;
    live->def = def;
    live->columns = base_alloc_zero(def->column_count, sizeof *live->columns);
    live->sources = base_alloc_zero(def->column_count, sizeof *live->sources);
    for (size_t i = 0; i < def->column_count; i++) {
        live->sources[i] = (struct live_column){live, i};
        live->columns[i] = (struct sandbox_column_def){.name = def->columns[i].name,
                                                       .type = def->columns[i].type,
                                                       .fill = fill,
                                                       .extra = &live->sources[i]};
        sandbox_securable_column(table, def->columns[i].name, def->columns[i].type, true, NULL);
    }
    if (def->partition_column >= 0)
        table->columns.items[def->partition_column].partition_index = 0;
    live->table = (struct sandbox_table_def){.name = def->name,
                                             .columns = live->columns,
                                             .column_count = def->column_count,
                                             .live = rows,
                                             .live_user = live};
    table->data = sandbox_table_new(world, table->full_name, &live->table);
    world->tables = 1;
    return live;
}

void sandbox_live_free(struct sandbox_live **held)
{
    if (!*held)
        return;
    free((*held)->columns);
    free((*held)->sources);
    free(*held);
    *held = NULL;
}

void sandbox_live_text_take(struct sandbox_vector *out, char *text)
{
    struct sandbox_value value = {.null = !text, .text = text, .len = text ? strlen(text) : 0};

    sandbox_vector_append(out, &value);
    free(text);
}

void sandbox_live_number(struct sandbox_vector *out, int64_t number)
{
    struct sandbox_value value = {.i = number};

    sandbox_vector_append(out, &value);
}
