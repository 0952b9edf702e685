#include "fake_workspace.h"

#include "base/alloc.h"
#include "databricks/catalog.h"
#include "databricks/history.h"
#include "databricks/statement.h"
#include "databricks/warehouse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Schema and batch message of one batch of 100 rows of two Int64 columns, as pyarrow writes them;
 * the body follows. */
static const uint8_t stream_head[] = {
    0xff, 0xff, 0xff, 0xff, 0xb0, 0x00, 0x00, 0x00, 0x10, 0x00, 0x00, 0x00, 0x00, 0x00, 0x0a, 0x00,
    0x0c, 0x00, 0x06, 0x00, 0x05, 0x00, 0x08, 0x00, 0x0a, 0x00, 0x00, 0x00, 0x00, 0x01, 0x04, 0x00,
    0x0c, 0x00, 0x00, 0x00, 0x08, 0x00, 0x08, 0x00, 0x00, 0x00, 0x04, 0x00, 0x08, 0x00, 0x00, 0x00,
    0x04, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x48, 0x00, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00,
    0xd0, 0xff, 0xff, 0xff, 0x00, 0x00, 0x01, 0x02, 0x10, 0x00, 0x00, 0x00, 0x18, 0x00, 0x00, 0x00,
    0x04, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x05, 0x00, 0x00, 0x00, 0x74, 0x77, 0x69, 0x63,
    0x65, 0x00, 0x00, 0x00, 0xc4, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x01, 0x40, 0x00, 0x00, 0x00,
    0x10, 0x00, 0x14, 0x00, 0x08, 0x00, 0x06, 0x00, 0x07, 0x00, 0x0c, 0x00, 0x00, 0x00, 0x10, 0x00,
    0x10, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x02, 0x10, 0x00, 0x00, 0x00, 0x1c, 0x00, 0x00, 0x00,
    0x04, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x69, 0x64, 0x00, 0x00,
    0x08, 0x00, 0x0c, 0x00, 0x08, 0x00, 0x07, 0x00, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01,
    0x40, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xb8, 0x00, 0x00, 0x00,
    0x14, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x0c, 0x00, 0x16, 0x00, 0x06, 0x00, 0x05, 0x00,
    0x08, 0x00, 0x0c, 0x00, 0x0c, 0x00, 0x00, 0x00, 0x00, 0x03, 0x04, 0x00, 0x18, 0x00, 0x00, 0x00,
    0x40, 0x06, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x0a, 0x00, 0x18, 0x00, 0x0c, 0x00,
    0x04, 0x00, 0x08, 0x00, 0x0a, 0x00, 0x00, 0x00, 0x5c, 0x00, 0x00, 0x00, 0x10, 0x00, 0x00, 0x00,
    0x64, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x20, 0x03, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x20, 0x03, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x20, 0x03, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x20, 0x03, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x64, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x64, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
};
static const uint8_t stream_end[] = {0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0};

enum kind {
    KIND_TABLE,
    KIND_QUERY,
    KIND_EXECUTE,
    KIND_WAIT,
    KIND_LINKS,
    KIND_FETCH,
    KIND_HISTORY,
    KIND_WAREHOUSE,
    KIND_END
};

struct databricks_call {
    struct fake_workspace *fake;
    enum kind kind;
    uint64_t timer;
    int64_t chunk;
    char id[64], sql[512];
    void *user;
    void (*table)(void *, const struct err *, struct databricks_table *);
    void (*query)(void *, const struct err *, struct databricks_query *);
    void (*statement)(void *, const struct err *, struct databricks_statement *);
    void (*link)(void *, const struct err *, struct databricks_links *);
    void (*fetch)(void *, const struct err *, struct buf *);
    void (*warehouse)(void *, const struct err *, struct databricks_warehouse *);
    void (*history)(void *, const struct err *, const struct databricks_history_found *);
    void (*end)(void *, const struct err *);
};

struct databricks *fake_databricks(struct fake_workspace *fake)
{
    return (struct databricks *)fake;
}

static struct model_column column(const char *name, enum model_kind kind)
{
    return (struct model_column){.name = base_strdup(name),
                                 .type = {.kind = kind, .text = base_strdup("bigint")},
                                 .nullable = true,
                                 .partition_index = -1};
}

static struct model_schema columns(const struct fake_workspace *fake)
{
    struct model_schema s = {base_alloc_zero(3, sizeof *s.columns), 2};
    s.columns[0] = column("id", MODEL_LONG);
    s.columns[1] = column("twice", MODEL_LONG);
    if (fake->nested)
        s.columns[s.count++] = column("things", MODEL_ARRAY);
    return s;
}

static void failure(struct err *err, enum err_code code)
{
    base_err_set(err, code, "the fake workspace says so");
}

static void table_fire(struct databricks_call *c)
{
    struct err err = ERR_INIT;
    struct databricks_table t = {.table_type = (char *)(c->fake->view ? "VIEW" : "MANAGED"),
                                 .format = (char *)"DELTA",
                                 .row_filter = (char *)(c->fake->filtered ? "f" : NULL),
                                 .table_id = (char *)"1"};
    if (c->fake->refuse_table) {
        failure(&err, c->fake->refuse_table);
        c->table(c->user, &err, NULL);
        return;
    }
    t.columns = columns(c->fake);
    c->table(c->user, NULL, &t);
    model_schema_free(&t.columns);
}

static void query_fire(struct databricks_call *c)
{
    struct databricks_query q = {0};
    bool history = strstr(c->sql, "DESCRIBE HISTORY") != NULL;
    struct model_column col = column(history ? "version" : "n", MODEL_LONG);
    char number[32];
    char *cell = number;
    int64_t rows =
        (int64_t)c->fake->chunks * FAKE_CHUNK_ROWS + (c->fake->lies_left ? c->fake->lie_count : 0);
    snprintf(number, sizeof number, "%lld", (long long)(history ? c->fake->version : rows));
    q.manifest.columns = (struct model_schema){&col, 1};
    q.rows.cells = &cell;
    q.rows.row_count = q.rows.column_count = 1;
    c->query(c->user, NULL, &q);
    model_column_free(&col);
}

static void execute_fire(struct databricks_call *c)
{
    struct databricks_statement s = {.state = DATABRICKS_PENDING};
    struct err err = ERR_INIT;
    if (c->fake->refuse_execute) {
        failure(&err, c->fake->refuse_execute);
        c->statement(c->user, &err, NULL);
        return;
    }
    if (c->fake->lose_execute) {
        c->fake->lose_execute--;
        c->fake->executed += c->fake->lost_is_there;
        failure(&err, ERR_NET_RESET);
        c->statement(c->user, &err, NULL);
        return;
    }
    snprintf(s.id, sizeof s.id, "statement-%d", ++c->fake->executed);
    c->statement(c->user, NULL, &s);
}

static void warehouse_fire(struct databricks_call *c)
{
    struct databricks_warehouse w = {
        .name = (char *)"small",
        .state = (char *)(c->fake->warehouse_stopped ? "STOPPED" : "RUNNING")};
    c->fake->warehouse_looks++;
    c->warehouse(c->user, NULL, &w);
}

static void history_fire(struct databricks_call *c)
{
    struct databricks_history_found found = {0};
    c->fake->history_looks++;
    if (c->fake->lost_is_there)
        snprintf(found.id, sizeof found.id, "statement-%d", c->fake->executed);
    c->history(c->user, NULL, &found);
}

static void manifest_fill(struct fake_workspace *f, struct databricks_manifest *m)
{
    bool lie = f->lies_left != 0;
    m->format = (char *)"ARROW_STREAM";
    m->columns = columns(f);
    m->column_count = (int64_t)m->columns.count;
    m->chunk_count = (size_t)f->chunks;
    m->chunks = base_alloc_zero((size_t)f->chunks + 1, sizeof *m->chunks);
    for (int i = 0; i < f->chunks; i++)
        m->chunks[i] =
            (struct databricks_chunk){i, (int64_t)i * FAKE_CHUNK_ROWS, FAKE_CHUNK_ROWS, 1984};
    m->total_chunk_count = f->chunks + (lie ? f->lie_chunks : 0);
    m->total_row_count = (int64_t)f->chunks * FAKE_CHUNK_ROWS + (lie ? f->lie_total : 0);
    m->total_byte_count = (int64_t)f->chunks * 1984;
    m->truncated = f->truncated;
    if (lie && f->chunks > 1)
        m->chunks[1].row_offset += f->lie_offset;
    if (lie && f->swap_last)
        m->chunks[f->chunks - 1] = m->chunks[0];
}

static void wait_fire(struct databricks_call *c)
{
    struct databricks_statement s = {.state = DATABRICKS_SUCCEEDED, .has_manifest = true};
    struct err err = ERR_INIT;
    if (c->fake->fail_statement) {
        failure(&err, c->fake->fail_statement);
        c->statement(c->user, &err, NULL);
        return;
    }
    snprintf(s.id, sizeof s.id, "%s", c->id);
    manifest_fill(c->fake, &s.manifest);
    c->statement(c->user, NULL, &s);
    model_schema_free(&s.manifest.columns);
    free(s.manifest.chunks);
}

static void links_fire(struct databricks_call *c)
{
    struct fake_workspace *f = c->fake;
    struct err err = ERR_INIT;
    int64_t rows = FAKE_CHUNK_ROWS + (f->lies_left ? f->lie_link_rows : 0);
    struct databricks_link link = {.chunk_index = c->chunk,
                                   .row_offset = c->chunk * FAKE_CHUNK_ROWS,
                                   .row_count = rows,
                                   .byte_count = 1984,
                                   .next_chunk_index = -1};
    struct databricks_links links = {&link, 1};
    f->links++;
    if (f->result_gone_after >= 0 && f->links > f->result_gone_after) {
        f->result_gone_after = -1;
        failure(&err, ERR_SRC_STMT_CLOSED);
        c->link(c->user, &err, NULL);
        return;
    }
    if (++f->links_open > f->most_links_ahead)
        f->most_links_ahead = f->links_open;
    c->link(c->user, NULL, &links);
}

static void chunk_bytes(const struct fake_workspace *f, int64_t chunk, struct buf *out)
{
    base_buf_init(out, 1 << 16);
    base_buf_append(out, stream_head, sizeof stream_head);
    for (int column_at = 1; column_at <= 2; column_at++)
        for (int i = 0; i < FAKE_CHUNK_ROWS; i++)
            base_buf_u64le(out, (uint64_t)((chunk * FAKE_CHUNK_ROWS + i) * column_at));
    if (f->lies_left && f->lie_rows > 0) { /* the batch once more */
        size_t batch = 0;
        for (size_t i = 8; i + 4 <= sizeof stream_head && !batch; i += 8)
            if (!memcmp(stream_head + i, "\xff\xff\xff\xff", 4))
                batch = i;
        char *copy = base_alloc(out->len);
        size_t len = out->len - batch;
        memcpy(copy, out->data + batch, len);
        base_buf_append(out, copy, len);
        free(copy);
    }
    if (f->lies_left && f->lie_rows < 0) { /* only the schema */
        for (size_t i = 8; i + 4 <= sizeof stream_head; i += 8)
            if (!memcmp(stream_head + i, "\xff\xff\xff\xff", 4)) {
                out->len = i;
                break;
            }
    }
    base_buf_append(out, stream_end, sizeof stream_end);
}

static void fetch_fire(struct databricks_call *c)
{
    struct fake_workspace *f = c->fake;
    struct err err = ERR_INIT;
    struct buf body;
    f->fetches++;
    f->links_open--;
    if (f->links_expire > 0) {
        f->links_expire--;
        failure(&err, ERR_SRC_LINK_EXPIRED);
        c->fetch(c->user, &err, NULL);
        return;
    }
    chunk_bytes(f, c->chunk, &body);
    if (f->corrupt > 0 && f->fetches > f->corrupt_after) {
        f->corrupt--;
        memset(body.data + 8, 0xee, 32);
    }
    c->fetch(c->user, NULL, &body);
    base_buf_free(&body);
}

static void call_fire(void *user)
{
    struct databricks_call *c = user;
    static void (*const fire[])(struct databricks_call *) = {
        [KIND_TABLE] = table_fire,     [KIND_QUERY] = query_fire,
        [KIND_EXECUTE] = execute_fire, [KIND_WAIT] = wait_fire,
        [KIND_LINKS] = links_fire,     [KIND_FETCH] = fetch_fire,
        [KIND_HISTORY] = history_fire, [KIND_WAREHOUSE] = warehouse_fire};
    c->fake->open_calls--;
    if (c->kind == KIND_END)
        c->end(c->user, NULL);
    else
        fire[c->kind](c);
    free(c);
}

static struct databricks_call *call_new(struct databricks *db, enum kind kind, void *user)
{
    struct databricks_call *c = base_alloc_zero(1, sizeof *c);
    c->fake = (struct fake_workspace *)db;
    c->kind = kind;
    c->user = user;
    c->fake->open_calls++;
    if (kind != KIND_WAIT || !c->fake->slow)
        c->timer = net_loop_after(c->fake->loop, 0, call_fire, c);
    return c;
}

void databricks_cancel(struct databricks_call **call)
{
    struct databricks_call *c = *call;
    if (!c)
        return;
    if (c->kind == KIND_FETCH)
        c->fake->links_open--;
    c->fake->open_calls--;
    net_loop_cancel_timer(c->fake->loop, c->timer);
    free(c);
    *call = NULL;
}

bool databricks_table_is_view(const struct databricks_table *table)
{
    return strcmp(table->table_type, "VIEW") == 0;
}

const char *databricks_table_view_owner(const struct databricks_table *table)
{
    return databricks_table_is_view(table) ? table->owner : NULL;
}

bool databricks_state_over(enum databricks_state state)
{
    return state >= DATABRICKS_SUCCEEDED;
}

struct databricks_call *databricks_table_get(
    struct databricks *db, enum databricks_identity identity, const struct model_name *name,
    bool include_browse,
    void (*done)(void *user, const struct err *err, struct databricks_table *table), void *user)
{
    struct databricks_call *c = call_new(db, KIND_TABLE, user);
    (void)identity, (void)name, (void)include_browse;
    c->table = done;
    return c;
}

struct databricks_call *databricks_query_json(
    struct databricks *db, enum databricks_identity identity, const char *warehouse,
    const char *sql, const struct databricks_param *params, size_t param_count, size_t max_rows,
    void (*done)(void *user, const struct err *err, struct databricks_query *query), void *user)
{
    struct databricks_call *c = call_new(db, KIND_QUERY, user);
    (void)identity, (void)warehouse, (void)params, (void)param_count, (void)max_rows;
    snprintf(c->sql, sizeof c->sql, "%s", sql);
    c->query = done;
    return c;
}

struct databricks_call *databricks_history_find(
    struct databricks *db, enum databricks_identity identity,
    const struct databricks_history_look *look,
    void (*done)(void *user, const struct err *err, const struct databricks_history_found *found),
    void *user)
{
    struct databricks_call *c = call_new(db, KIND_HISTORY, user);
    (void)identity;
    if (strncmp(look->mark, "aampe:", 6) != 0)
        bug("the mark is not ours");
    c->history = done;
    return c;
}

struct databricks_call *databricks_statement_execute(
    struct databricks *db, enum databricks_identity identity,
    const struct databricks_execute *execute,
    void (*done)(void *user, const struct err *err, struct databricks_statement *statement),
    void *user)
{
    struct databricks_call *c = call_new(db, KIND_EXECUTE, user);
    (void)identity, (void)execute;
    c->statement = done;
    return c;
}

struct net_http *databricks_http(struct databricks *db)
{
    (void)db;
    return NULL;
}

struct databricks_call *databricks_statement_wait(
    struct databricks *db, enum databricks_identity identity, const char *id,
    void (*state)(void *user, enum databricks_state state),
    void (*done)(void *user, const struct err *err, struct databricks_statement *statement),
    void *user)
{
    struct databricks_call *c = call_new(db, KIND_WAIT, user);
    (void)identity, (void)state;
    snprintf(c->id, sizeof c->id, "%s", id);
    c->statement = done;
    return c;
}

struct databricks_call *databricks_statement_links(
    struct databricks *db, enum databricks_identity identity, const char *id, int64_t chunk,
    void (*done)(void *user, const struct err *err, struct databricks_links *links), void *user)
{
    struct databricks_call *c = call_new(db, KIND_LINKS, user);
    (void)identity, (void)id;
    c->chunk = chunk;
    c->link = done;
    return c;
}

struct databricks_call *
databricks_link_fetch(struct databricks *db, const struct databricks_link *link, size_t max_bytes,
                      void (*progress)(void *user, int64_t received),
                      void (*done)(void *user, const struct err *err, struct buf *body), void *user)
{
    struct databricks_call *c = call_new(db, KIND_FETCH, user);
    (void)max_bytes, (void)progress;
    c->chunk = link->chunk_index;
    c->fetch = done;
    return c;
}

static struct databricks_call *end_new(struct databricks *db,
                                       void (*done)(void *, const struct err *), void *user)
{
    struct databricks_call *c = call_new(db, KIND_END, user);
    c->end = done;
    return c;
}

struct databricks_call *databricks_statement_cancel(struct databricks *db,
                                                    enum databricks_identity identity,
                                                    const char *id,
                                                    void (*done)(void *user, const struct err *err),
                                                    void *user)
{
    (void)identity, (void)id;
    ((struct fake_workspace *)db)->cancelled++;
    /* A workspace that lies does so for so many statements. */
    if (((struct fake_workspace *)db)->lies_left > 0)
        ((struct fake_workspace *)db)->lies_left--;
    return end_new(db, done, user);
}

struct databricks_call *
databricks_statement_close(struct databricks *db, enum databricks_identity identity, const char *id,
                           void (*done)(void *user, const struct err *err), void *user)
{
    (void)identity, (void)id;
    ((struct fake_workspace *)db)->closed++;
    return end_new(db, done, user);
}

struct databricks_call *databricks_warehouse_get(
    struct databricks *db, enum databricks_identity identity, const char *id,
    void (*done)(void *user, const struct err *err, struct databricks_warehouse *warehouse),
    void *user)
{
    struct databricks_call *c = call_new(db, KIND_WAREHOUSE, user);
    (void)identity, (void)id;
    c->warehouse = done;
    return c;
}
