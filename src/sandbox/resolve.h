/* Names to tables and columns, privileges, types. */
#ifndef AAMPE_SANDBOX_RESOLVE_H
#define AAMPE_SANDBOX_RESOLVE_H

#include "sandbox/ast.h"
#include "sandbox/table.h"

/* What an expression may see. */
struct sql_scope {
    struct sql_select *select;
    bool allow_aggregate;
    bool in_aggregate;
};

/* The workspace's lock must be held. */
int sql_resolve_query(struct sql_context *context, struct sql_query *query);
int sql_resolve_source(struct sql_context *context, struct sql_source *source);
/* Finds a securable by a written name and checks privileges down to it. kind 'C', 'S', 'T'.
 * privilege NULL: only that it can be seen. NULL with the error filled. */
struct sandbox_securable *sql_find_securable(struct sql_context *context, int kind,
                                             const char *const *parts, size_t count, int pos,
                                             const char *privilege);

int sql_type_expr(struct sql_context *context, struct sql_scope *scope, struct sql_expr *expr);
/* Wraps in a cast when the type differs. */
struct sql_expr *sql_coerce(struct sql_context *context, struct sql_expr *expr,
                            const struct sandbox_type *type);
/* false: no common type. */
bool sql_common_type(struct sql_context *context, const struct sandbox_type *a,
                     const struct sandbox_type *b, struct sandbox_type *out);
bool sql_cast_allowed(const struct sandbox_type *from, const struct sandbox_type *to);
/* A constant expression's value (literal, parameter, sign, cast of these). */
int sql_constant(struct sql_context *context, struct sql_expr *expr,
                 const struct sandbox_type *type, struct sandbox_value *value);

/* Functions: signature letters, one an argument; the last may be followed by '*' (any number) and
 * letters after '?' are optional. s STRING, b BOOLEAN, i INT, l BIGINT, f DOUBLE, n number, d DATE,
 * t TIMESTAMP, y BINARY or STRING, x anything, = all of one common type. Result: the same letters;
 * '=' the common type, '1' the first argument's. */
struct sql_function {
    const char *name, *args, *result;
    bool aggregate;
    const char *emit; /* name of the SQLite function; NULL: the emitter knows it by name */
};
const struct sql_function *sql_function_find(const char *name);
int sql_type_call(struct sql_context *context, struct sql_scope *scope, struct sql_expr *expr);

#endif
