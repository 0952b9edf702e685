/* The statement as a tree. Everything lives in the statement's arena. */
#ifndef AAMPE_SANDBOX_AST_H
#define AAMPE_SANDBOX_AST_H

#include "sandbox/query.h"
#include "sandbox/sqltype.h"

#include "base/vec.h"

enum sql_expr_kind {
    EX_LITERAL,
    EX_COLUMN,    /* parts; after resolving: source, column */
    EX_STAR,      /* parts = qualifier */
    EX_PARAMETER, /* name; becomes EX_LITERAL */
    EX_CALL,      /* name, args, distinct, filter */
    EX_UNARY,     /* op "-" "+" "NOT" "~" */
    EX_BINARY,    /* op, two args */
    EX_CAST,      /* to; safe = TRY_CAST */
    EX_CASE,      /* args: [operand] (when, then)* [else] ; has_operand, has_else */
    EX_IN,        /* args[0] in args[1..], or query */
    EX_BETWEEN,
    EX_LIKE,   /* op LIKE ILIKE RLIKE; args, third = escape */
    EX_IS,     /* op NULL TRUE FALSE */
    EX_FIELD,  /* args[0].name */
    EX_ELEMENT /* args[0][args[1]], of a MAP */
};

struct sql_expr {
    enum sql_expr_kind kind;
    int pos, end; /* bytes of the statement */
    const char *op, *name;
    const char **parts;
    size_t part_count;
    struct sql_expr **args;
    size_t arg_count;
    int height; /* of the tree below it: 0 without args */
    struct sql_query *query;
    struct sql_expr *filter;
    bool negated, distinct, safe, has_operand, has_else, all_columns;
    struct sandbox_type to;
    struct sandbox_value value;
    /* filled by typing */
    struct sandbox_type type;
    bool typed, aggregate;
    int source, column;
    int position; /* EX_PARAMETER written "?": from 1 */
    const struct sql_function *function;
};

struct sql_item {
    struct sql_expr *expr;
    const char *alias;
    bool nullable;
};

struct sql_order {
    struct sql_expr *expr;
    bool descending, nulls_last;
};

struct sql_source {
    const char **parts; /* table name; NULL: sub-select */
    size_t part_count;
    int pos, end;
    struct sql_query *query; /* sub-select, view or secured table */
    const char *alias;
    struct sql_expr *version, *timestamp;
    const char *join; /* NULL for the first; "INNER", "LEFT", "CROSS" */
    struct sql_expr *on;
    /* filled by resolving */
    struct sandbox_securable *securable;
    const struct sandbox_snapshot *snapshot;
    size_t column_count;
    struct sql_source_column {
        const char *name;
        struct sandbox_type type;
        bool nullable;
    } * columns;
    const struct sandbox_batch *made; /* rows of a view of the information schema, else NULL */
    int id;                           /* of the virtual table */
};

struct sql_select {
    bool distinct;
    vec_of(struct sql_item) items;
    vec_of(struct sql_source) sources;
    struct sql_expr *where, *having;
    vec_of(struct sql_expr *) groups;
    bool aggregated;
};

struct sql_query { /* selects joined by UNION ALL, then ORDER BY ... */
    vec_of(struct sql_select *) selects;
    vec_of(bool) union_distinct; /* between select i and i+1 */
    vec_of(struct sql_order) orders;
    struct sql_expr *limit, *offset;
    struct sandbox_type *types; /* of the result columns */
    const char **names;
    bool *nullables;
    size_t column_count;
};

enum sql_statement_kind {
    ST_QUERY,
    ST_DESCRIBE_HISTORY,
    ST_DESCRIBE_DETAIL,
    ST_DESCRIBE_TABLE,
    ST_DESCRIBE_CATALOG,
    ST_DESCRIBE_SCHEMA,
    ST_DESCRIBE_QUERY,
    ST_SHOW_GRANTS,
    ST_GRANT,
    ST_REVOKE,
    ST_OWNER,  /* ALTER ... OWNER TO */
    ST_COLUMN, /* ALTER TABLE ... COLUMN: changes */
    ST_DROP,   /* if_exists */
    ST_UNDROP,
    ST_VIEW,        /* CREATE VIEW: query, word: its text; replace, if_exists: IF NOT EXISTS */
    ST_UNSUPPORTED, /* what Unity Catalog has no SQL for: word */
    ST_SHOW_CATALOGS,
    ST_SHOW_SCHEMAS,
    ST_SHOW_TABLES,
    ST_SHOW_COLUMNS,
    ST_SHOW_VIEWS,
    ST_SHOW_VOLUMES,
    ST_SHOW_PROPERTIES, /* word: the one key asked for, or NULL */
    ST_SHOW_CREATE,
    /* the forms drivers ask for: over schemas of a catalog, with more columns */
    ST_SHOW_ALL_TABLES,
    ST_SHOW_ALL_COLUMNS
};

struct sql_statement {
    enum sql_statement_kind kind;
    struct sql_query *query;
    const char **parts; /* object */
    size_t part_count;
    int pos;
    bool extended;
    int object;       /* of grants: 'M' 'C' 'S' 'T', or 0 for a kind the sandbox has nothing of */
    const char *word; /* that kind's, or the command's, in upper case */
    const char **privileges; /* GRANT, REVOKE: as written, words joined by '_' */
    size_t privilege_count;
    bool if_exists, replace;
    const char *comment;
    struct sql_column_change {
        const char *what, *name, *text; /* add, drop, rename, retype; a type or the new name */
        int pos;
    } * changes;
    size_t change_count;
    const char *principal, *pattern;
    const char *schema_pattern, *table_pattern;
    int64_t limit; /* DESCRIBE HISTORY; -1 none */
};

/* What every stage carries. */
struct sql_context {
    struct sandbox_arena *arena;
    const struct sandbox_query_request *request;
    struct sandbox_query_error *error;
    const char *text; /* of the statement being worked on */
    const char *time_zone;
    int64_t now_us;
    int view_depth;
    int markers;   /* "?" so far */
    bool as_owner; /* inside a view: the caller's privileges were checked on the view */
    const struct sandbox_securable
        *view;                       /* whose text is resolved; its owner must read what it names */
    vec_of(struct sql_expr *) bound; /* literals, by number of the bound value */
    vec_of(struct sql_source *) scans; /* tables, by virtual table */
    vec_of(struct sandbox_batch *) made;
    /* vectors of the tree that need freeing; the arena holds the structs themselves */
    vec_of(struct sql_select *) all_selects;
    vec_of(struct sql_query *) all_queries;
};

/* Fills the error once; always -1. pos < 0: no place. */
__attribute__((format(printf, 4, 5))) int
sql_error(struct sql_context *context, const char *sqlstate, int pos, const char *fmt, ...);
/* [PARSE_SYNTAX_ERROR] with the "== SQL ==" block. */
__attribute__((format(printf, 3, 4))) int sql_syntax_error(struct sql_context *context, int pos,
                                                           const char *fmt, ...);
/* [FAILED_TO_PARSE_TOO_COMPLEX], as the service says of a statement that it has no room for. */
int sql_too_complex(struct sql_context *context, int pos);
/* `a`.`b`, for messages. */
const char *sql_quoted_name(struct sql_context *context, const char *const *parts, size_t count);
/* The source text of an expression, for column names and messages. */
const char *sql_expr_text(struct sql_context *context, const struct sql_expr *expr);
struct sql_expr *sql_expr_new(struct sql_context *context, enum sql_expr_kind kind, int pos);
void sql_expr_arg(struct sql_context *context, struct sql_expr *expr, struct sql_expr *arg);
bool sql_expr_equal(const struct sql_expr *a, const struct sql_expr *b);
void sql_context_free(struct sql_context *context);

int sql_parse(struct sql_context *context, const char *text, struct sql_statement *statement);
int sql_parse_query(struct sql_context *context, const char *text, struct sql_query **query);

#endif
