/* Runs one statement against a world in memory, for tests and timing without HTTP:
 *   sandbox_query WORLD ROWS FORMAT STATEMENT [insert|update|delete TABLE N]...
 * FORMAT: json (one chunk a line) and csv to stdout; arrow, lz4: each chunk after its length (8
 * bytes LE); time: only figures. */
#include "base/alloc.h"
#include "sandbox/data.h"
#include "sandbox/query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int put(struct sandbox_query *query, size_t index, const char *format, int64_t *bytes)
{
    struct buf out;
    int result;
    base_buf_init(&out, BUF_MAX_DEFAULT);
    if (strcmp(format, "json") == 0)
        result = sandbox_query_json(query, index, &out);
    else if (strcmp(format, "csv") == 0)
        result = sandbox_query_csv(query, index, &out);
    else
        result = sandbox_query_arrow(query, index, strcmp(format, "lz4") == 0, &out);
    *bytes += (int64_t)out.len;
    uint64_t len = out.len;
    if (strcmp(format, "arrow") == 0 || strcmp(format, "lz4") == 0)
        fwrite(&len, 8, 1, stdout);
    if (strcmp(format, "time") != 0)
        fwrite(out.data, 1, out.len, stdout);
    if (strcmp(format, "json") == 0)
        fputc('\n', stdout);
    base_buf_free(&out);
    return result;
}

static int run(struct sandbox_workspace *workspace, const char *statement, const char *format)
{
    struct sandbox_query_request request = {.workspace = workspace,
                                            .principal = "sp",
                                            .statement = statement,
                                            .catalog = "shop",
                                            .schema = "aampe"};
    struct sandbox_query *query;
    struct sandbox_query_error error;
    struct base_seam *seam = sandbox_workspace_seam(workspace);
    bool cancel = false;
    int64_t bytes = 0, start = base_seam_mono_us(seam);
    if (sandbox_query_run(&request, &cancel, &query, &error) < 0) {
        fprintf(stderr, "%s %s\n%s\n", error.error_code, error.sqlstate, error.message);
        sandbox_query_error_free(&error);
        return 1;
    }
    int result = 0;
    for (size_t i = 0; i < sandbox_query_chunks(query) && result == 0; i++)
        result = put(query, i, format, &bytes);
    int64_t us = base_seam_mono_us(seam) - start, rows = sandbox_query_total_rows(query);
    fprintf(stderr, "rows %lld chunks %zu bytes %lld ms %lld Mrows/s %.2f\n", (long long)rows,
            sandbox_query_chunks(query), (long long)bytes, (long long)us / 1000,
            (double)rows / (double)(us + 1));
    sandbox_query_free(&query);
    return result != 0;
}

/* Every table of the world is read. */
static void grant_all(struct sandbox_workspace *workspace)
{
    static const char *const privileges[] = {"USE_CATALOG", "USE_SCHEMA", "SELECT"};
    struct sandbox_securable *metastore = sandbox_workspace_metastore(workspace);
    for (size_t i = 0; i < metastore->children.count; i++)
        for (size_t j = 0; j < base_countof(privileges); j++)
            sandbox_workspace_grant(workspace, metastore->children.items[i], "sp", privileges[j]);
}

int main(int argc, char **argv)
{
    struct err err = ERR_INIT;
    if (argc < 5)
        return 2;
    struct base_seam *seam = base_seam_new();
    /* Worlds count from the moment they are loaded; every run has the same one. */
    base_seam_turn(seam, 1767225630 - base_seam_now_us(seam) / 1000000);
    struct sandbox_workspace *workspace = sandbox_workspace_new(seam);
    sandbox_workspace_principal(workspace, SANDBOX_SERVICE_PRINCIPAL, "sp", "sp");
    int result =
        sandbox_world_load(workspace, argv[1], strtoll(argv[2], NULL, 10), "sp", NULL, &err);
    for (int i = 5; result == 0 && i + 2 < argc; i += 3) {
        int64_t version;
        result = sandbox_table_change(workspace, argv[i + 1], argv[i],
                                      strtoll(argv[i + 2], NULL, 10), &version, &err);
    }
    grant_all(workspace);
    if (result < 0)
        fprintf(stderr, "%s\n", err.message);
    else
        result = run(workspace, argv[4], argv[3]);
    sandbox_world_unload(workspace);
    sandbox_workspace_free(&workspace);
    base_seam_free(&seam);
    return result < 0 ? 1 : result;
}
