#include "sandbox/resolve.h"

#include "sandbox/information_schema.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static const char *kind_word(int kind)
{
    return kind == 'C' ? "Catalog" : kind == 'S' ? "Schema" : "Table";
}

static int denied(struct sql_context *context, int kind, const char *full_name,
                  const char *privilege)
{
    return sql_error(
        context, "42501", -1,
        "[INSUFFICIENT_PERMISSIONS] Insufficient privileges:\nUser does not have %s on %s "
        "'%s'.",
        privilege, kind_word(kind), full_name);
}

static int not_found(struct sql_context *context, int kind, const char *const *parts, size_t count,
                     int pos)
{
    const char *name = sql_quoted_name(context, parts, count);
    if (kind == 'C')
        return sql_error(context, "42704", pos,
                         "[NO_SUCH_CATALOG_EXCEPTION] Catalog %s was not found. Please verify the "
                         "catalog name and then retry the query or command again.",
                         name);
    if (kind == 'S')
        return sql_error(
            context, "42704", pos,
            "[SCHEMA_NOT_FOUND] The schema %s cannot be found. Verify the spelling and "
            "correctness of the schema and catalog.",
            name);
    return sql_error(
        context, "42P01", pos,
        "[TABLE_OR_VIEW_NOT_FOUND] The table or view %s cannot be found. Verify the spelling "
        "and correctness of the schema and catalog.\nIf you did not qualify the name with "
        "a schema, verify the current_schema() output, or qualify the name with the correct "
        "schema and catalog.\nTo tolerate the error on drop use DROP VIEW IF EXISTS or DROP "
        "TABLE IF EXISTS.",
        name);
}

/* Out of reach from this workspace, whatever grants say: true with the error set. */
static bool closed(struct sql_context *context, const struct sandbox_securable *catalog)
{
    int why = sandbox_workspace_closed(context->request->workspace, catalog);
    if (why == 'M')
        sql_error(context, "56038", -1,
                  "[UC_NOT_ENABLED] Unity Catalog is not enabled on this cluster.");
    else if (why)
        sql_error(context, "42501", -1,
                  "PERMISSION_DENIED: Catalog '%s' is not accessible in current workspace",
                  catalog->full_name);
    return why != 0;
}

static bool visible(struct sql_context *context, struct sandbox_securable *securable,
                    const char *privilege)
{
    struct sandbox_workspace *workspace = context->request->workspace;
    if (context->as_owner)
        return !context->view ||
               sandbox_workspace_chain_has(workspace, context->view, securable, privilege);
    return sandbox_workspace_has(workspace, securable, context->request->principal, privilege);
}

/* Full name with the request's defaults put in front. */
static size_t complete(struct sql_context *context, int kind, const char *const *parts,
                       size_t count, const char *full[3])
{
    size_t need = kind == 'C' ? 1 : kind == 'S' ? 2 : 3;
    const char *defaults[2] = {context->request->catalog ? context->request->catalog : "workspace",
                               context->request->schema ? context->request->schema : "default"};
    for (size_t i = 0; i < need; i++)
        full[i] = i < need - count ? defaults[i] : parts[i - (need - count)];
    return need;
}

struct sandbox_securable *sql_find_securable(struct sql_context *context, int kind,
                                             const char *const *parts, size_t count, int pos,
                                             const char *privilege)
{
    struct sandbox_workspace *workspace = context->request->workspace;
    const char *full[3] = {NULL, NULL, NULL};
    size_t need = kind == 'C' ? 1 : kind == 'S' ? 2 : 3;
    if (count > need) {
        not_found(context, kind, parts, count, pos);
        return NULL;
    }
    complete(context, kind, parts, count, full);
    struct sandbox_securable *found = sandbox_workspace_find(workspace, 'C', full[0]);
    if (found && closed(context, found))
        return NULL;
    if (found && need > 1 && !visible(context, found, "USE_CATALOG")) {
        denied(context, 'C', found->full_name, "USE CATALOG");
        return NULL;
    }
    if (found && need > 1)
        found = sandbox_workspace_find(
            workspace, 'S', sandbox_arena_printf(context->arena, "%s.%s", full[0], full[1]));
    if (found && need > 2 && !visible(context, found, "USE_SCHEMA")) {
        denied(context, 'S', found->full_name, "USE SCHEMA");
        return NULL;
    }
    if (found && need > 2)
        found = sandbox_workspace_find(
            workspace, 'T',
            sandbox_arena_printf(context->arena, "%s.%s.%s", full[0], full[1], full[2]));
    if (!found) {
        not_found(context, kind, parts, count, pos);
        return NULL;
    }
    if (privilege && !visible(context, found, privilege)) {
        denied(context, kind, found->full_name, privilege);
        return NULL;
    }
    return found;
}

static int pick_version(struct sql_context *context, struct sql_source *source)
{
    struct sandbox_type bigint = sandbox_type_of(SB_BIGINT),
                        timestamp = sandbox_type_of(SB_TIMESTAMP);
    struct sandbox_table *table = source->securable->data;
    struct sandbox_value value = {0};
    const struct sandbox_snapshot *first = sandbox_table_version(table, 0);
    const struct sandbox_snapshot *last = sandbox_table_version(table, -1);
    if (source->version) {
        if (sql_constant(context, source->version, &bigint, &value) < 0)
            return -1;
        source->snapshot = value.i < 0 ? NULL : sandbox_table_version(table, value.i);
        if (!source->snapshot)
            return sql_error(
                context, "22003", -1,
                "[DELTA_VERSION_NOT_FOUND] Cannot time travel Delta table to version %lld. "
                "Available versions: [0, %lld].",
                (long long)value.i, (long long)last->version);
        return 0;
    }
    if (!source->timestamp) {
        source->snapshot = last;
        return 0;
    }
    if (sql_constant(context, source->timestamp, &timestamp, &value) < 0)
        return -1;
    char when[32], edge[32];
    bool late = value.i > last->time_us;
    base_time_format(value.i, when);
    base_time_format(late ? last->time_us : first->time_us, edge);
    if (late)
        return sql_error(
            context, "42816", -1,
            "[DELTA_TIMESTAMP_GREATER_THAN_COMMIT] The provided timestamp (%s) is after the "
            "latest version available to this table (%s). Please use a timestamp before or "
            "at %s.",
            when, source->securable->full_name, edge);
    source->snapshot = sandbox_table_at_time(table, value.i);
    if (!source->snapshot)
        return sql_error(
            context, "42816", -1,
            "[DELTA_TIMESTAMP_EARLIER_THAN_COMMIT_RETENTION] The provided timestamp (%s) is "
            "before the earliest version available to this table (%s). Please use a "
            "timestamp after %s.",
            when, source->securable->full_name, edge);
    return 0;
}

/* A view, or the filtered and masked form of a table: its text takes the table's place, with its
 * owner's rights. */
static int open_definition(struct sql_context *context, struct sql_source *source, const char *text)
{
    const char *keep = context->text;
    bool owner = context->as_owner;
    const struct sandbox_securable *outer = context->view;
    if (context->view_depth > 16)
        return sql_error(context, "54001", source->pos,
                         "[VIEW_EXCEED_MAX_NESTED_DEPTH] Views nest too deeply.");
    if (source->version || source->timestamp)
        return sql_error(
            context, "0A000", source->pos,
            "[UNSUPPORTED_FEATURE.TIME_TRAVEL] The feature is not supported: Time travel on "
            "the relation: %s.",
            sql_quoted_name(context, source->parts, source->part_count));
    context->view_depth++;
    context->as_owner = true;
    context->view = sandbox_table_def(source->securable->data)->view ? source->securable : NULL;
    int result = sql_parse_query(context, sandbox_arena_dup(context->arena, text), &source->query);
    if (result == 0)
        result = sql_resolve_query(context, source->query);
    context->as_owner = owner;
    context->view = outer;
    context->view_depth--;
    context->text = keep;
    return result;
}

static void columns_of_query(struct sql_context *context, struct sql_source *source)
{
    const struct sql_query *query = source->query;
    source->column_count = query->column_count;
    source->columns =
        sandbox_arena_alloc(context->arena, query->column_count * sizeof *source->columns);
    for (size_t i = 0; i < query->column_count; i++)
        source->columns[i] =
            (struct sql_source_column){query->names[i], query->types[i], query->nullables[i]};
}

static void columns_of_table(struct sql_context *context, struct sql_source *source)
{
    const struct sandbox_shape *shape = source->snapshot->shape;
    source->column_count = shape->count;
    source->columns = sandbox_arena_alloc(context->arena, shape->count * sizeof *source->columns);
    for (size_t i = 0; i < shape->count; i++)
        source->columns[i] = (struct sql_source_column){
            shape->columns[i].name, shape->columns[i].type, !shape->columns[i].required};
}

int sql_resolve_source(struct sql_context *context, struct sql_source *source)
{
    if (source->query) {
        if (sql_resolve_query(context, source->query) < 0)
            return -1;
        columns_of_query(context, source);
        return 0;
    }
    int made = sql_information_source(context, source);
    if (made) {
        source->id = (int)context->scans.count;
        return made < 0 ? -1 : 0;
    }
    source->securable =
        sql_find_securable(context, 'T', source->parts, source->part_count, source->pos, "SELECT");
    if (!source->securable)
        return -1;
    if (!source->securable->data)
        return sql_error(context, "0A000", source->pos,
                         "[UNSUPPORTED_FEATURE] The relation %s has no rows in this workspace.",
                         source->securable->full_name);
    const struct sandbox_table_def *def = sandbox_table_def(source->securable->data);
    const char *text = def->view;
    if (!text && def->secured && !context->as_owner &&
        !sandbox_workspace_member(context->request->workspace, def->exempt,
                                  context->request->principal))
        text = def->secured;
    if (text) {
        if (open_definition(context, source, text) < 0)
            return -1;
        columns_of_query(context, source);
        return 0;
    }
    if (pick_version(context, source) < 0)
        return -1;
    columns_of_table(context, source);
    source->id = (int)context->scans.count;
    return 0;
}

static int expand_star(struct sql_context *context, struct sql_select *select,
                       struct sql_expr *star, struct sql_item **items, size_t *count)
{
    bool any = false;
    for (size_t i = 0; i < select->sources.count; i++) {
        const struct sql_source *source = &select->sources.items[i];
        const char *name = source->alias        ? source->alias
                           : source->part_count ? source->parts[source->part_count - 1]
                                                : "";
        if (star->part_count && !base_text_equal_nocase(star->parts[star->part_count - 1], name))
            continue;
        any = true;
        *items = base_realloc(*items, *count + source->column_count + 1, sizeof **items);
        for (size_t j = 0; j < source->column_count; j++) {
            struct sql_expr *expr = sql_expr_new(context, EX_COLUMN, star->pos);
            expr->end = star->end;
            expr->source = (int)i;
            expr->column = (int)j;
            expr->parts = &source->columns[j].name;
            expr->part_count = 1;
            expr->type = source->columns[j].type;
            expr->typed = true;
            (*items)[(*count)++] = (struct sql_item){.expr = expr};
        }
    }
    if (any)
        return 0;
    return sql_error(context, "42704", star->pos,
                     "[CANNOT_RESOLVE_STAR_EXPAND] Cannot resolve %s.* given input columns.",
                     sql_quoted_name(context, star->parts, star->part_count));
}

static int expand_items(struct sql_context *context, struct sql_select *select)
{
    struct sql_item *items = NULL;
    size_t count = 0;
    int result = 0;
    for (size_t i = 0; i < select->items.count && result == 0; i++) {
        struct sql_item *item = &select->items.items[i];
        if (item->expr->kind == EX_STAR) {
            result = expand_star(context, select, item->expr, &items, &count);
            continue;
        }
        items = base_realloc(items, count + 1, sizeof *items);
        items[count++] = *item;
    }
    vec_free(&select->items);
    select->items.items = items;
    select->items.count = select->items.cap = count;
    return result;
}

static struct sql_expr *by_alias(struct sql_select *select, const struct sql_expr *expr)
{
    if (expr->kind != EX_COLUMN || expr->part_count != 1 || expr->typed)
        return NULL;
    for (size_t i = 0; i < select->items.count; i++)
        if (select->items.items[i].alias &&
            base_text_equal_nocase(select->items.items[i].alias, expr->parts[0]))
            return select->items.items[i].expr;
    return NULL;
}

/* The item an ordinal names; NULL with the error filled when out of range. */
static struct sql_expr *by_ordinal(struct sql_context *context, struct sql_select *select,
                                   const struct sql_expr *expr, const char *clause)
{
    if (expr->value.i >= 1 && expr->value.i <= (int64_t)select->items.count)
        return select->items.items[expr->value.i - 1].expr;
    sql_error(
        context, "42805", expr->pos,
        "[%s_BY_POS_OUT_OF_RANGE] %s BY position %lld is not in select list (valid range is [1, "
        "%zu]).",
        clause, clause, (long long)expr->value.i, select->items.count);
    return NULL;
}

static bool is_ordinal(const struct sql_expr *expr)
{
    return expr->kind == EX_LITERAL && sandbox_kind_integer(expr->type.kind);
}

static bool has_column(const struct sql_select *select, const char *name)
{
    for (size_t i = 0; i < select->sources.count; i++)
        for (size_t j = 0; j < select->sources.items[i].column_count; j++)
            if (base_text_equal_nocase(select->sources.items[i].columns[j].name, name))
                return true;
    return false;
}

static int resolve_groups(struct sql_context *context, struct sql_select *select,
                          struct sql_scope *scope)
{
    struct sql_scope plain = *scope;
    plain.allow_aggregate = false;
    if (select->groups.count == 1 && select->groups.items[0]->kind == EX_COLUMN &&
        select->groups.items[0]->part_count == 1 &&
        base_text_equal_nocase(select->groups.items[0]->parts[0], "all") &&
        !has_column(select, "all")) {
        select->groups.count = 0;
        for (size_t i = 0; i < select->items.count; i++)
            if (!select->items.items[i].expr->aggregate)
                vec_push(&select->groups, select->items.items[i].expr);
    }
    for (size_t i = 0; i < select->groups.count; i++) {
        struct sql_expr *group = select->groups.items[i], *item = NULL;
        if (is_ordinal(group)) {
            item = by_ordinal(context, select, group, "GROUP");
            if (!item)
                return -1;
        } else if (group->kind == EX_COLUMN && group->part_count == 1 && !group->typed &&
                   !has_column(select, group->parts[0])) {
            item = by_alias(select, group);
        }
        if (item && item->aggregate)
            return sql_error(
                context, "42903", group->pos,
                "[GROUP_BY_AGGREGATE] Aggregate functions are not allowed in GROUP BY.");
        if (item)
            select->groups.items[i] = item;
        else if (sql_type_expr(context, &plain, group) < 0)
            return -1;
    }
    return 0;
}

static int check_grouped(struct sql_context *context, const struct sql_select *select,
                         const struct sql_expr *expr)
{
    for (size_t i = 0; i < select->groups.count; i++)
        if (sql_expr_equal(select->groups.items[i], expr))
            return 0;
    if (expr->kind == EX_CALL && expr->function && expr->function->aggregate)
        return 0;
    if (expr->kind == EX_COLUMN)
        return sql_error(
            context, "42803", expr->pos,
            "[MISSING_AGGREGATION] The non-aggregating expression \"%s\" is based on columns "
            "which are not participating in the GROUP BY clause.",
            sql_expr_text(context, expr));
    for (size_t i = 0; i < expr->arg_count; i++)
        if (check_grouped(context, select, expr->args[i]) < 0)
            return -1;
    return 0;
}

static int need_condition(struct sql_context *context, struct sql_scope *scope,
                          struct sql_expr **expr)
{
    struct sandbox_type boolean = sandbox_type_of(SB_BOOLEAN);
    if (!*expr)
        return 0;
    if (sql_type_expr(context, scope, *expr) < 0)
        return -1;
    if ((*expr)->type.kind != SB_BOOLEAN && (*expr)->type.kind != SB_VOID)
        return sql_error(
            context, "42K09", (*expr)->pos,
            "[DATATYPE_MISMATCH.FILTER_NOT_BOOLEAN] Cannot resolve \"%s\" due to data type "
            "mismatch: Filter expression \"%s\" of type \"%s\" is not a boolean.",
            sql_expr_text(context, *expr), sql_expr_text(context, *expr), (*expr)->type.text);
    *expr = sql_coerce(context, *expr, &boolean);
    return 0;
}

/* Sources may move while the vector grows, so the scan list is made when they are all there. */
static int resolve_sources(struct sql_context *context, struct sql_select *select)
{
    for (size_t i = 0; i < select->sources.count; i++) {
        struct sql_source *source = &select->sources.items[i];
        if (sql_resolve_source(context, source) < 0)
            return -1;
        if (source->id >= 0)
            vec_push(&context->scans, source);
    }
    for (size_t i = 0; i < select->sources.count; i++) {
        struct sql_scope scope = {.select = select};
        if (need_condition(context, &scope, &select->sources.items[i].on) < 0)
            return -1;
    }
    return 0;
}

static int resolve_select(struct sql_context *context, struct sql_select *select)
{
    struct sql_scope scope = {.select = select},
                     aggregates = {.select = select, .allow_aggregate = true};
    if (resolve_sources(context, select) < 0 || expand_items(context, select) < 0 ||
        need_condition(context, &scope, &select->where) < 0)
        return -1;
    for (size_t i = 0; i < select->items.count; i++) {
        struct sql_item *item = &select->items.items[i];
        if (sql_type_expr(context, &aggregates, item->expr) < 0)
            return -1;
        select->aggregated = select->aggregated || item->expr->aggregate;
    }
    select->aggregated = select->aggregated || select->groups.count || select->having;
    if (resolve_groups(context, select, &aggregates) < 0 ||
        need_condition(context, &aggregates, &select->having) < 0)
        return -1;
    for (size_t i = 0; select->aggregated && i < select->items.count; i++)
        if (check_grouped(context, select, select->items.items[i].expr) < 0)
            return -1;
    if (select->aggregated && select->having)
        return check_grouped(context, select, select->having);
    return 0;
}

static int resolve_orders(struct sql_context *context, struct sql_query *query)
{
    struct sql_select *first = query->selects.items[0];
    struct sql_scope scope = {.select = first, .allow_aggregate = first->aggregated};
    bool many = query->selects.count > 1;
    for (size_t i = 0; i < query->orders.count; i++) {
        struct sql_order *order = &query->orders.items[i];
        struct sql_expr *item = NULL;
        if (is_ordinal(order->expr)) {
            if (!(item = by_ordinal(context, first, order->expr, "ORDER")))
                return -1;
        } else {
            item = by_alias(first, order->expr);
        }
        for (size_t j = 0;
             many && !item && order->expr->kind == EX_COLUMN && j < query->column_count; j++)
            if (base_text_equal_nocase(query->names[j],
                                       order->expr->parts[order->expr->part_count - 1]))
                item = first->items.items[j].expr;
        if (item)
            order->expr = item;
        else if (sql_type_expr(context, &scope, order->expr) < 0)
            return -1;
        if (order->expr->type.kind == SB_MAP || order->expr->type.kind == SB_VARIANT)
            return sql_error(
                context, "42K09", order->expr->pos,
                "[DATATYPE_MISMATCH.INVALID_ORDERING_TYPE] The sort expression does not "
                "support ordering on type \"%s\".",
                order->expr->type.text);
        if (first->aggregated && check_grouped(context, first, order->expr) < 0)
            return -1;
    }
    return 0;
}

/* Types of the result; the members of a union are cast to the common ones. */
static int result_columns(struct sql_context *context, struct sql_query *query)
{
    struct sql_select *first = query->selects.items[0];
    size_t count = first->items.count;
    query->column_count = count;
    query->types = sandbox_arena_alloc(context->arena, count * sizeof *query->types);
    query->names = sandbox_arena_alloc(context->arena, count * sizeof *query->names);
    query->nullables = sandbox_arena_alloc(context->arena, count * sizeof *query->nullables);
    for (size_t i = 0; i < count; i++) {
        struct sql_item *item = &first->items.items[i];
        const struct sql_expr *expr = item->expr;
        query->names[i] = item->alias ? item->alias : sql_expr_text(context, expr);
        query->types[i] = expr->type;
        query->nullables[i] = expr->kind != EX_COLUMN || query->selects.count > 1 ||
                              first->sources.count > 1 ||
                              first->sources.items[expr->source].columns[expr->column].nullable;
    }
    for (size_t s = 1; s < query->selects.count; s++) {
        struct sql_select *select = query->selects.items[s];
        if (select->items.count != count)
            return sql_error(
                context, "42826", -1,
                "[NUM_COLUMNS_MISMATCH] UNION can only be performed on inputs with the same "
                "number of columns, but the first input has %zu columns and the input %zu "
                "has %zu columns.",
                count, s + 1, select->items.count);
        for (size_t i = 0; i < count; i++)
            if (!sql_common_type(context, &query->types[i], &select->items.items[i].expr->type,
                                 &query->types[i]))
                return sql_error(
                    context, "42825", -1,
                    "[INCOMPATIBLE_COLUMN_TYPE] UNION can only be performed on tables with "
                    "compatible column types.");
    }
    for (size_t s = 0; query->selects.count > 1 && s < query->selects.count; s++)
        for (size_t i = 0; i < count; i++) {
            struct sql_item *item = &query->selects.items[s]->items.items[i];
            item->expr = sql_coerce(context, item->expr, &query->types[i]);
        }
    return 0;
}

int sql_resolve_query(struct sql_context *context, struct sql_query *query)
{
    for (size_t i = 0; i < query->selects.count; i++)
        if (resolve_select(context, query->selects.items[i]) < 0)
            return -1;
    if (result_columns(context, query) < 0)
        return -1;
    return resolve_orders(context, query);
}
