#include "sandbox/system.h"

#include "sandbox/journal.h"
#include "sandbox/unity.h"
#include "sandbox/world.h"

#include <stdio.h>
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

static const struct {
    const char *name, *type;
} columns[AUDIT_COLUMNS] = {
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

struct column_source {
    struct sandbox_server *server;
    enum audit_column column;
};

struct sandbox_system {
    struct sandbox_server *server;
    struct sandbox_securable *access;
    struct sandbox_table_def def;
    struct sandbox_column_def columns[AUDIT_COLUMNS];
    struct column_source sources[AUDIT_COLUMNS];
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
    const struct column_source *source;
    struct sandbox_vector *out;
};

static void cell_append(void *user, const struct sandbox_audit *audit)
{
    const struct cell_want *want = user;
    enum audit_column column = want->source->column;
    char *text = audit ? cell_text(want->source->server, column, audit) : NULL;
    struct sandbox_value value = {.null = !text, .text = text, .len = text ? strlen(text) : 0};

    if (audit && column == EVENT_TIME)
        value = (struct sandbox_value){.i = audit->time_us};
    else if (audit && column == EVENT_DATE)
        value = (struct sandbox_value){.i = audit->time_us / (INT64_C(86400) * 1000000)};
    sandbox_vector_append(want->out, &value);
    free(text);
}

static void fill(const struct sandbox_gen *gen, struct sandbox_vector *out)
{
    const struct column_source *source = gen->column->extra;
    struct cell_want want = {source, out};

    for (int64_t i = 0; i < gen->count; i++)
        sandbox_journal_audit(source->server->journal, gen->row + i, cell_append, &want);
}

/* What has been delivered: everything that is older than the lag. */
static void delivered(const void *user, int64_t *first, int64_t *count)
{
    const struct sandbox_system *system = user;
    struct sandbox_server *server = system->server;
    int64_t lag = sandbox_server_setting(server, SANDBOX_AUDIT_LAG_SECONDS) * 1000000;

    sandbox_journal_until(server->journal, base_seam_now_us(server->seam) - lag, first, count);
}

static void table_make(struct sandbox_system *system, struct sandbox_securable *schema)
{
    struct sandbox_workspace *workspace = system->server->workspace;
    struct sandbox_world *world =
        sandbox_world_new("system", 0, base_seam_now_us(system->server->seam));
    struct sandbox_securable *table = sandbox_workspace_add(
        workspace, schema, 'T', "audit", "System user", "Every call made to the workspace");

    for (size_t i = 0; i < AUDIT_COLUMNS; i++) {
        system->sources[i] = (struct column_source){system->server, (enum audit_column)i};
        system->columns[i] = (struct sandbox_column_def){.name = columns[i].name,
                                                         .type = columns[i].type,
                                                         .fill = fill,
                                                         .extra = &system->sources[i]};
        sandbox_securable_column(table, columns[i].name, columns[i].type, true, NULL);
    }
    table->columns.items[EVENT_DATE].partition_index = 0;
    system->def = (struct sandbox_table_def){.name = "audit",
                                             .columns = system->columns,
                                             .column_count = AUDIT_COLUMNS,
                                             .live = delivered,
                                             .live_user = system};
    table->data = sandbox_table_new(world, table->full_name, &system->def);
    world->tables = 1;
}

struct sandbox_system *sandbox_system_new(struct sandbox_server *server)
{
    struct sandbox_system *system = base_alloc_zero(1, sizeof *system);
    struct sandbox_securable *catalog;

    system->server = server;
    catalog = sandbox_workspace_add(server->workspace, NULL, 'C', "system", "System user",
                                    "System catalog");
    system->access =
        sandbox_workspace_add(server->workspace, catalog, 'S', "access", "System user", NULL);
    table_make(system, system->access);
    return system;
}

void sandbox_system_free(struct sandbox_system **system)
{
    free(*system);
    *system = NULL;
}

int sandbox_system_switch(struct sandbox_server *server, const char *schema, bool on,
                          struct err *err)
{
    if (strcmp(schema, "access") != 0)
        return base_err_set(err, ERR_USAGE, "no system schema is called '%s'", schema);
    sandbox_workspace_lock(server->workspace);
    server->system->access->hidden = !on;
    sandbox_workspace_unlock(server->workspace);
    return 0;
}

/* databricks-api.md 3.10: account and metastore admins may ask. */
void sandbox_endpoint_system_schemas(struct sandbox_exchange *exchange)
{
    static const char *const others[] = {"billing", "query"};
    struct sandbox_workspace *workspace = exchange->server->workspace;
    const struct sandbox_principal *who =
        sandbox_workspace_find_principal(workspace, exchange->principal);
    cJSON *json, *array, *item;

    if (strcmp(exchange->arguments[0], sandbox_workspace_metastore(workspace)->id) != 0) {
        sandbox_reply_error(exchange, 404, "METASTORE_DOES_NOT_EXIST",
                            "Metastore '%s' does not exist.", exchange->arguments[0]);
        return;
    }
    if (!who || !who->metastore_admin) {
        sandbox_reply_error(exchange, 403, "PERMISSION_DENIED",
                            "User is not an account admin or metastore admin.");
        return;
    }
    json = base_json_object();
    array = base_json_add_array(json, "schemas");
    item = base_json_object();
    base_json_add_str(item, "schema", "access");
    base_json_add_str(item, "state",
                      exchange->server->system->access->hidden ? "AVAILABLE" : "ENABLE_COMPLETED");
    base_json_push_take(array, item);
    for (size_t i = 0; i < base_countof(others); i++) {
        item = base_json_object();
        base_json_add_str(item, "schema", others[i]);
        base_json_add_str(item, "state", "AVAILABLE");
        base_json_push_take(array, item);
    }
    sandbox_reply_json(exchange, 200, json);
}
