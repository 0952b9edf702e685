/* system.query.history, column by column (docs "Query history system table reference"). */
#include "sandbox/history.h"

#include "base/text.h"

#include <string.h>

enum history_column {
    ACCOUNT_ID,
    WORKSPACE_ID,
    STATEMENT_ID,
    SESSION_ID,
    EXECUTION_STATUS,
    COMPUTE,
    EXECUTED_BY_USER_ID,
    EXECUTED_BY,
    STATEMENT_TEXT,
    STATEMENT_TYPE,
    ERROR_MESSAGE,
    CLIENT_APPLICATION,
    CLIENT_DRIVER,
    CACHE_ORIGIN_STATEMENT_ID,
    TOTAL_DURATION_MS,
    WAITING_FOR_COMPUTE_DURATION_MS,
    WAITING_AT_CAPACITY_DURATION_MS,
    EXECUTION_DURATION_MS,
    COMPILATION_DURATION_MS,
    TOTAL_TASK_DURATION_MS,
    RESULT_FETCH_DURATION_MS,
    START_TIME,
    END_TIME,
    UPDATE_TIME,
    READ_PARTITIONS,
    PRUNED_FILES,
    READ_FILES,
    READ_ROWS,
    PRODUCED_ROWS,
    READ_BYTES,
    READ_IO_CACHE_PERCENT,
    FROM_RESULT_CACHE,
    SPILLED_LOCAL_BYTES,
    WRITTEN_BYTES,
    WRITTEN_ROWS,
    WRITTEN_FILES,
    SHUFFLE_READ_BYTES,
    QUERY_SOURCE,
    QUERY_PARAMETERS,
    EXECUTED_AS,
    EXECUTED_AS_USER_ID,
    QUERY_TAGS,
    HISTORY_COLUMNS
};

static const struct sandbox_live_column columns[HISTORY_COLUMNS] = {
    [ACCOUNT_ID] = {"account_id", "string"},
    [WORKSPACE_ID] = {"workspace_id", "string"},
    [STATEMENT_ID] = {"statement_id", "string"},
    [SESSION_ID] = {"session_id", "string"},
    [EXECUTION_STATUS] = {"execution_status", "string"},
    [COMPUTE] = {"compute", "struct<type:string,cluster_id:string,warehouse_id:string>"},
    [EXECUTED_BY_USER_ID] = {"executed_by_user_id", "string"},
    [EXECUTED_BY] = {"executed_by", "string"},
    [STATEMENT_TEXT] = {"statement_text", "string"},
    [STATEMENT_TYPE] = {"statement_type", "string"},
    [ERROR_MESSAGE] = {"error_message", "string"},
    [CLIENT_APPLICATION] = {"client_application", "string"},
    [CLIENT_DRIVER] = {"client_driver", "string"},
    [CACHE_ORIGIN_STATEMENT_ID] = {"cache_origin_statement_id", "string"},
    [TOTAL_DURATION_MS] = {"total_duration_ms", "bigint"},
    [WAITING_FOR_COMPUTE_DURATION_MS] = {"waiting_for_compute_duration_ms", "bigint"},
    [WAITING_AT_CAPACITY_DURATION_MS] = {"waiting_at_capacity_duration_ms", "bigint"},
    [EXECUTION_DURATION_MS] = {"execution_duration_ms", "bigint"},
    [COMPILATION_DURATION_MS] = {"compilation_duration_ms", "bigint"},
    [TOTAL_TASK_DURATION_MS] = {"total_task_duration_ms", "bigint"},
    [RESULT_FETCH_DURATION_MS] = {"result_fetch_duration_ms", "bigint"},
    [START_TIME] = {"start_time", "timestamp"},
    [END_TIME] = {"end_time", "timestamp"},
    [UPDATE_TIME] = {"update_time", "timestamp"},
    [READ_PARTITIONS] = {"read_partitions", "bigint"},
    [PRUNED_FILES] = {"pruned_files", "bigint"},
    [READ_FILES] = {"read_files", "bigint"},
    [READ_ROWS] = {"read_rows", "bigint"},
    [PRODUCED_ROWS] = {"produced_rows", "bigint"},
    [READ_BYTES] = {"read_bytes", "bigint"},
    [READ_IO_CACHE_PERCENT] = {"read_io_cache_percent", "tinyint"},
    [FROM_RESULT_CACHE] = {"from_result_cache", "boolean"},
    [SPILLED_LOCAL_BYTES] = {"spilled_local_bytes", "bigint"},
    [WRITTEN_BYTES] = {"written_bytes", "bigint"},
    [WRITTEN_ROWS] = {"written_rows", "bigint"},
    [WRITTEN_FILES] = {"written_files", "bigint"},
    [SHUFFLE_READ_BYTES] = {"shuffle_read_bytes", "bigint"},
    [QUERY_SOURCE] = {"query_source",
                      "struct<job_info:struct<job_id:string,job_run_id:string,"
                      "job_task_run_id:string>,legacy_dashboard_id:string,dashboard_id:string,"
                      "alert_id:string,notebook_id:string,sql_query_id:string,"
                      "genie_space_id:string>"},
    [QUERY_PARAMETERS] = {"query_parameters", "struct<named_parameters:map<string,string>,"
                                              "pos_parameters:array<string>,is_truncated:boolean>"},
    [EXECUTED_AS] = {"executed_as", "string"},
    [EXECUTED_AS_USER_ID] = {"executed_as_user_id", "string"},
    [QUERY_TAGS] = {"query_tags", "map<string,string>"},
};

static char *compute(const struct sandbox_past_statement *past)
{
    cJSON *json = base_json_object();
    char *text;

    base_json_add_str(json, "type", "WAREHOUSE");
    base_json_add_take(json, "cluster_id", cJSON_CreateNull());
    base_json_add_str(json, "warehouse_id", past->warehouse);
    text = base_json_print(json);
    cJSON_Delete(json);
    return text;
}

/* First product of the User-Agent; a driver's in the words of the console. */
static char *client(const struct sandbox_past_statement *past, bool driver)
{
    static const struct {
        const char *product, *name;
    } drivers[] = {{"PyDatabricksSqlConnector", "Databricks SQL Connector for Python"},
                   {"DatabricksJDBCDriverOSS", "Databricks JDBC Driver"},
                   {"NodejsDatabricksSqlConnector", "Databricks SQL Driver for Node.js"},
                   {"godatabrickssqlconnector", "Databricks SQL Driver for Go"}};
    const char *agent = past->agent ? past->agent : "";

    if (!driver)
        return *agent ? base_strndup(agent, strcspn(agent, "/ ")) : NULL;
    for (size_t i = 0; i < base_countof(drivers); i++) {
        if (strncmp(agent, drivers[i].product, strlen(drivers[i].product)) == 0)
            return base_strdup(drivers[i].name);
    }
    return NULL;
}

static char *text_of(struct sandbox_server *server, enum history_column column,
                     const struct sandbox_past_statement *past)
{
    const struct sandbox_identity *identity = sandbox_workspace_identity(server->workspace);

    switch (column) {
    case ACCOUNT_ID:
        return base_strdup(identity->account_id);
    case WORKSPACE_ID:
        return base_strdup(identity->workspace_id);
    case STATEMENT_ID:
        return base_strdup(past->id);
    case SESSION_ID:
        return base_strdup(past->session);
    case EXECUTION_STATUS:
        return base_strdup(past->status);
    case COMPUTE:
        return compute(past);
    case EXECUTED_BY_USER_ID:
    case EXECUTED_AS_USER_ID:
        return base_strdup(past->user_id);
    case EXECUTED_BY:
    case EXECUTED_AS:
        return base_strdup(past->principal);
    case STATEMENT_TEXT:
        return base_strdup(past->text);
    case STATEMENT_TYPE:
        return base_strdup(past->type);
    case ERROR_MESSAGE:
        return base_strdup(past->error);
    case CLIENT_APPLICATION:
    case CLIENT_DRIVER:
        return client(past, column == CLIENT_DRIVER);
    case QUERY_PARAMETERS:
        return base_strdup(past->parameters);
    case QUERY_TAGS:
        return base_strdup(past->tags);
    default: /* what nothing here has */
        return NULL;
    }
}

/* Durations and counts; false: not a number's column. */
static bool number_of(enum history_column column, const struct sandbox_past_statement *past,
                      int64_t *number)
{
    int64_t running = past->running_us ? past->running_us : past->ended_us;

    switch (column) {
    case TOTAL_DURATION_MS:
        *number = (past->ended_us - past->started_us) / 1000;
        return true;
    case WAITING_FOR_COMPUTE_DURATION_MS:
        *number = (running - past->started_us) / 1000;
        return true;
    case EXECUTION_DURATION_MS:
        *number = (past->ended_us - running) / 1000;
        return true;
    case START_TIME:
        *number = past->started_us;
        return true;
    case END_TIME:
    case UPDATE_TIME:
        *number = past->ended_us;
        return true;
    case PRODUCED_ROWS:
        *number = past->rows;
        return true;
    case READ_BYTES:
        *number = past->bytes;
        return true;
    case WAITING_AT_CAPACITY_DURATION_MS:
    case COMPILATION_DURATION_MS:
    case FROM_RESULT_CACHE:
    case SPILLED_LOCAL_BYTES:
    case WRITTEN_BYTES:
        *number = 0;
        return true;
    default:
        return false;
    }
}

struct cell {
    struct sandbox_server *server;
    enum history_column column;
    struct sandbox_vector *out;
};

static void append(void *user, const struct sandbox_past_statement *past)
{
    const struct cell *cell = user;
    int64_t number;

    if (past && number_of(cell->column, past, &number))
        sandbox_live_number(cell->out, number);
    else
        sandbox_live_text_take(cell->out, past ? text_of(cell->server, cell->column, past) : NULL);
}

static void cell_append(struct sandbox_server *server, int64_t row, size_t column,
                        struct sandbox_vector *out)
{
    struct cell cell = {server, (enum history_column)column, out};

    sandbox_history_ended(server, row, append, &cell);
}

static void delivered(struct sandbox_server *server, int64_t *first, int64_t *count)
{
    int64_t lag = sandbox_server_setting(server, SANDBOX_HISTORY_LAG_SECONDS) * 1000000;

    sandbox_history_until(server, base_seam_now_us(server->seam) - lag, first, count);
}

const struct sandbox_live_def sandbox_history_table = {
    .name = "history",
    .comment = "Statements that SQL warehouses ran",
    .columns = columns,
    .column_count = HISTORY_COLUMNS,
    .partition_column = -1,
    .rows = delivered,
    .cell = cell_append,
};
