/* Unity Catalog objects as JSON, and the paging they share. Private to the room. */
#ifndef AAMPE_SANDBOX_UNITY_H
#define AAMPE_SANDBOX_UNITY_H

#include "sandbox/server.h"

/* All called with the workspace locked; the caller owns what they give. */
cJSON *sandbox_unity_catalog_json(struct sandbox_workspace *workspace,
                                  const struct sandbox_securable *catalog, bool browse_only);
cJSON *sandbox_unity_schema_json(struct sandbox_workspace *workspace,
                                 const struct sandbox_securable *schema, bool browse_only);
cJSON *sandbox_unity_table_json(struct sandbox_workspace *workspace,
                                const struct sandbox_securable *table, bool browse_only,
                                bool columns, bool properties);

/* Where a table's files lie, malloc'd. */
char *sandbox_unity_place(struct sandbox_workspace *workspace,
                          const struct sandbox_securable *table);
/* False after answering: the workspace has no metastore, or none is sold with it. */
bool sandbox_unity_open(struct sandbox_exchange *exchange);

/* The caller may read the table; false after answering 403. Called locked. */
bool sandbox_unity_table_open(struct sandbox_exchange *exchange,
                              const struct sandbox_securable *table);

/* databricks-api.md 3.0: max_results absent = everything, 0 = the server's page, > 0 = at most so
 * many. */
struct sandbox_page {
    size_t start, size; /* size SIZE_MAX: everything */
    bool empty;         /* this page holds nothing but a token */
};
/* false after answering 400. always: paged even without max_results (table-summaries). */
bool sandbox_page_read(struct sandbox_exchange *exchange, const char *scope, bool always,
                       struct sandbox_page *page);
/* The same where the page's size is called otherwise (page_size). */
bool sandbox_page_read_as(struct sandbox_exchange *exchange, const char *size_name,
                          const char *scope, bool always, struct sandbox_page *page);
/* Adds next_page_token when something is left after `end`. */
void sandbox_page_token(const struct sandbox_exchange *exchange, const struct sandbox_page *page,
                        size_t end, size_t total, cJSON *json);

#endif
