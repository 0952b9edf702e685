/* Statements, groups, files, generations: what a run has done so far. */
#include "store/state_private.h"

#include "base/alloc.h"
#include "base/vec.h"

#include <stdlib.h>
#include <string.h>

struct statement {
    int64_t run, attempt, slice;
    const char *statement_id;
};

static int statement_body(struct store_state *store, void *arg, struct err *err)
{
    const struct statement *statement = arg;
    return store_db_run(store->db, err,
                        "INSERT INTO statements(run,attempt,slice,statement_id,at_us)"
                        " VALUES(?,?,?,?,?) ON CONFLICT DO UPDATE SET"
                        " statement_id=excluded.statement_id, at_us=excluded.at_us",
                        "iiiti", statement->run, statement->attempt, statement->slice,
                        statement->statement_id, base_seam_now_us(store->seam));
}

int store_statement_put(struct store_state *store, int64_t run, int attempt, int slice,
                        const char *statement_id, struct err *err)
{
    struct statement statement = {run, attempt, slice, statement_id};
    return store_write(store, statement_body, &statement, err);
}

char *store_statement_get(struct store_state *store, int64_t run, int attempt, int slice,
                          struct err *err)
{
    sqlite3_stmt *stmt = store_db_query(
        store->db, err, "SELECT statement_id FROM statements WHERE run=? AND attempt=? AND slice=?",
        "iii", run, (int64_t)attempt, (int64_t)slice);
    if (stmt == NULL)
        return NULL;
    char *text = store_db_step(stmt, err) == 1 ? store_db_text(stmt, 0) : NULL;
    sqlite3_finalize(stmt);
    return text;
}

struct group_put {
    int64_t run;
    const struct store_group *group;
};

static int group_body(struct store_state *store, void *arg, struct err *err)
{
    const struct group_put *put = arg;
    const struct store_group *group = put->group;
    return store_db_run(store->db, err,
                        "INSERT OR REPLACE INTO groups(run,slice,grp,part,first_chunk,chunks,rows,"
                        "bytes,sha256,state) VALUES(?,?,?,?,?,?,?,?,?,?)",
                        "iiitiiiibi", put->run, (int64_t)group->slice, (int64_t)group->group,
                        group->part, group->first_chunk, group->chunks, group->rows, group->bytes,
                        group->sha256, sizeof group->sha256, (int64_t)group->state);
}

int store_group_put(struct store_state *store, int64_t run, const struct store_group *group,
                    struct err *err)
{
    struct group_put put = {run, group};
    return store_write(store, group_body, &put, err);
}

int store_group_list(struct store_state *store, int64_t run, struct store_group **out,
                     size_t *count, struct err *err)
{
    vec_of(struct store_group) rows = {0};
    sqlite3_stmt *stmt =
        store_db_query(store->db, err,
                       "SELECT slice,grp,part,first_chunk,chunks,rows,bytes,sha256,"
                       "state FROM groups WHERE run=? ORDER BY slice,grp,part",
                       "i", run);
    if (stmt == NULL)
        return -1;
    int rc;
    while ((rc = store_db_step(stmt, err)) == 1) {
        struct store_group row = {.slice = sqlite3_column_int(stmt, 0),
                                  .group = sqlite3_column_int(stmt, 1),
                                  .first_chunk = sqlite3_column_int64(stmt, 3),
                                  .chunks = sqlite3_column_int64(stmt, 4),
                                  .rows = sqlite3_column_int64(stmt, 5),
                                  .bytes = sqlite3_column_int64(stmt, 6),
                                  .state = sqlite3_column_int(stmt, 8)};
        store_db_text_into(stmt, 2, row.part, sizeof row.part);
        store_db_blob_into(stmt, 7, row.sha256, sizeof row.sha256);
        vec_push(&rows, row);
    }
    sqlite3_finalize(stmt);
    if (rc < 0) {
        vec_free(&rows);
        return -1;
    }
    *out = rows.items;
    *count = rows.count;
    return 0;
}

void store_files_free(struct store_file *files, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(files[i].name);
    free(files);
}

int store_files_list(struct store_state *store, int64_t run, struct store_file **out, size_t *count,
                     struct err *err)
{
    vec_of(struct store_file) rows = {0};
    sqlite3_stmt *stmt = store_db_query(
        store->db, err, "SELECT name,length,rows,sha256 FROM files WHERE run=? ORDER BY name", "i",
        run);
    if (stmt == NULL)
        return -1;
    int rc;
    while ((rc = store_db_step(stmt, err)) == 1) {
        struct store_file row = {.name = store_db_text(stmt, 0),
                                 .length = sqlite3_column_int64(stmt, 1),
                                 .rows = sqlite3_column_int64(stmt, 2)};
        store_db_blob_into(stmt, 3, row.sha256, sizeof row.sha256);
        vec_push(&rows, row);
    }
    sqlite3_finalize(stmt);
    if (rc < 0) {
        store_files_free(rows.items, rows.count);
        return -1;
    }
    *out = rows.items;
    *count = rows.count;
    return 0;
}

int store_generations_old(struct store_state *store, const char *sync_uuid, int keep, int64_t **out,
                          size_t *count, struct err *err)
{
    vec_of(int64_t) rows = {0};
    sqlite3_stmt *stmt =
        store_db_query(store->db, err,
                       "SELECT seq FROM generations WHERE sync_uuid=?1 AND removed_us=0 AND seq NOT"
                       " IN (SELECT seq FROM generations WHERE sync_uuid=?1 AND removed_us=0"
                       " ORDER BY seq DESC LIMIT ?2) ORDER BY seq",
                       "ti", sync_uuid, (int64_t)keep);
    if (stmt == NULL)
        return -1;
    int rc;
    while ((rc = store_db_step(stmt, err)) == 1)
        vec_push(&rows, sqlite3_column_int64(stmt, 0));
    sqlite3_finalize(stmt);
    if (rc < 0) {
        vec_free(&rows);
        return -1;
    }
    *out = rows.items;
    *count = rows.count;
    return 0;
}

struct adoption {
    int64_t run;
    const int64_t *seqs;
    size_t count;
};

static int adopt_body(struct store_state *store, void *arg, struct err *err)
{
    const struct adoption *adoption = arg;
    for (size_t i = 0; i < adoption->count; i++)
        if (store_db_run(store->db, err,
                         "INSERT OR IGNORE INTO generations(sync_uuid,seq,run,published_us)"
                         " SELECT sync_uuid,?,id,? FROM runs WHERE id=?",
                         "iii", adoption->seqs[i], base_seam_now_us(store->seam),
                         adoption->run) != 0)
            return -1;
    return 0;
}

int store_generations_adopt(struct store_state *store, int64_t run, const int64_t *seqs,
                            size_t count, struct err *err)
{
    struct adoption adoption = {run, seqs, count};
    return store_write(store, adopt_body, &adoption, err);
}

struct generation {
    const char *sync_uuid;
    int64_t seq;
};

static int removed_body(struct store_state *store, void *arg, struct err *err)
{
    const struct generation *generation = arg;
    return store_db_run(store->db, err,
                        "UPDATE generations SET removed_us=? WHERE sync_uuid=? AND seq=?", "iti",
                        base_seam_now_us(store->seam), generation->sync_uuid, generation->seq);
}

int store_generation_removed(struct store_state *store, const char *sync_uuid, int64_t seq,
                             struct err *err)
{
    struct generation generation = {sync_uuid, seq};
    return store_write(store, removed_body, &generation, err);
}
