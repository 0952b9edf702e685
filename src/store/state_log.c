/* The operator log (a hash chain), facts, and what is known about secrets without knowing them. */
#include "store/state_private.h"

#include "base/alloc.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/vec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HASH_LEN ((size_t)32)

struct oplog_line {
    int64_t at_us, uid;
    const char *verb, *detail;
};

/* Lengths are part of what is hashed, so that text cannot move between the fields unseen. */
static void oplog_hash(const uint8_t previous[HASH_LEN], int64_t id, const struct oplog_line *line,
                       uint8_t out[HASH_LEN])
{
    char head[160];
    int n = snprintf(head, sizeof head, "%lld %lld %lld %zu %zu ", (long long)id,
                     (long long)line->at_us, (long long)line->uid, strlen(line->verb),
                     strlen(line->detail));
    struct base_sha256 *state = base_sha256_new();
    base_sha256_update(state, previous, HASH_LEN);
    base_sha256_update(state, head, (size_t)n);
    base_sha256_update(state, line->verb, strlen(line->verb));
    base_sha256_update(state, line->detail, strlen(line->detail));
    base_sha256_final(&state, out);
}

static int oplog_last(struct store_state *store, int64_t *id, uint8_t hash[HASH_LEN],
                      struct err *err)
{
    *id = 0;
    memset(hash, 0, HASH_LEN);
    sqlite3_stmt *stmt =
        store_db_query(store->db, err, "SELECT id,hash FROM oplog ORDER BY id DESC LIMIT 1", "");
    if (stmt == NULL)
        return -1;
    int rc = store_db_step(stmt, err);
    if (rc == 1) {
        *id = sqlite3_column_int64(stmt, 0);
        store_db_blob_into(stmt, 1, hash, HASH_LEN);
    }
    sqlite3_finalize(stmt);
    return rc < 0 ? -1 : 0;
}

static int oplog_body(struct store_state *store, void *arg, struct err *err)
{
    const struct oplog_line *line = arg;
    int64_t id;
    uint8_t previous[HASH_LEN], hash[HASH_LEN];
    if (oplog_last(store, &id, previous, err) != 0)
        return -1;
    oplog_hash(previous, id + 1, line, hash);
    return store_db_run(
        store->db, err, "INSERT INTO oplog(id,at_us,uid,verb,detail,hash) VALUES(?,?,?,?,?,?)",
        "iiittb", id + 1, line->at_us, line->uid, line->verb, line->detail, hash, sizeof hash);
}

int store_oplog_add(struct store_state *store, int64_t uid, const char *verb,
                    const struct cJSON *detail, struct err *err)
{
    char *text = detail != NULL ? base_json_print(detail) : base_strdup("{}");
    struct oplog_line line = {base_seam_now_us(store->seam), uid, verb, text};
    int rc = store_write(store, oplog_body, &line, err);
    free(text);
    return rc;
}

struct cJSON *store_oplog_list(struct store_state *store, int offset, int limit, struct err *err)
{
    sqlite3_stmt *stmt = store_db_query(store->db, err,
                                        "SELECT id,at_us,uid,verb,detail,hash FROM oplog"
                                        " ORDER BY id DESC LIMIT ? OFFSET ?",
                                        "ii", (int64_t)limit, (int64_t)offset);
    if (stmt == NULL)
        return NULL;
    cJSON *list = cJSON_CreateArray();
    int rc;
    while ((rc = store_db_step(stmt, err)) == 1) {
        uint8_t hash[HASH_LEN];
        char hex[2 * HASH_LEN + 1];
        const char *detail = (const char *)sqlite3_column_text(stmt, 4);
        cJSON *line = base_json_object();
        base_json_add_i64(line, "id", sqlite3_column_int64(stmt, 0));
        base_json_add_time(line, "time", sqlite3_column_int64(stmt, 1));
        base_json_add_i64(line, "uid", sqlite3_column_int64(stmt, 2));
        base_json_add_str(line, "verb", (const char *)sqlite3_column_text(stmt, 3));
        cJSON *json = base_json_parse(detail, strlen(detail), JSON_MAX_BYTES, NULL);
        base_json_add_take(line, "detail", json != NULL ? json : base_json_object());
        store_db_blob_into(stmt, 5, hash, sizeof hash);
        base_hex(hash, sizeof hash, hex);
        base_json_add_str(line, "hash", hex);
        base_json_push_take(list, line);
    }
    sqlite3_finalize(stmt);
    if (rc < 0) {
        cJSON_Delete(list);
        return NULL;
    }
    return list;
}

int store_oplog_verify(struct store_state *store, int64_t *lines, int64_t *bad_id, struct err *err)
{
    uint8_t previous[HASH_LEN] = {0}, expected[HASH_LEN], found[HASH_LEN];
    *lines = 0;
    *bad_id = 0;
    sqlite3_stmt *stmt = store_db_query(
        store->db, err, "SELECT id,at_us,uid,verb,detail,hash FROM oplog ORDER BY id", "");
    if (stmt == NULL)
        return -1;
    int rc;
    while ((rc = store_db_step(stmt, err)) == 1) {
        struct oplog_line line = {sqlite3_column_int64(stmt, 1), sqlite3_column_int64(stmt, 2),
                                  (const char *)sqlite3_column_text(stmt, 3),
                                  (const char *)sqlite3_column_text(stmt, 4)};
        int64_t id = sqlite3_column_int64(stmt, 0);
        store_db_blob_into(stmt, 5, found, sizeof found);
        oplog_hash(previous, *lines + 1, &line, expected);
        if (id != *lines + 1 || memcmp(expected, found, sizeof found) != 0) {
            *bad_id = id;
            break;
        }
        (*lines)++;
        memcpy(previous, found, sizeof previous);
    }
    sqlite3_finalize(stmt);
    return rc < 0 ? -1 : 0;
}

/* --- facts
 * --------------------------------------------------------------------------------------------------
 */

struct fact {
    const char *key, *value;
};

static int fact_body(struct store_state *store, void *arg, struct err *err)
{
    const struct fact *fact = arg;
    if (fact->value == NULL)
        return store_db_run(store->db, err, "DELETE FROM facts WHERE key=?", "t", fact->key);
    return store_db_run(store->db, err, "INSERT OR REPLACE INTO facts(key,value) VALUES(?,?)", "tt",
                        fact->key, fact->value);
}

int store_fact_put(struct store_state *store, const char *key, const char *value, struct err *err)
{
    struct fact fact = {key, value};
    return store_write(store, fact_body, &fact, err);
}

char *store_fact_get(struct store_state *store, const char *key, struct err *err)
{
    sqlite3_stmt *stmt =
        store_db_query(store->db, err, "SELECT value FROM facts WHERE key=?", "t", key);
    if (stmt == NULL)
        return NULL;
    char *value = store_db_step(stmt, err) == 1 ? store_db_text(stmt, 0) : NULL;
    sqlite3_finalize(stmt);
    return value;
}

/* --- secrets' metadata
 * -------------------------------------------------------------------------------------- */

static int info_body(struct store_state *store, void *arg, struct err *err)
{
    const struct store_secret_info *info = arg;
    return store_db_run(store->db, err,
                        "INSERT OR REPLACE INTO secrets(name,fingerprint,created_us,expires_us)"
                        " VALUES(?,?,?,?)",
                        "ttii", info->name, info->fingerprint, info->created_us, info->expires_us);
}

int store_secret_info_put(struct store_state *store, const struct store_secret_info *info,
                          struct err *err)
{
    struct store_secret_info copy = *info;
    return store_write(store, info_body, &copy, err);
}

static int info_remove_body(struct store_state *store, void *arg, struct err *err)
{
    return store_db_run(store->db, err, "DELETE FROM secrets WHERE name=?", "t", (const char *)arg);
}

int store_secret_info_remove(struct store_state *store, const char *name, struct err *err)
{
    char *copy = base_strdup(name);
    int rc = store_write(store, info_remove_body, copy, err);
    free(copy);
    return rc;
}

int store_secret_info_list(struct store_state *store, struct store_secret_info **out, size_t *count,
                           struct err *err)
{
    vec_of(struct store_secret_info) rows = {0};
    sqlite3_stmt *stmt = store_db_query(
        store->db, err, "SELECT name,fingerprint,created_us,expires_us FROM secrets ORDER BY name",
        "");
    if (stmt == NULL)
        return -1;
    int rc;
    while ((rc = store_db_step(stmt, err)) == 1) {
        struct store_secret_info row = {.created_us = sqlite3_column_int64(stmt, 2),
                                        .expires_us = sqlite3_column_int64(stmt, 3)};
        store_db_text_into(stmt, 0, row.name, sizeof row.name);
        store_db_text_into(stmt, 1, row.fingerprint, sizeof row.fingerprint);
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
