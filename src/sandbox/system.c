#include "sandbox/system.h"

#include "sandbox/history.h"
#include "sandbox/journal.h"
#include "sandbox/live.h"
#include "sandbox/unity.h"

#include <string.h>

enum audit_column {
    ACCOUNT_ID,
    WORKSPACE_ID,
    VERSION,
    EVENT_TIME,
    EVENT_DATE,
    SOURCE_IP_ADDRESS,
    USER_AGENT,
    SESSION_ID,
    USER_IDENTITY,
    SERVICE_NAME,
    ACTION_NAME,
    REQUEST_ID,
    REQUEST_PARAMS,
    RESPONSE,
    AUDIT_LEVEL,
    EVENT_ID,
    IDENTITY_METADATA,
    AUDIT_COLUMNS
};

static const struct sandbox_live_column columns[AUDIT_COLUMNS] = {
    [ACCOUNT_ID] = {"account_id", "string"},
    [WORKSPACE_ID] = {"workspace_id", "string"},
    [VERSION] = {"version", "string"},
    [EVENT_TIME] = {"event_time", "timestamp"},
    [EVENT_DATE] = {"event_date", "date"},
    [SOURCE_IP_ADDRESS] = {"source_ip_address", "string"},
    [USER_AGENT] = {"user_agent", "string"},
    [SESSION_ID] = {"session_id", "string"},
    [USER_IDENTITY] = {"user_identity", "struct<email:string,subject_name:string>"},
    [SERVICE_NAME] = {"service_name", "string"},
    [ACTION_NAME] = {"action_name", "string"},
    [REQUEST_ID] = {"request_id", "string"},
    [REQUEST_PARAMS] = {"request_params", "map<string,string>"},
    [RESPONSE] = {"response", "struct<status_code:int,error_message:string,result:string>"},
    [AUDIT_LEVEL] = {"audit_level", "string"},
    [EVENT_ID] = {"event_id", "string"},
    [IDENTITY_METADATA] = {"identity_metadata",
                           "struct<run_by:string,run_as:string,acting_resource:string>"},
};

struct sandbox_system {
    struct sandbox_server *server;
    struct sandbox_securable *access, *query;
    struct sandbox_live *audit, *history;
};

static char *user_identity(const struct sandbox_audit *audit)
{
    cJSON *json = base_json_object();
    char *text;

    base_json_add_take(json, "email",
                       audit->who ? cJSON_CreateString(audit->who) : cJSON_CreateNull());
    base_json_add_take(json, "subject_name", cJSON_CreateNull());
    text = base_json_print(json);
    cJSON_Delete(json);
    return text;
}

static char *response(const struct sandbox_audit *audit)
{
    cJSON *json = base_json_object();
    char *text;

    base_json_add_i64(json, "status_code", audit->status);
    base_json_add_take(json, "error_message",
                       audit->message ? cJSON_CreateString(audit->message) : cJSON_CreateNull());
    base_json_add_take(json, "result", cJSON_CreateNull());
    text = base_json_print(json);
    cJSON_Delete(json);
    return text;
}

/* The text of a cell, malloc'd; NULL for NULL. Times and dates are numbers, set by the caller. */
static char *cell_text(struct sandbox_server *server, enum audit_column column,
                       const struct sandbox_audit *audit)
{
    const struct sandbox_identity *identity = sandbox_workspace_identity(server->workspace);

    switch (column) {
    case ACCOUNT_ID:
        return base_strdup(identity->account_id);
    case WORKSPACE_ID:
        return base_strdup(audit->account_level ? "0" : identity->workspace_id);
    case VERSION:
        return base_strdup("2.0");
    case SOURCE_IP_ADDRESS:
        return base_strdup(audit->source);
    case USER_AGENT:
        return base_strdup(audit->agent);
    case USER_IDENTITY:
        return user_identity(audit);
    case SERVICE_NAME:
        return base_strdup(audit->service);
    case ACTION_NAME:
        return base_strdup(audit->action);
    case REQUEST_ID:
        return base_strdup(audit->request_id);
    case REQUEST_PARAMS:
        return base_strdup(audit->params);
    case RESPONSE:
        return response(audit);
    case AUDIT_LEVEL:
        return base_strdup(audit->account_level ? "ACCOUNT_LEVEL" : "WORKSPACE_LEVEL");
    case EVENT_ID:
        return base_strdup(audit->event_id);
    case IDENTITY_METADATA:
        return base_strdup("{\"run_by\":null,\"run_as\":null,\"acting_resource\":null}");
    default:
        return NULL;
    }
}

struct cell_want {
    struct sandbox_server *server;
    enum audit_column column;
    struct sandbox_vector *out;
};

static void cell_append(void *user, const struct sandbox_audit *audit)
{
    const struct cell_want *want = user;

    if (audit && want->column == EVENT_TIME)
        sandbox_live_number(want->out, audit->time_us);
    else if (audit && want->column == EVENT_DATE)
        sandbox_live_number(want->out, audit->time_us / (INT64_C(86400) * 1000000));
    else
        sandbox_live_text_take(want->out,
                               audit ? cell_text(want->server, want->column, audit) : NULL);
}

static void cell(struct sandbox_server *server, int64_t row, size_t column,
                 struct sandbox_vector *out)
{
    struct cell_want want = {server, (enum audit_column)column, out};

    sandbox_journal_audit(server->journal, row, cell_append, &want);
}

/* What has been delivered: everything that is older than the lag. */
static void delivered(struct sandbox_server *server, int64_t *first, int64_t *count)
{
    int64_t lag = sandbox_server_setting(server, SANDBOX_AUDIT_LAG_SECONDS) * 1000000;

    sandbox_journal_until(server->journal, base_seam_now_us(server->seam) - lag, first, count);
}

static const struct sandbox_live_def audit_table = {
    .name = "audit",
    .comment = "Every call made to the workspace",
    .columns = columns,
    .column_count = AUDIT_COLUMNS,
    .partition_column = EVENT_DATE,
    .rows = delivered,
    .cell = cell,
};

struct sandbox_system *sandbox_system_new(struct sandbox_server *server)
{
    struct sandbox_system *system = base_alloc_zero(1, sizeof *system);
    struct sandbox_securable *catalog;

    system->server = server;
    catalog = sandbox_workspace_add(server->workspace, NULL, 'C', "system", "System user",
                                    "System catalog (auto-created)");
    system->access =
        sandbox_workspace_add(server->workspace, catalog, 'S', "access", "System user", NULL);
    system->query =
        sandbox_workspace_add(server->workspace, catalog, 'S', "query", "System user", NULL);
    system->query->hidden = true;
    system->audit = sandbox_live_new(server, system->access, &audit_table);
    system->history = sandbox_live_new(server, system->query, &sandbox_history_table);
    return system;
}

void sandbox_system_free(struct sandbox_system **held)
{
    struct sandbox_system *system = *held;

    if (!system)
        return;
    sandbox_live_free(&system->audit);
    sandbox_live_free(&system->history);
    free(system);
    *held = NULL;
}

/* The schemas that have tables here; NULL for another. */
static struct sandbox_securable *schema_of(const struct sandbox_system *system, const char *name)
{
    return strcmp(name, "access") == 0  ? system->access
           : strcmp(name, "query") == 0 ? system->query
                                        : NULL;
}

int sandbox_system_switch(struct sandbox_server *server, const char *name, bool on, struct err *err)
{
    struct sandbox_securable *schema = schema_of(server->system, name);

    if (!schema)
        return base_err_set(err, ERR_USAGE, "no system schema is called '%s'", name);
    sandbox_workspace_lock(server->workspace);
    schema->hidden = !on;
    sandbox_workspace_unlock(server->workspace);
    return 0;
}

/* Metastore of the path, and account and metastore admins only (databricks-api.md 3.10). */
static bool schemas_admit(struct sandbox_exchange *exchange)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;
    const struct sandbox_principal *who =
        sandbox_workspace_find_principal(workspace, exchange->principal);

    if (strcmp(exchange->arguments[0], sandbox_workspace_metastore(workspace)->id) != 0)
        sandbox_reply_error(exchange, 404, "METASTORE_DOES_NOT_EXIST",
                            "Metastore '%s' does not exist.", exchange->arguments[0]);
    else if (!who || (!who->metastore_admin && !who->account_admin))
        sandbox_reply_error(exchange, 403, "PERMISSION_DENIED",
                            "User is not an account admin or metastore admin.");
    return !exchange->status;
}

void sandbox_endpoint_system_schemas(struct sandbox_exchange *exchange)
{
    static const char *const names[] = {"access", "billing", "query", "information_schema"};
    cJSON *json, *array, *item;

    if (!schemas_admit(exchange))
        return;
    json = base_json_object();
    array = base_json_add_array(json, "schemas");
    sandbox_workspace_lock(exchange->server->workspace);
    for (size_t i = 0; i < base_countof(names); i++) {
        const struct sandbox_securable *schema = schema_of(exchange->server->system, names[i]);
        bool on = schema ? !schema->hidden : strcmp(names[i], "information_schema") == 0;

        item = base_json_object();
        base_json_add_str(item, "schema", names[i]);
        base_json_add_str(item, "state", on ? "ENABLE_COMPLETED" : "AVAILABLE");
        base_json_push_take(array, item);
    }
    sandbox_workspace_unlock(exchange->server->workspace);
    sandbox_reply_json(exchange, 200, json);
}

/* PUT enables, DELETE disables. What is so already is an error, as Terraform's provider has to
 * overlook; billing is the service's own to enable, and information_schema always on. */
static void schema_set(struct sandbox_exchange *exchange, bool on)
{
    const char *name = exchange->arguments[1];
    struct sandbox_securable *schema;

    if (!schemas_admit(exchange))
        return;
    sandbox_workspace_lock(exchange->server->workspace);
    schema = schema_of(exchange->server->system, name);
    if (strcmp(name, "billing") == 0 || strcmp(name, "information_schema") == 0)
        sandbox_reply_error(exchange, 400, "INVALID_PARAMETER_VALUE",
                            "%s system schema can only be %s by Databricks.", name,
                            on ? "enabled" : "disabled");
    else if (!schema)
        sandbox_reply_error(exchange, 404, "SCHEMA_DOES_NOT_EXIST",
                            "System schema '%s' does not exist.", name);
    else if (on && !schema->hidden)
        sandbox_reply_error(exchange, 409, "SCHEMA_ALREADY_EXISTS", "schema %s already exists",
                            name);
    else if (!on && schema->hidden)
        sandbox_reply_error(exchange, 404, "SCHEMA_DOES_NOT_EXIST", "schema %s does not exist",
                            name);
    else
        schema->hidden = !on;
    sandbox_workspace_unlock(exchange->server->workspace);
    if (!exchange->status)
        sandbox_reply_json(exchange, 200, base_json_object());
}

void sandbox_endpoint_system_schema_enable(struct sandbox_exchange *exchange)
{
    schema_set(exchange, true);
}

void sandbox_endpoint_system_schema_disable(struct sandbox_exchange *exchange)
{
    schema_set(exchange, false);
}
