#include "sandbox/result.h"
int sandbox_sqlite_run(struct sql_context *context, struct sql_query *tree, const volatile bool *cancel,
                       struct sandbox_query *query)
{
    (void)tree, (void)cancel, (void)query;
    return sql_error(context, "0A000", -1, "[UNSUPPORTED_FEATURE] expressions");
}
int sandbox_show_run(struct sql_context *context, const struct sql_statement *statement,
                     struct sandbox_query *query)
{
    (void)query, (void)statement;
    return sql_error(context, "0A000", -1, "[UNSUPPORTED_FEATURE] SHOW");
}
