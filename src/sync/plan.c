/* The first step: what will be read. Asks the workspace for the table and its newest version;
 * writes nothing. */
#include "sync/plan.h"

#include "sync/internal.h"

#include "base/alloc.h"
#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct sync_planner {
    struct sync *sync;
    struct model_share_table table;
    char *codec;
    struct databricks_call *call;
    struct sync_warehouse_look *look;
    struct sync_planned planned;
    void (*done)(void *user, struct sync_planned *planned, const struct err *err);
    void *user;
};

void sync_planned_free(struct sync_planned *planned)
{
    model_plan_free(&planned->plan);
    model_schema_free(&planned->refused);
    memset(planned, 0, sizeof *planned);
}

void sync_share_table_free(struct model_share_table *table)
{
    model_name_free(&table->name);
    free(table->mode);
    for (size_t i = 0; i < table->column_count; i++)
        free(table->columns[i]);
    free(table->columns);
    free(table->filter);
    memset(table, 0, sizeof *table);
}

struct model_share_table sync_share_table_dup(const struct model_share_table *table)
{
    struct model_share_table out = {
        .name = model_name_dup(&table->name),
        .mode = base_strdup(table->mode),
        .filter = base_strdup(table->filter),
        .paused = table->paused,
    };
    if (table->column_count) {
        out.columns = base_alloc_zero(table->column_count, sizeof *out.columns);
        for (size_t i = 0; i < table->column_count; i++)
            out.columns[out.column_count++] = base_strdup(table->columns[i]);
    }
    return out;
}

static struct model_column intent_column(const char *name)
{
    return (struct model_column){
        .name = base_strdup(name),
        .type = {.kind = MODEL_STRING, .text = base_strdup("string")},
        .nullable = true,
        .partition_index = -1,
    };
}

/* An intent reads nothing yet: its slice says so, and nothing else is mistaken for it. */
#define INTENT_PREDICATE "1 = 0"

bool sync_plan_is_intent(const struct model_plan *plan)
{
    return plan->slice_count == 1 && plan->slices[0].predicate &&
           !strcmp(plan->slices[0].predicate, INTENT_PREDICATE);
}

struct model_plan sync_plan_intent(const struct model_share_table *table, const char *codec)
{
    struct model_plan plan = {
        .table = model_name_dup(&table->name),
        .version = -1,
        .window = WINDOW_FULL,
        .filter = base_strdup(table->filter),
        .codec = base_strdup(codec),
    };
    plan.slices = base_alloc_zero(1, sizeof *plan.slices);
    plan.slices[0].predicate = base_strdup(INTENT_PREDICATE);
    plan.slice_count = 1;
    if (table->column_count) {
        plan.columns.columns = base_alloc_zero(table->column_count, sizeof *plan.columns.columns);
        for (size_t i = 0; i < table->column_count; i++)
            plan.columns.columns[plan.columns.count++] = intent_column(table->columns[i]);
    }
    return plan;
}

struct model_share_table sync_plan_request(const struct model_plan *plan)
{
    struct model_share_table table = {
        .name = model_name_dup(&plan->table),
        .mode = base_strdup("full"),
        .filter = base_strdup(plan->filter),
    };
    if (plan->columns.count) {
        table.columns = base_alloc_zero(plan->columns.count, sizeof *table.columns);
        for (size_t i = 0; i < plan->columns.count; i++)
            table.columns[table.column_count++] = base_strdup(plan->columns.columns[i].name);
    }
    return table;
}

static void planner_free(struct sync_planner *p)
{
    sync_share_table_free(&p->table);
    free(p->codec);
    sync_planned_free(&p->planned);
    free(p);
}

static void planner_end(struct sync_planner *p, const struct err *err)
{
    p->done(p->user, err ? NULL : &p->planned, err);
    planner_free(p);
}

static const struct model_column *column_find(const struct model_schema *schema, const char *name)
{
    for (size_t i = 0; i < schema->count; i++)
        if (base_text_equal_nocase(schema->columns[i].name, name))
            return &schema->columns[i];
    return NULL;
}

/* The columns asked for, in the order of the table: the order of a file does not depend on how the
 * list was typed. VOID columns hold nothing and have no Parquet type; no statement reads them. */
static int columns_choose(const struct model_share_table *want, const struct model_schema *have,
                          struct model_schema *out, struct err *err)
{
    for (size_t i = 0; i < want->column_count; i++)
        if (!column_find(have, want->columns[i]))
            return base_err_set(err, ERR_SCHEMA_COL_REMOVED, "column \"%s\" is not in the table",
                                want->columns[i]);
    out->columns = base_alloc_zero(have->count ? have->count : 1, sizeof *out->columns);
    for (size_t i = 0; i < have->count; i++) {
        bool wanted = want->column_count == 0;
        for (size_t k = 0; k < want->column_count && !wanted; k++)
            wanted = base_text_equal_nocase(want->columns[k], have->columns[i].name);
        if (wanted && have->columns[i].type.kind != MODEL_VOID)
            out->columns[out->count++] = model_column_dup(&have->columns[i]);
    }
    if (!out->count)
        return base_err_set(err, ERR_SCHEMA_COL_REMOVED,
                            "the table has no columns that can be seen");
    return 0;
}

static void columns_refused(const struct model_schema *columns, struct model_schema *out)
{
    out->columns = base_alloc_zero(columns->count ? columns->count : 1, sizeof *out->columns);
    for (size_t i = 0; i < columns->count; i++)
        if (!model_type_flat(&columns->columns[i].type))
            out->columns[out->count++] = model_column_dup(&columns->columns[i]);
}

static const char *unpinned_why(const struct databricks_table *table,
                                const struct model_schema *read)
{
    bool masked = table->masked;
    for (size_t i = 0; i < read->count; i++)
        masked = masked || read->columns[i].mask;
    if (databricks_table_is_view(table))
        return "view";
    if (table->row_filter)
        return "row filter";
    if (masked)
        return "column mask";
    if (!table->format || !base_text_equal_nocase(table->format, "DELTA"))
        return "not a Delta table";
    return NULL;
}

static int version_read(const struct databricks_query *q, int64_t *version, struct err *err)
{
    for (size_t c = 0;
         q->rows.row_count > 0 && c < q->rows.column_count && c < q->manifest.columns.count; c++) {
        if (!base_text_equal_nocase(q->manifest.columns.columns[c].name, "version"))
            continue;
        const char *cell = q->rows.cells[c];
        char *end = NULL;
        errno = 0;
        long long v = cell ? strtoll(cell, &end, 10) : -1;
        if (!cell || errno || end == cell || *end || v < 0)
            break;
        *version = v;
        return 0;
    }
    return base_err_set(err, ERR_SRC_UNCLASSIFIED, "the table's history shows no version");
}

static void history_done(void *user, const struct err *err, struct databricks_query *query)
{
    struct sync_planner *p = user;
    struct err own = ERR_INIT;
    p->call = NULL;
    if (err)
        own = *err;
    else
        (void)!version_read(query, &p->planned.plan.version, &own);
    if (own.code)
        base_err_context(&own, "reading the version");
    planner_end(p, own.code ? &own : NULL);
}

static int history_ask(struct sync_planner *p, struct err *err)
{
    struct buf sql;
    base_buf_init(&sql, 1 << 16);
    base_buf_text(&sql, "DESCRIBE HISTORY ");
    int rc = model_name_sql(&p->planned.plan.table, &sql, err);
    base_buf_text(&sql, " LIMIT 1");
    if (!rc)
        sync_warehouse_used(p->sync);
    if (!rc)
        p->call = databricks_query_json(p->sync->deps.databricks, SYNC_IDENTITY,
                                        p->sync->deps.settings.warehouse_id, sql.data, NULL, 0, 10,
                                        history_done, p);
    base_buf_free(&sql);
    return rc;
}

bool sync_planner_at_warehouse(const struct sync_planner *planner)
{
    return planner->call && planner->planned.plan.slice_count > 0; /* the catalog has answered */
}

static int plan_fill(struct sync_planner *p, struct databricks_table *table, struct err *err)
{
    struct model_plan *plan = &p->planned.plan;
    plan->table = model_name_dup(&p->table.name);
    plan->table_id = base_strdup(table->table_id);
    plan->version = -1;
    plan->window = WINDOW_FULL;
    plan->filter = base_strdup(p->table.filter);
    plan->row_filter = base_strdup(table->row_filter);
    plan->view_owner = base_strdup(databricks_table_view_owner(table));
    plan->codec = base_strdup(p->codec);
    plan->slices = base_alloc_zero(1, sizeof *plan->slices);
    plan->slice_count = 1;
    if (columns_choose(&p->table, &table->columns, &plan->columns, err))
        return -1;
    columns_refused(&plan->columns, &p->planned.refused);
    (void)!model_schema_check_flat(&plan->columns, &p->planned.refused_err);
    p->planned.unpinned_why = unpinned_why(table, &plan->columns);
    return 0;
}

static void warehouse_ready(void *user, const struct err *err)
{
    struct sync_planner *p = user;
    struct err own = ERR_INIT;
    p->look = NULL;
    if (err)
        planner_end(p, err);
    else if (p->planned.unpinned_why)
        planner_end(p, NULL);
    else if (history_ask(p, &own))
        planner_end(p, &own);
}

/* What arrives then is not what the table holds, and no count of ours can see that. */
static void filtered_log(const struct sync_planner *p, const struct databricks_table *table)
{
    if (table->row_filter || table->masked)
        base_log_event(p->sync->deps.log, LOG_WARN_, "sync.filtered", "table", p->table.name.table,
                       "code", base_err_name(ERR_SRC_ROWS_FILTERED), "reason",
                       table->row_filter ? table->row_filter : "column mask", NULL);
}

static void table_done(void *user, const struct err *err, struct databricks_table *table)
{
    struct sync_planner *p = user;
    struct err own = ERR_INIT;
    p->call = NULL;
    if (err) {
        planner_end(p, err);
        return;
    }
    filtered_log(p, table);
    if (!plan_fill(p, table, &own) && !*p->sync->deps.settings.warehouse_id)
        base_err_set(&own, ERR_CONFIG_MISSING, "no warehouse is chosen");
    if (own.code)
        planner_end(p, &own);
    else
        p->look = sync_warehouse_look_new(p->sync, warehouse_ready, p);
}

struct sync_planner *sync_planner_new(struct sync *sync, const struct model_share_table *table,
                                      void (*done)(void *user, struct sync_planned *planned,
                                                   const struct err *err),
                                      void *user)
{
    struct sync_planner *p = base_alloc_zero(1, sizeof *p);
    p->sync = sync;
    p->table = sync_share_table_dup(table);
    p->codec = base_strdup(sync->deps.settings.codec);
    p->done = done;
    p->user = user;
    p->call = databricks_table_get(sync->deps.databricks, SYNC_IDENTITY, &table->name, false,
                                   table_done, p);
    return p;
}

void sync_planner_cancel(struct sync_planner **planner)
{
    struct sync_planner *p = *planner;
    if (!p)
        return;
    *planner = NULL;
    databricks_cancel(&p->call);
    sync_warehouse_look_cancel(&p->look);
    planner_free(p);
}
