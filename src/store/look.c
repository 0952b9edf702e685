#include "store/look.h"

#include "base/alloc.h"
#include "store/state_private.h"

#include <stdlib.h>
#include <string.h>

struct store_look {
    struct store_state *store;
    sqlite3_stmt *letters, *good;
};

/* Both walk the index on table_key from its newest entry. */
#define LETTERS_QUERY                                                                              \
    "SELECT r.id,r.state,r.attempt,b.kind FROM runs r JOIN batches b ON b.id=r.batch"              \
    " WHERE r.table_key=? ORDER BY r.id DESC LIMIT 12"
#define GOOD_QUERY                                                                                 \
    "SELECT id,started_us,file_rows,bytes FROM runs WHERE table_key=? AND"                         \
    " state IN ('RECORDED','CLEANED') ORDER BY id DESC LIMIT 1"

struct store_look *store_look_new(struct store_state *store, struct err *err)
{
    struct store_look *look = base_alloc_zero(1, sizeof *look);
    look->store = store;
    look->letters = store_db_query(store->db, err, LETTERS_QUERY, "t", "");
    look->good = look->letters ? store_db_query(store->db, err, GOOD_QUERY, "t", "") : NULL;
    if (look->good == NULL)
        store_look_free(&look);
    return look;
}

void store_look_free(struct store_look **look)
{
    if (*look == NULL)
        return;
    sqlite3_finalize((*look)->letters);
    sqlite3_finalize((*look)->good);
    base_free(look);
}

void store_look_table_free(struct store_look_table *table)
{
    model_run_free(&table->last);
}

static char letter_of(const char *state, int attempt, const char *kind)
{
    enum model_run_state value;
    if (state == NULL || model_run_state_parse(state, &value) != 0)
        return '?';
    if (value == RUN_FAILED)
        return 'F';
    if (value == RUN_CANCELLED)
        return 'x';
    if (!model_run_over(value))
        return '>';
    return attempt > 1 || (kind && strcmp(kind, "retry") == 0) ? 'r' : '.';
}

static int letters_read(struct store_look *look, const char *key, struct store_look_table *out,
                        int64_t *last, struct err *err)
{
    char newest_first[STORE_LOOK_RUNS];
    int count = 0, rc = 0;
    sqlite3_reset(look->letters);
    if (store_db_bind_text(look->letters, 1, key) != 0)
        return -1;
    while (count < STORE_LOOK_RUNS && (rc = store_db_step(look->letters, err)) == 1) {
        if (count == 0)
            *last = sqlite3_column_int64(look->letters, 0);
        newest_first[count++] = letter_of((const char *)sqlite3_column_text(look->letters, 1),
                                          sqlite3_column_int(look->letters, 2),
                                          (const char *)sqlite3_column_text(look->letters, 3));
    }
    sqlite3_reset(look->letters);
    for (int i = 0; i < count; i++)
        out->letters[i] = newest_first[count - 1 - i];
    return rc < 0 ? -1 : 0;
}

static int good_read(struct store_look *look, const char *key, struct store_look_table *out,
                     struct err *err)
{
    sqlite3_reset(look->good);
    if (store_db_bind_text(look->good, 1, key) != 0)
        return -1;
    int rc = store_db_step(look->good, err);
    if (rc == 1) {
        out->good_run = sqlite3_column_int64(look->good, 0);
        out->whole_to_us = sqlite3_column_int64(look->good, 1);
        out->rows = sqlite3_column_int64(look->good, 2);
        out->bytes = sqlite3_column_int64(look->good, 3);
    }
    sqlite3_reset(look->good);
    return rc < 0 ? -1 : 0;
}

int store_look_table(struct store_look *look, const struct model_name *table,
                     struct store_look_table *out, struct err *err)
{
    int64_t last = 0;
    *out = (struct store_look_table){0};
    char *key = store_table_key(table);
    int rc = letters_read(look, key, out, &last, err);
    if (rc == 0 && last != 0)
        rc = good_read(look, key, out, err);
    if (rc == 0 && last != 0)
        rc = store_run_get(look->store, last, &out->last, err);
    free(key);
    return rc;
}

int store_look_totals(struct store_state *store, int64_t since_us, struct store_look_totals *out,
                      struct err *err)
{
    int64_t before = 0;
    *out = (struct store_look_totals){0};
    sqlite3_stmt *stmt =
        store_db_query(store->db, err,
                       "SELECT count(DISTINCT batch),coalesce(max(batch),0) FROM runs"
                       " WHERE state NOT IN ('CLEANED','FAILED','CANCELLED') AND state<>'RECORDED'",
                       "");
    int rc = stmt ? store_db_step(stmt, err) : -1;
    if (rc == 1) {
        out->batches_running = sqlite3_column_int64(stmt, 0);
        out->batch = sqlite3_column_int64(stmt, 1);
    }
    sqlite3_finalize(stmt);
    /* Batches are few, and the walk ends at the first that is too old. */
    if (rc < 0 || store_db_number(store->db, err, &before, 0,
                                  "SELECT id FROM batches WHERE started_us<? ORDER BY id DESC"
                                  " LIMIT 1",
                                  "i", since_us) != 0)
        return -1;
    stmt = store_db_query(store->db, err,
                          "SELECT count(*),coalesce(sum(file_rows),0),coalesce(sum(bytes),0)"
                          " FROM runs WHERE batch>? AND state IN ('RECORDED','CLEANED')",
                          "i", before);
    rc = stmt ? store_db_step(stmt, err) : -1;
    if (rc == 1) {
        out->runs_since = sqlite3_column_int64(stmt, 0);
        out->rows_since = sqlite3_column_int64(stmt, 1);
        out->bytes_since = sqlite3_column_int64(stmt, 2);
    }
    sqlite3_finalize(stmt);
    return rc < 0 ? -1 : 0;
}
