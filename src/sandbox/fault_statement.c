/* Faults that end statements, in the words of the published error conditions
 * (docs.databricks.com/error-messages, delta-error-classes.json). */
#include "sandbox/fault.h"
#include "sandbox/statement.h"

#include "base/text.h"

#include <string.h>

#define TIMEOUT_SECONDS_DEFAULT 172800 /* STATEMENT_TIMEOUT's system default */

static const char *disposition_of(const struct sandbox_statement *statement)
{
    return statement->inline_result ? "INLINE" : "EXTERNAL_LINKS";
}

bool sandbox_fault_disposition(const cJSON *options, const struct sandbox_fault_probe *probe)
{
    const char *wanted = base_json_str_or(options, "disposition", "EXTERNAL_LINKS");

    return base_text_equal_nocase(wanted, "any") ||
           (probe->disposition && base_text_equal_nocase(wanted, probe->disposition));
}

int sandbox_fault_view_chain(struct sandbox_server *server, const cJSON *options, struct err *err)
{
    static const char *const keys[] = {"view", "table"};

    for (size_t i = 0; i < base_countof(keys); i++) {
        const char *name = base_json_str(options, keys[i]);

        if (name && !sandbox_workspace_find(server->workspace, 'T', name))
            return base_err_set(err, ERR_USAGE, "no %s '%s'", keys[i], name);
    }
    sandbox_workspace_chain_break(server->workspace, base_json_str(options, "view"),
                                  base_json_str(options, "table"));
    return 0;
}

/* How one kind ends a statement. */
typedef enum sandbox_statement_state ending(struct sandbox_statement *statement,
                                            const cJSON *options);

static enum sandbox_statement_state end_timeout(struct sandbox_statement *statement,
                                                const cJSON *options)
{
    const char *sqlstate = base_json_str_or(options, "sqlstate", "57KD0");

    sandbox_statement_error(
        statement, "BAD_REQUEST", sqlstate,
        base_printf("[QUERY_EXECUTION_TIMEOUT_EXCEEDED] Query execution was cancelled due to "
                    "exceeding the timeout (%llds). You can increase the limit in seconds by "
                    "setting STATEMENT_TIMEOUT. SQLSTATE: %s",
                    (long long)sandbox_option_i64(options, "seconds", TIMEOUT_SECONDS_DEFAULT),
                    sqlstate));
    return SANDBOX_FAILED;
}

static enum sandbox_statement_state end_canceled(struct sandbox_statement *statement,
                                                 const cJSON *options)
{
    (void)statement, (void)options;
    return SANDBOX_CANCELED;
}

static enum sandbox_statement_state end_closed(struct sandbox_statement *statement,
                                               const cJSON *options)
{
    (void)statement, (void)options;
    return SANDBOX_CLOSED;
}

#define LOST_FILE "part-00000-3f1c9a52-7d0e-4b8e-9c11-5a2b7e9d4f60.c000.snappy.parquet"

static const struct {
    const char *class, *sqlstate, *text;
} gone[] = {
    {"FAILED_READ_FILE.DBR_FILE_NOT_EXIST", "KD001",
     "Error while reading file " LOST_FILE ". File does not exist. It is possible the underlying "
     "files have been updated. If Delta cache is stale or the underlying files have been removed, "
     "you can invalidate Delta cache manually by restarting the cluster."},
    {"DELTA_FILE_NOT_FOUND_DETAILED", "42K03",
     "File " LOST_FILE " referenced in the transaction log cannot be found. This occurs when data "
     "has been manually deleted from the file system rather than using the table `DELETE` "
     "statement."},
    {"DELTA_TRUNCATED_TRANSACTION_LOG", "42K03",
     "_delta_log: Unable to reconstruct state at version 0 as the transaction log has been "
     "truncated due to manual deletion or the log retention policy "
     "(delta.logRetentionDuration=30 days) and checkpoint retention policy "
     "(delta.checkpointRetentionDuration=2 days)"},
    {"DELTA_UNSUPPORTED_TIME_TRAVEL_BEYOND_DELETED_FILE_RETENTION_DURATION", "42K0E",
     "Cannot time travel beyond delta.deletedFileRetentionDuration (168 HOURS) set on the table."},
};

static enum sandbox_statement_state end_gone(struct sandbox_statement *statement,
                                             const cJSON *options)
{
    const char *class = base_json_str_or(options, "class", gone[0].class);
    size_t i = base_countof(gone) - 1;

    while (i && strcmp(gone[i].class, class) != 0)
        i--;
    sandbox_statement_error(
        statement, "BAD_REQUEST", gone[i].sqlstate,
        base_printf("[%s] %s SQLSTATE: %s", class, gone[i].text, gone[i].sqlstate));
    return SANDBOX_FAILED;
}

static enum sandbox_statement_state end_changed(struct sandbox_statement *statement,
                                                const cJSON *options)
{
    (void)options;
    sandbox_statement_error(
        statement, "BAD_REQUEST", "KD007",
        base_strdup("[DELTA_SCHEMA_CHANGE_SINCE_ANALYSIS] The schema of your Delta table has "
                    "changed in an incompatible way since your DataFrame\nor DeltaTable object was "
                    "created. Please redefine your DataFrame or DeltaTable object.\nChanges:\n"
                    "Latest schema is missing field(s): contact_id SQLSTATE: KD007"));
    return SANDBOX_FAILED;
}

static enum sandbox_statement_state end_error(struct sandbox_statement *statement,
                                              const cJSON *options)
{
    const char *class = base_json_str_or(options, "class", "INTERNAL_ERROR");
    const char *sqlstate = base_json_str_or(options, "sqlstate", "XX000");

    sandbox_statement_error(
        statement, base_json_str_or(options, "error_code", "BAD_REQUEST"), sqlstate,
        base_printf("[%s] %s%s%s", class,
                    base_json_str_or(options, "message", "The statement failed."),
                    *sqlstate ? " SQLSTATE: " : "", sqlstate));
    return SANDBOX_FAILED;
}

static const struct {
    const char *kind;
    ending *end;
} endings[] = {
    {"statement_timeout", end_timeout}, {"statement_canceled", end_canceled},
    {"statement_closed", end_closed},   {"files_gone", end_gone},
    {"table_changed", end_changed},     {"sql_error", end_error},
};

enum sandbox_statement_state sandbox_statement_fault(struct sandbox_statement *statement)
{
    struct sandbox_fault_probe probe = {.endpoint = "statements",
                                        .principal = statement->principal,
                                        .statement = statement->text,
                                        .disposition = disposition_of(statement),
                                        .chunk = -1};

    for (size_t i = 0; i < base_countof(endings); i++) {
        cJSON *options = sandbox_fault_hit(statement->server, endings[i].kind, &probe);
        enum sandbox_statement_state state;

        if (!options)
            continue;
        state = endings[i].end(statement, options);
        cJSON_Delete(options);
        return state;
    }
    return SANDBOX_SUCCEEDED;
}

bool sandbox_statement_fault_chunk(struct sandbox_statement *statement, int64_t chunk)
{
    struct sandbox_fault_probe probe = {.endpoint = "chunk",
                                        .principal = statement->principal,
                                        .statement = statement->text,
                                        .disposition = disposition_of(statement),
                                        .chunk = chunk};
    cJSON *options = sandbox_fault_hit(statement->server, "statement_closed", &probe);
    bool hit = options != NULL;

    cJSON_Delete(options);
    return hit;
}

bool sandbox_statement_fault_links(struct sandbox_exchange *exchange,
                                   const struct sandbox_statement *statement)
{
    struct sandbox_fault_probe probe = {.endpoint = exchange->endpoint,
                                        .path = exchange->path,
                                        .principal = exchange->principal,
                                        .statement = statement->text,
                                        .disposition = disposition_of(statement),
                                        .chunk = -1};
    cJSON *options = sandbox_fault_hit(exchange->server, "external_links_off", &probe);

    if (!options)
        return false;
    sandbox_reply_error(exchange, (int)sandbox_option_i64(options, "status", 400),
                        "FEATURE_DISABLED",
                        "The EXTERNAL_LINKS disposition is disabled for this workspace. Please "
                        "execute the statement with disposition=INLINE.");
    cJSON_Delete(options);
    return true;
}
