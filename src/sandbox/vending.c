/* Temporary credentials for the files of a table (databricks-api.md 3.9), and the flags that
 * drivers ask for. */
#include "sandbox/unity.h"

#include "base/hash.h"
#include "base/text.h"

#include <string.h>

#define LIFE_US ((int64_t)3600 * 1000000)
#define DENIED "UNITY_CATALOG_EXTERNAL_GENERATE_TABLE_CREDENTIALS_DENIED"

static const struct sandbox_securable *by_id(const struct sandbox_securable *at, const char *id)
{
    const struct sandbox_securable *found = NULL;

    if (at->hidden || at->sql_only)
        return NULL;
    if (at->kind == 'T')
        return strcmp(at->id, id) == 0 ? at : NULL;
    for (size_t i = 0; i < at->children.count && !found; i++)
        found = by_id(at->children.items[i], id);
    return found;
}

/* Neither owning a schema nor ALL PRIVILEGES nor being an admin gives it: somebody must have
 * granted it, on the schema or its catalog. */
static bool external_use(struct sandbox_exchange *exchange, const struct sandbox_securable *schema)
{
    for (const struct sandbox_securable *at = schema; at; at = at->parent) {
        for (size_t i = 0; i < at->grants.count; i++) {
            const struct sandbox_grant *grant = &at->grants.items[i];

            if (strcmp(grant->privilege, "EXTERNAL_USE_SCHEMA") == 0 &&
                (base_text_equal_nocase(grant->principal, exchange->principal) ||
                 sandbox_workspace_member(exchange->server->workspace, grant->principal,
                                          exchange->principal)))
                return true;
        }
    }
    return false;
}

static bool masked(const struct sandbox_securable *table)
{
    for (size_t i = 0; i < table->columns.count; i++) {
        if (table->columns.items[i].mask_function)
            return true;
    }
    return false;
}

/* Why a table of this sort has no credentials; NULL: it has. */
static const char *unfit(const struct sandbox_securable *table, bool write)
{
    if (strcmp(table->table_type, "MANAGED") != 0 && strcmp(table->table_type, "EXTERNAL") != 0)
        return "of this type";
    if (table->row_filter_function)
        return "with a row filter";
    if (masked(table))
        return "with column masks";
    return write && strcmp(table->table_type, "MANAGED") == 0 ? "that are managed, for writing"
                                                              : NULL;
}

static bool vended(struct sandbox_exchange *exchange, const struct sandbox_securable *table,
                   bool write)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;
    const char *why;

    if (!sandbox_workspace_switches(workspace)->external_access)
        sandbox_reply_unity(exchange, 401, "UNAUTHENTICATED", DENIED, "METASTORE",
                            sandbox_workspace_metastore(workspace)->name,
                            "Credential vending is disabled: external data access is not enabled "
                            "on the metastore.");
    else if (!sandbox_unity_table_open(exchange, table))
        return false;
    else if (!external_use(exchange, table->parent))
        sandbox_reply_unity(exchange, 403, "PERMISSION_DENIED", "PERMISSION_DENIED", "SCHEMA",
                            table->parent->full_name,
                            "User does not have EXTERNAL USE SCHEMA on Schema '%s'.",
                            table->parent->full_name);
    else if (write && !sandbox_workspace_has(workspace, table, exchange->principal, "MODIFY"))
        sandbox_reply_unity(exchange, 403, "PERMISSION_DENIED", "PERMISSION_DENIED", "TABLE",
                            table->full_name, "User does not have MODIFY on Table '%s'.",
                            table->full_name);
    else if ((why = unfit(table, write)))
        sandbox_reply_unity(exchange, 400, "INVALID_PARAMETER_VALUE", DENIED, "TABLE",
                            table->full_name,
                            "Temporary credentials cannot be generated for tables %s: '%s'.", why,
                            table->full_name);
    return !exchange->status;
}

static void random_text(struct sandbox_exchange *exchange, cJSON *json, const char *key,
                        const char *prefix)
{
    unsigned char bytes[24];
    char hex[49];
    char *text;

    base_seam_random(exchange->server->seam, bytes, sizeof bytes);
    base_hex(bytes, sizeof bytes, hex);
    text = base_printf("%s%s", prefix, hex);
    base_json_add_str(json, key, text);
    free(text);
}

/* Of the right shape; they open nothing, as the sandbox keeps no files. */
static void reply_credentials(struct sandbox_exchange *exchange,
                              const struct sandbox_securable *table)
{
    cJSON *json = base_json_object(), *keys;
    char *place = sandbox_unity_place(exchange->server->workspace, table);

    base_json_add_str(json, "url", place);
    base_json_add_i64(json, "expiration_time",
                      (base_seam_now_us(exchange->server->seam) + LIFE_US) / 1000);
    keys = base_json_add_object(json, "aws_temp_credentials");
    random_text(exchange, keys, "access_key_id", "ASIA");
    random_text(exchange, keys, "secret_access_key", "");
    random_text(exchange, keys, "session_token", "");
    free(place);
    sandbox_reply_json(exchange, 200, json);
}

void sandbox_endpoint_table_credentials(struct sandbox_exchange *exchange)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;
    cJSON *body = sandbox_exchange_json(exchange);
    const char *operation = base_json_str_or(body, "operation", "");
    const char *id = base_json_str_or(body, "table_id", "");
    bool write = strcmp(operation, "READ_WRITE") == 0;
    const struct sandbox_securable *table;

    if (!body)
        return;
    sandbox_workspace_lock(workspace);
    table = by_id(sandbox_workspace_metastore(workspace), id);
    if (!write && strcmp(operation, "READ") != 0)
        sandbox_reply_error(exchange, 400, "INVALID_PARAMETER_VALUE",
                            "operation must be READ or READ_WRITE.");
    else if (!table)
        sandbox_reply_error(exchange, 404, "TABLE_DOES_NOT_EXIST",
                            "Table with id '%s' does not exist.", id);
    else if (vended(exchange, table, write))
        reply_credentials(exchange, table);
    sandbox_workspace_unlock(workspace);
    cJSON_Delete(body);
}

/* Drivers ask before they send telemetry; this workspace wants none. */
void sandbox_endpoint_feature_flags(struct sandbox_exchange *exchange)
{
    static const char prefix[] = "databricks.partnerplatform.clientConfigsFeatureFlags";
    static const char *const names[] = {"enableTelemetry", "enableTelemetryForPythonDriver"};
    cJSON *json = base_json_object();
    cJSON *array = base_json_add_array(json, "flags");

    for (size_t i = 0; i < base_countof(names); i++) {
        cJSON *item = base_json_object();
        char *name = base_printf("%s.%s", prefix, names[i]);

        base_json_add_str(item, "name", name);
        base_json_add_str(item, "value", "false");
        base_json_push_take(array, item);
        free(name);
    }
    base_json_add_i64(json, "ttl_seconds", 900);
    sandbox_reply_json(exchange, 200, json);
}
