/* Unity Catalog: catalogs, schemas, tables. databricks-api.md 3.0-3.5.
 * Lists come page by page; a page may be empty and still have a next token, only an absent token
 * ends the walk.
 * *_walk calls `page` for every page in order and `done` once at the end. */
#ifndef AAMPE_DATABRICKS_CATALOG_H
#define AAMPE_DATABRICKS_CATALOG_H

#include "databricks/client.h"
#include "model/name.h"
#include "model/type.h"

struct databricks_catalog {
    char *name, *comment, *owner, *catalog_type, *isolation_mode, *metastore_id;
    bool browse_only;
    int64_t created_us, updated_us; /* 0: not known */
};
struct databricks_catalogs {
    struct databricks_catalog *items;
    size_t count;
    char *next_page_token; /* NULL at the end */
};
void databricks_catalog_free(struct databricks_catalog *catalog);
void databricks_catalogs_free(struct databricks_catalogs *catalogs);

struct databricks_schema {
    char *catalog, *name, *comment, *owner, *schema_id;
    bool browse_only;
    int64_t created_us, updated_us;
};
struct databricks_schemas {
    struct databricks_schema *items;
    size_t count;
    char *next_page_token;
};
void databricks_schema_free(struct databricks_schema *schema);
void databricks_schemas_free(struct databricks_schemas *schemas);

struct databricks_table {
    struct model_name name;
    char *table_type; /* MANAGED, EXTERNAL, VIEW, ...; kept as sent, also unknown ones */
    char *format;     /* DELTA, ...; NULL when absent */
    char *comment, *owner, *table_id, *view_definition, *storage_location, *metastore_id;
    char *row_filter; /* function name; NULL: no filter */
    bool browse_only;
    bool masked; /* some column has a mask */
    struct model_schema
        columns; /* empty in listings with omit_columns and often with browse_only */
    int64_t created_us, updated_us;
};
struct databricks_tables {
    struct databricks_table *items;
    size_t count;
    char *next_page_token;
};
void databricks_table_free(struct databricks_table *table);
bool databricks_table_is_view(const struct databricks_table *table);
/* As whom a view reads what is below it, where the answer shows that whoever asked may read it
 * himself: without USE CATALOG or USE SCHEMA there is none, or one for looking only. NULL: no view,
 * or not known. Borrowed. */
const char *databricks_table_view_owner(const struct databricks_table *table);
void databricks_tables_free(struct databricks_tables *tables);

struct databricks_page {
    const char *page_token; /* NULL: first page */
    int max_results;        /* 0: the server chooses */
    bool include_browse;    /* also what may be seen but not read (browse_only) */
    bool omit_columns;      /* tables only: cheap listing */
};

/* Whole walks. `page` gets each page (may take it as described in client.h; its token is of no use
 * to it). */
struct databricks_call *
databricks_catalog_walk(struct databricks *db, enum databricks_identity identity,
                        const struct databricks_page *page,
                        void (*each)(void *user, struct databricks_catalogs *catalogs),
                        void (*done)(void *user, const struct err *err), void *user);
struct databricks_call *
databricks_schema_walk(struct databricks *db, enum databricks_identity identity,
                       const char *catalog, const struct databricks_page *page,
                       void (*each)(void *user, struct databricks_schemas *schemas),
                       void (*done)(void *user, const struct err *err), void *user);
struct databricks_call *
databricks_table_walk(struct databricks *db, enum databricks_identity identity, const char *catalog,
                      const char *schema, const struct databricks_page *page,
                      void (*each)(void *user, struct databricks_tables *tables),
                      void (*done)(void *user, const struct err *err), void *user);
/* One container, also one that may only be browsed. */
struct databricks_call *databricks_catalog_get(
    struct databricks *db, enum databricks_identity identity, const char *catalog,
    void (*done)(void *user, const struct err *err, struct databricks_catalog *result), void *user);
struct databricks_call *databricks_schema_get(
    struct databricks *db, enum databricks_identity identity, const char *catalog,
    const char *schema,
    void (*done)(void *user, const struct err *err, struct databricks_schema *result), void *user);
/* Columns included. Not there or not visible: SRC_TABLE_NOT_FOUND; refused: SRC_PERM_*. */
struct databricks_call *databricks_table_get(
    struct databricks *db, enum databricks_identity identity, const struct model_name *name,
    bool include_browse,
    void (*done)(void *user, const struct err *err, struct databricks_table *table), void *user);
/* table-summaries: names and table_type only; patterns are SQL LIKE, NULL = all. */
struct databricks_call *databricks_table_summaries(
    struct databricks *db, enum databricks_identity identity, const char *catalog,
    const char *schema_pattern, const char *table_pattern, const struct databricks_page *page,
    void (*done)(void *user, const struct err *err, struct databricks_tables *tables), void *user);

#endif
