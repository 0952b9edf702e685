#include "model/plan.h"

#include "base/alloc.h"
#include "base/json.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define STATEMENT_MAX ((size_t)16 << 20)
#define SLICES_MAX 100000

static const char *const window_names[] = {
    [WINDOW_FULL] = "full", [WINDOW_WATERMARK] = "watermark", [WINDOW_FEED] = "feed"};

void model_plan_free(struct model_plan *plan)
{
    model_name_free(&plan->table);
    free(plan->table_id);
    model_schema_free(&plan->columns);
    free(plan->filter);
    free(plan->row_filter);
    free(plan->view_owner);
    for (size_t i = 0; i < plan->partition_count; i++)
        free(plan->partition_by[i]);
    free(plan->partition_by);
    for (size_t i = 0; i < plan->slice_count; i++)
        free(plan->slices[i].predicate);
    free(plan->slices);
    free(plan->codec);
    *plan = (struct model_plan){0};
}

struct cJSON *model_plan_to_json(const struct model_plan *plan)
{
    cJSON *json = base_json_object(), *list;
    char *table = model_name_text(&plan->table);

    base_json_add_str(json, "table", table);
    base_json_add_str(json, "table_id", plan->table_id);
    base_json_add_i64(json, "version", plan->version);
    base_json_add_str(json, "window", window_names[plan->window]);
    base_json_add_take(json, "columns", model_schema_to_json(&plan->columns));
    base_json_add_str(json, "filter", plan->filter);
    base_json_add_str(json, "row_filter", plan->row_filter);
    base_json_add_str(json, "view_owner", plan->view_owner);
    list = base_json_add_array(json, "partition_by");
    for (size_t i = 0; i < plan->partition_count; i++)
        base_json_push_take(list, cJSON_CreateString(plan->partition_by[i]));
    list = base_json_add_array(json, "slices");
    for (size_t i = 0; i < plan->slice_count; i++) {
        cJSON *slice = base_json_object();

        base_json_add_i64(slice, "index", plan->slices[i].index);
        base_json_add_str(slice, "predicate", plan->slices[i].predicate);
        base_json_push_take(list, slice);
    }
    base_json_add_str(json, "codec", plan->codec);
    free(table);
    return json;
}

static int window_parse(const char *text, enum model_window *window)
{
    for (size_t i = 0; text && i < base_countof(window_names); i++) {
        if (!strcmp(text, window_names[i])) {
            *window = (enum model_window)i;
            return 0;
        }
    }
    return -1;
}

static int partitions_from_json(const cJSON *list, struct model_plan *out, struct err *err)
{
    int count = cJSON_GetArraySize(list);
    const cJSON *item;

    if (count < 1)
        return 0;
    out->partition_by = base_alloc_zero((size_t)count, sizeof *out->partition_by);
    cJSON_ArrayForEach(item, list)
    {
        if (!cJSON_IsString(item))
            return base_err_set(err, ERR_CONFIG_INVALID, "a partition column is no name");
        out->partition_by[out->partition_count++] = base_strdup(item->valuestring);
    }
    return 0;
}

static int slices_from_json(const cJSON *list, struct model_plan *out, struct err *err)
{
    int count = cJSON_GetArraySize(list);
    const cJSON *item;

    if (count < 1 || count > SLICES_MAX)
        return base_err_set(err, ERR_CONFIG_INVALID, "a plan has 1 to %d slices", SLICES_MAX);
    out->slices = base_alloc_zero((size_t)count, sizeof *out->slices);
    cJSON_ArrayForEach(item, list)
    {
        int64_t index = base_json_i64_or(item, "index", -1);
        struct model_slice *slice = &out->slices[out->slice_count];

        if (index != (int64_t)out->slice_count)
            return base_err_set(err, ERR_CONFIG_INVALID, "slice %zu has another number",
                                out->slice_count);
        out->slice_count++;
        slice->index = (int)index;
        slice->predicate = base_strdup(base_json_str(item, "predicate"));
    }
    return 0;
}

int model_plan_from_json(const struct cJSON *json, struct model_plan *out, struct err *err)
{
    const char *table = base_json_str(json, "table");
    int result;

    *out = (struct model_plan){0};
    if (!table || window_parse(base_json_str(json, "window"), &out->window))
        result = base_err_set(err, ERR_CONFIG_INVALID, "it lacks its table or window");
    else if (!(result = model_name_parse(table, &out->table, err)) &&
             !(result =
                   model_schema_from_json(base_json_get(json, "columns"), &out->columns, err)) &&
             !(result = partitions_from_json(base_json_get(json, "partition_by"), out, err)))
        result = slices_from_json(base_json_get(json, "slices"), out, err);
    if (result) {
        model_plan_free(out);
        return base_err_context(err, "stored plan");
    }
    out->table_id = base_strdup(base_json_str(json, "table_id"));
    out->version = base_json_i64_or(json, "version", -1);
    out->filter = base_strdup(base_json_str(json, "filter"));
    out->row_filter = base_strdup(base_json_str(json, "row_filter"));
    out->view_owner = base_strdup(base_json_str(json, "view_owner"));
    out->codec = base_strdup(base_json_str_or(json, "codec", "snappy"));
    return 0;
}

/* End of the quoted text that begins at text[0] (the closing quote), or NULL. */
static const char *quoted_end(const char *text)
{
    char quote = *text;

    for (text++; *text; text++) {
        if (*text == '\\' && quote != '`' && text[1])
            text++;
        else if (*text == quote)
            return text;
    }
    return NULL;
}

/* An expression must stay inside the brackets it is put in: no comment, no semicolon, brackets in
 * pairs. */
static int check_expression(const char *text, struct err *err)
{
    int depth = 0;

    for (const char *at = text; *at; at++) {
        if (*at == '\'' || *at == '"' || *at == '`') {
            at = quoted_end(at);
            if (!at)
                return base_err_set(err, ERR_SRC_SQL_INVALID, "a quote is not closed in '%s'",
                                    text);
        } else if (*at == ';' || (*at == '-' && at[1] == '-') || (*at == '/' && at[1] == '*')) {
            return base_err_set(err, ERR_SRC_SQL_INVALID, "a comment or semicolon stands in '%s'",
                                text);
        } else if (*at == '(') {
            depth++;
        } else if (*at == ')' && --depth < 0) {
            break;
        }
    }
    return depth ? base_err_set(err, ERR_SRC_SQL_INVALID, "brackets do not match in '%s'", text)
                 : 0;
}

static int too_long(struct err *err)
{
    return base_err_set(err, ERR_LIMIT_EXCEEDED, "the statement is longer than 16 MiB");
}

static int append_condition(struct buf *sql, const char *before, const char *expression,
                            struct err *err)
{
    if (check_expression(expression, err))
        return -1;
    return base_buf_printf(sql, "%s(%s)", before, expression) ? too_long(err) : 0;
}

/* FROM `a`.`b`.`c` [VERSION AS OF n] [WHERE (filter)] */
static int append_source(const struct model_plan *plan, struct buf *sql, struct err *err)
{
    if (base_buf_text(sql, " FROM "))
        return too_long(err);
    if (model_name_sql(&plan->table, sql, err))
        return -1;
    if (plan->version >= 0 && base_buf_printf(sql, " VERSION AS OF %" PRId64, plan->version))
        return too_long(err);
    return plan->filter ? append_condition(sql, " WHERE ", plan->filter, err) : 0;
}

/* VOID columns hold only NULLs and have no Parquet type; they are left out. */
static int append_columns(const struct model_plan *plan, struct buf *sql, struct err *err)
{
    const char *before = "SELECT ";

    for (size_t i = 0; i < plan->columns.count; i++) {
        const struct model_column *column = &plan->columns.columns[i];

        if (column->type.kind == MODEL_VOID)
            continue;
        if (base_buf_text(sql, before))
            return too_long(err);
        if (model_name_quote(column->name, sql, err))
            return base_err_context(err, "column %zu", i + 1);
        before = ", ";
    }
    return sql->len ? 0 : base_err_set(err, ERR_CONFIG_INVALID, "no column is left to read");
}

static int append_order(const struct model_plan *plan, struct buf *sql, struct err *err)
{
    for (size_t i = 0; i < plan->partition_count; i++) {
        if (base_buf_text(sql, i ? ", " : " ORDER BY "))
            return too_long(err);
        if (model_name_quote(plan->partition_by[i], sql, err))
            return -1;
    }
    return 0;
}

static char *finish(int failed, struct buf *sql, const struct model_plan *plan, struct err *err)
{
    char *table;

    if (!failed)
        return base_buf_take(sql, NULL);
    table = model_name_text(&plan->table);
    base_err_context(err, "statement for '%s'", table);
    free(table);
    base_buf_free(sql);
    return NULL;
}

char *model_plan_statement(const struct model_plan *plan, size_t slice, struct err *err)
{
    const char *predicate;
    struct buf sql;
    int failed;

    if (slice >= plan->slice_count)
        bug("slice %zu of %zu", slice, plan->slice_count);
    predicate = plan->slices[slice].predicate;
    base_buf_init(&sql, STATEMENT_MAX);
    failed = append_columns(plan, &sql, err) || append_source(plan, &sql, err);
    if (!failed && predicate)
        failed = append_condition(&sql, plan->filter ? " AND " : " WHERE ", predicate, err);
    failed = failed || append_order(plan, &sql, err);
    return finish(failed, &sql, plan, err);
}

/* (p0) OR (p1) ...; nothing when a slice is the whole table. */
static int append_slices(const struct model_plan *plan, struct buf *sql, struct err *err)
{
    for (size_t i = 0; i < plan->slice_count; i++)
        if (!plan->slices[i].predicate)
            return 0;
    if (!plan->slice_count)
        return 0;
    if (base_buf_text(sql, plan->filter ? " AND (" : " WHERE ("))
        return too_long(err);
    for (size_t i = 0; i < plan->slice_count; i++)
        if (append_condition(sql, i ? " OR " : "", plan->slices[i].predicate, err))
            return -1;
    return base_buf_byte(sql, ')') ? too_long(err) : 0;
}

char *model_plan_count_statement(const struct model_plan *plan, struct err *err)
{
    struct buf sql;
    int failed;

    base_buf_init(&sql, STATEMENT_MAX);
    failed = base_buf_text(&sql, "SELECT count(*) AS n") || append_source(plan, &sql, err) ||
             append_slices(plan, &sql, err);
    return finish(failed, &sql, plan, err);
}
