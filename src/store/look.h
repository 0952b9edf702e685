/* What one look at the state says of tables and runs: bounded queries by index, however long the
 * history is. */
#ifndef AAMPE_STORE_LOOK_H
#define AAMPE_STORE_LOOK_H

#include "store/state.h"

#define STORE_LOOK_RUNS 12

struct store_look_table {
    struct model_run last; /* the latest run; id 0: there is none */
    /* The latest runs, oldest first: . done, r done after a retry, F failed, x cancelled, > not
     * over. */
    char letters[STORE_LOOK_RUNS + 1];
    int64_t whole_to_us; /* start of the latest run that published; 0: none */
    int64_t good_run;    /* its number, and what it published */
    int64_t rows, bytes;
};

struct store_look;
struct store_look *store_look_new(struct store_state *store, struct err *err);
void store_look_free(struct store_look **look);
/* Fills out (store_look_table_free it). */
int store_look_table(struct store_look *look, const struct model_name *table,
                     struct store_look_table *out, struct err *err) must_check;
void store_look_table_free(struct store_look_table *table);

struct store_look_totals {
    int64_t batches_running, batch;              /* not over, and the latest of them */
    int64_t runs_since, rows_since, bytes_since; /* published by batches that began after a time */
};
int store_look_totals(struct store_state *store, int64_t since_us, struct store_look_totals *out,
                      struct err *err) must_check;

#endif
