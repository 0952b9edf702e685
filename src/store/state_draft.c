/* The draft of ticks: a head and a list of operations. */
#include "store/draft.h"

#include "store/state_private.h"

#include <string.h>

int store_draft_head(struct store_state *store, struct store_draft_head *out, struct err *err)
{
    *out = (struct store_draft_head){0};
    sqlite3_stmt *stmt = store_db_query(
        store->db, err, "SELECT revision,updated_us,author FROM draft_head WHERE one=1", "");
    if (stmt == NULL)
        return -1;
    int rc = store_db_step(stmt, err);
    if (rc == 1) {
        out->revision = sqlite3_column_int64(stmt, 0);
        out->updated_us = sqlite3_column_int64(stmt, 1);
        store_db_text_into(stmt, 2, out->author, sizeof out->author);
    }
    sqlite3_finalize(stmt);
    return rc < 0 ? -1 : 0;
}

int store_draft_each(struct store_state *store,
                     void (*each)(void *user, const struct store_draft_op *op), void *user,
                     struct err *err)
{
    sqlite3_stmt *stmt = store_db_query(
        store->db, err, "SELECT id,at_us,uid,author,what,items FROM draft_ops ORDER BY id", "");
    if (stmt == NULL)
        return -1;
    int rc;
    while ((rc = store_db_step(stmt, err)) == 1) {
        struct store_draft_op op = {.id = sqlite3_column_int64(stmt, 0),
                                    .at_us = sqlite3_column_int64(stmt, 1),
                                    .uid = sqlite3_column_int64(stmt, 2)};
        store_db_text_into(stmt, 3, op.author, sizeof op.author);
        store_db_text_into(stmt, 4, op.what, sizeof op.what);
        op.items = sqlite3_column_blob(stmt, 5);
        op.len = op.items ? (size_t)sqlite3_column_bytes(stmt, 5) : 0;
        each(user, &op);
    }
    sqlite3_finalize(stmt);
    return rc < 0 ? -1 : 0;
}

struct change {
    const struct store_draft_head *head;
    int64_t remove_from, remove_to;
    const struct store_draft_op *add;
    int64_t id;
};

static int op_insert(struct store_state *store, struct change *change, struct err *err)
{
    const struct store_draft_op *op = change->add;
    const void *items = op->len ? op->items : "";
    if (op->id != 0) {
        change->id = op->id;
        return store_db_run(store->db, err,
                            "INSERT INTO draft_ops(id,at_us,uid,author,what,items)"
                            " VALUES(?,?,?,?,?,?)",
                            "iiittb", op->id, op->at_us, op->uid, op->author, op->what, items,
                            op->len);
    }
    if (store_db_run(store->db, err,
                     "INSERT INTO draft_ops(at_us,uid,author,what,items) VALUES(?,?,?,?,?)",
                     "iittb", op->at_us, op->uid, op->author, op->what, items, op->len) != 0)
        return -1;
    change->id = sqlite3_last_insert_rowid(store->db);
    return 0;
}

static int change_body(struct store_state *store, void *arg, struct err *err)
{
    struct change *change = arg;
    const struct store_draft_head *head = change->head;
    if (store_db_run(store->db, err, "DELETE FROM draft_ops WHERE id>=? AND id<=?", "ii",
                     change->remove_from, change->remove_to) != 0 ||
        (change->add && op_insert(store, change, err) != 0))
        return -1;
    return store_db_run(store->db, err,
                        "INSERT OR REPLACE INTO draft_head(one,revision,updated_us,author)"
                        " VALUES(1,?,?,?)",
                        "iit", head->revision, head->updated_us, head->author);
}

int store_draft_change(struct store_state *store, const struct store_draft_head *head,
                       int64_t remove_from, int64_t remove_to, const struct store_draft_op *add,
                       int64_t *id, struct err *err)
{
    struct change change = {head, remove_from, remove_to, add, 0};
    if (store_write(store, change_body, &change, err) != 0)
        return -1;
    if (id)
        *id = change.id;
    return 0;
}
