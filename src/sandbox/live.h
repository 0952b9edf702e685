/* Tables whose rows come from what the sandbox does itself and grow while it runs. Private to the
 * room. */
#ifndef AAMPE_SANDBOX_LIVE_H
#define AAMPE_SANDBOX_LIVE_H

#include "sandbox/server.h"
#include "sandbox/table.h"

struct sandbox_live_column {
    const char *name, *type;
};

struct sandbox_live_def {
    const char *name, *comment;
    const struct sandbox_live_column *columns;
    size_t column_count;
    int partition_column; /* -1: none */
    /* Numbers of the rows that are there now. */
    void (*rows)(struct sandbox_server *server, int64_t *first, int64_t *count);
    /* Appends one cell; NULL for a row that is no longer kept. */
    void (*cell)(struct sandbox_server *server, int64_t row, size_t column,
                 struct sandbox_vector *out);
};

struct sandbox_live;
/* Adds the table to the schema. The def must outlive it. */
struct sandbox_live *sandbox_live_new(struct sandbox_server *server,
                                      struct sandbox_securable *schema,
                                      const struct sandbox_live_def *def);
/* After sandbox_world_unload, which frees the table. */
void sandbox_live_free(struct sandbox_live **live);

/* What cells are made of. text NULL: NULL; takes it. */
void sandbox_live_text_take(struct sandbox_vector *out, char *text);
void sandbox_live_number(struct sandbox_vector *out, int64_t number);

#endif
