#include "databricks/catalog.h"

#include "base/alloc.h"
#include "databricks/catalog_json.h"
#include "databricks/private.h"

#include <stdlib.h>
#include <string.h>

#define BASE "/api/2.1/unity-catalog"
#define PAGES_MAX 100000
#define BYTES_MAX ((int64_t)4 << 30) /* of one walk; its pages are not kept here */

/* A listing, single page or whole walk; the only difference is `each`. */
struct listing {
    char *path; /* without the page token */
    const struct listing_kind *kind;
    void (*each)(void); /* NULL: one page */
    char *token;        /* of the page under way; NULL: first */
    int pages;
    int64_t bytes;
};

struct listing_kind {
    size_t size; /* of the result struct */
    void (*read)(const cJSON *json, void *out);
    char **(*next)(void *result);
    void (*each)(void (*each)(void), void *user, void *result);
    void (*free)(void *result);
    void (*deliver)(struct databricks_call *call, const struct err *err, void *result);
};

/* One set of thunks a kind, so that no function is ever called through a pointer of another type.
 */
#define LISTING(plural, reader)                                                                    \
    static void read_##plural(const cJSON *json, void *out)                                        \
    {                                                                                              \
        reader(json, out);                                                                         \
    }                                                                                              \
    static char **next_##plural(void *result)                                                      \
    {                                                                                              \
        return &((struct databricks_##plural *)result)->next_page_token;                           \
    }                                                                                              \
    static void free_##plural(void *result)                                                        \
    {                                                                                              \
        databricks_##plural##_free(result);                                                        \
    }                                                                                              \
    static void deliver_##plural(struct databricks_call *call, const struct err *err,              \
                                 void *result)                                                     \
    {                                                                                              \
        void (*done)(void *, const struct err *, struct databricks_##plural *) =                   \
            (void (*)(void *, const struct err *, struct databricks_##plural *))call->done;        \
        done(call->user, err, result);                                                             \
    }                                                                                              \
    static void each_##plural(void (*each)(void), void *user, void *result)                        \
    {                                                                                              \
        ((void (*)(void *, struct databricks_##plural *))each)(user, result);                      \
    }

LISTING(catalogs, databricks_catalogs_read)
LISTING(schemas, databricks_schemas_read)
LISTING(tables, databricks_tables_read)

static void read_summaries(const cJSON *json, void *out)
{
    databricks_summaries_read(json, out);
}

#define KIND(plural, reader)                                                                       \
    {                                                                                              \
        sizeof(struct databricks_##plural), reader, next_##plural, each_##plural, free_##plural,   \
            deliver_##plural                                                                       \
    }

static const struct listing_kind kind_catalogs = KIND(catalogs, read_catalogs);
static const struct listing_kind kind_schemas = KIND(schemas, read_schemas);
static const struct listing_kind kind_tables = KIND(tables, read_tables);
static const struct listing_kind kind_summaries = KIND(tables, read_summaries);

static void free_listing(void *extra)
{
    struct listing *listing = extra;

    free(listing->path);
    free(listing->token);
}

static void parse_listing(struct databricks_call *call, const cJSON *json,
                          struct net_response *response);

static void send_page(struct databricks_call *call)
{
    struct listing *listing = call->extra;

    databricks_page_send(call, listing->path, listing->token, parse_listing);
}

static void end_walk(struct databricks_call *call, const char *wrong)
{
    struct err err = ERR_INIT;

    if (wrong)
        base_err_set(&err, ERR_SRC_UNCLASSIFIED, "listing: %s", wrong);
    databricks_call_end(call, wrong ? &err : NULL, NULL);
}

/* Hands one page to the walker and goes on while there is a token. */
static void walk_on(struct databricks_call *call, void *result)
{
    struct listing *listing = call->extra;
    char *token = base_strdup(*listing->kind->next(result));
    bool repeats = token && listing->token && strcmp(token, listing->token) == 0;

    databricks_call_enter(call);
    listing->kind->each(listing->each, call->user, result);
    if (!databricks_call_leave(call)) {
        free(token);
        return;
    }
    free(listing->token);
    listing->token = token;
    if (!token)
        end_walk(call, NULL);
    else if (repeats || ++listing->pages == PAGES_MAX || listing->bytes > BYTES_MAX)
        end_walk(call, "the pages do not end");
    else
        send_page(call);
}

static void parse_listing(struct databricks_call *call, const cJSON *json,
                          struct net_response *response)
{
    struct listing *listing = call->extra;
    const struct listing_kind *kind = listing->kind;
    void *result = base_alloc_zero(1, kind->size);

    listing->bytes += (int64_t)response->body.len;
    kind->read(json, result);
    if (listing->each)
        walk_on(call, result);
    else
        databricks_call_end(call, NULL, result);
    kind->free(result);
    free(result);
}

static struct databricks_call *start(struct databricks *db, enum databricks_identity identity,
                                     const struct listing_kind *kind, struct buf *path,
                                     const char *page_token, void (*each)(void), void (*done)(void),
                                     void *user)
{
    struct databricks_call *call = databricks_call_new(
        db, identity, done, user, each ? databricks_deliver_plain : kind->deliver);
    struct listing *listing = base_alloc_zero(1, sizeof *listing);

    listing->path = base_buf_take(path, NULL);
    listing->kind = kind;
    listing->each = each;
    listing->token = base_strdup(page_token);
    call->extra = listing;
    call->free_extra = free_listing;
    send_page(call);
    return call;
}

static void begin_path(struct buf *path, const char *resource, const struct databricks_page *page)
{
    base_buf_init(path, BUF_MAX_DEFAULT);
    if (base_buf_printf(path, BASE "/%s", resource))
        bug("out of memory");
    /* 0 means a page of the server's choice; without the parameter some endpoints return everything
     * at once. */
    databricks_query_i64(path, "max_results", page->max_results);
    if (page->include_browse)
        databricks_query_add(path, "include_browse", "true");
    if (page->omit_columns) {
        databricks_query_add(path, "omit_columns", "true");
        databricks_query_add(path, "omit_properties", "true");
    }
}

static struct databricks_call *catalogs(struct databricks *db, enum databricks_identity identity,
                                        const struct databricks_page *page, void (*each)(void),
                                        void (*done)(void), void *user)
{
    struct buf path;

    begin_path(&path, "catalogs", page);
    return start(db, identity, &kind_catalogs, &path, page->page_token, each, done, user);
}

static struct databricks_call *schemas(struct databricks *db, enum databricks_identity identity,
                                       const char *catalog, const struct databricks_page *page,
                                       void (*each)(void), void (*done)(void), void *user)
{
    struct buf path;

    begin_path(&path, "schemas", page);
    databricks_query_add(&path, "catalog_name", catalog);
    return start(db, identity, &kind_schemas, &path, page->page_token, each, done, user);
}

static struct databricks_call *tables(struct databricks *db, enum databricks_identity identity,
                                      const char *catalog, const char *schema,
                                      const struct databricks_page *page, void (*each)(void),
                                      void (*done)(void), void *user)
{
    struct buf path;

    begin_path(&path, "tables", page);
    databricks_query_add(&path, "catalog_name", catalog);
    databricks_query_add(&path, "schema_name", schema);
    return start(db, identity, &kind_tables, &path, page->page_token, each, done, user);
}

struct databricks_call *
databricks_catalog_walk(struct databricks *db, enum databricks_identity identity,
                        const struct databricks_page *page,
                        void (*each)(void *user, struct databricks_catalogs *result),
                        void (*done)(void *user, const struct err *err), void *user)
{
    return catalogs(db, identity, page, (void (*)(void))each, (void (*)(void))done, user);
}

struct databricks_call *
databricks_schema_walk(struct databricks *db, enum databricks_identity identity,
                       const char *catalog, const struct databricks_page *page,
                       void (*each)(void *user, struct databricks_schemas *result),
                       void (*done)(void *user, const struct err *err), void *user)
{
    return schemas(db, identity, catalog, page, (void (*)(void))each, (void (*)(void))done, user);
}

struct databricks_call *
databricks_table_walk(struct databricks *db, enum databricks_identity identity, const char *catalog,
                      const char *schema, const struct databricks_page *page,
                      void (*each)(void *user, struct databricks_tables *result),
                      void (*done)(void *user, const struct err *err), void *user)
{
    return tables(db, identity, catalog, schema, page, (void (*)(void))each, (void (*)(void))done,
                  user);
}

struct databricks_call *databricks_table_summaries(
    struct databricks *db, enum databricks_identity identity, const char *catalog,
    const char *schema_pattern, const char *table_pattern, const struct databricks_page *page,
    void (*done)(void *user, const struct err *err, struct databricks_tables *result), void *user)
{
    struct buf path;

    begin_path(&path, "table-summaries", page);
    databricks_query_add(&path, "catalog_name", catalog);
    databricks_query_add(&path, "schema_name_pattern", schema_pattern);
    databricks_query_add(&path, "table_name_pattern", table_pattern);
    return start(db, identity, &kind_summaries, &path, page->page_token, NULL, (void (*)(void))done,
                 user);
}

static void deliver_table(struct databricks_call *call, const struct err *err, void *result)
{
    void (*done)(void *, const struct err *, struct databricks_table *) =
        (void (*)(void *, const struct err *, struct databricks_table *))call->done;

    done(call->user, err, result);
    if (result)
        databricks_table_free(result);
}

static void parse_table(struct databricks_call *call, const cJSON *json,
                        struct net_response *response)
{
    struct databricks_table table;

    (void)response;
    databricks_table_read(json, &table);
    databricks_call_end(call, NULL, &table);
}

struct databricks_call *databricks_table_get(
    struct databricks *db, enum databricks_identity identity, const struct model_name *name,
    bool include_browse,
    void (*done)(void *user, const struct err *err, struct databricks_table *table), void *user)
{
    struct databricks_call *call =
        databricks_call_new(db, identity, (void (*)(void))done, user, deliver_table);
    char *full = model_name_url(name);

    call->subject = SUBJECT_TABLE;
    databricks_call_send(
        call, "GET",
        base_printf(BASE "/tables/%s%s", full, include_browse ? "?include_browse=true" : ""), NULL,
        &net_retry_read, parse_table);
    free(full);
    return call;
}

static void deliver_catalog(struct databricks_call *call, const struct err *err, void *result)
{
    void (*done)(void *, const struct err *, struct databricks_catalog *) =
        (void (*)(void *, const struct err *, struct databricks_catalog *))call->done;

    done(call->user, err, result);
    if (result)
        databricks_catalog_free(result);
}

static void parse_catalog(struct databricks_call *call, const cJSON *json,
                          struct net_response *response)
{
    struct databricks_catalog catalog;

    (void)response;
    databricks_catalog_read(json, &catalog);
    databricks_call_end(call, NULL, &catalog);
}

static void deliver_schema(struct databricks_call *call, const struct err *err, void *result)
{
    void (*done)(void *, const struct err *, struct databricks_schema *) =
        (void (*)(void *, const struct err *, struct databricks_schema *))call->done;

    done(call->user, err, result);
    if (result)
        databricks_schema_free(result);
}

static void parse_schema(struct databricks_call *call, const cJSON *json,
                         struct net_response *response)
{
    struct databricks_schema schema;

    (void)response;
    databricks_schema_read(json, &schema);
    databricks_call_end(call, NULL, &schema);
}

static void get_one(struct databricks_call *call, const char *kind, char *take_full,
                    void (*parse)(struct databricks_call *call, const cJSON *json,
                                  struct net_response *response))
{
    struct buf path;

    base_buf_init(&path, BUF_MAX_DEFAULT);
    if (base_buf_printf(&path, BASE "/%s", kind))
        bug("out of memory");
    databricks_path_add(&path, take_full);
    databricks_query_add(&path, "include_browse", "true");
    free(take_full);
    databricks_call_send(call, "GET", base_buf_take(&path, NULL), NULL, &net_retry_read, parse);
}

struct databricks_call *databricks_catalog_get(
    struct databricks *db, enum databricks_identity identity, const char *catalog,
    void (*done)(void *user, const struct err *err, struct databricks_catalog *result), void *user)
{
    struct databricks_call *call =
        databricks_call_new(db, identity, (void (*)(void))done, user, deliver_catalog);

    get_one(call, "catalogs", base_strdup(catalog), parse_catalog);
    return call;
}

struct databricks_call *databricks_schema_get(
    struct databricks *db, enum databricks_identity identity, const char *catalog,
    const char *schema,
    void (*done)(void *user, const struct err *err, struct databricks_schema *result), void *user)
{
    struct databricks_call *call =
        databricks_call_new(db, identity, (void (*)(void))done, user, deliver_schema);

    get_one(call, "schemas", base_printf("%s.%s", catalog, schema), parse_schema);
    return call;
}
