/* Service principals by SCIM: what maps an application id to the numeric id (databricks-api.md
 * 6.1). */
#include "sandbox/identity.h"
#include "sandbox/server.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT_MAX 10000

struct filter {
    char attribute[32], operator[4], value[256];
};

static void scim_error(struct sandbox_exchange *exchange, int status, const char *detail)
{
    cJSON *json = base_json_object();
    char number[8];

    snprintf(number, sizeof number, "%d", status);
    base_json_push_take(base_json_add_array(json, "schemas"),
                        cJSON_CreateString("urn:ietf:params:scim:api:messages:2.0:Error"));
    base_json_add_str(json, "detail", detail);
    base_json_add_str(json, "status", number);
    sandbox_reply_json(exchange, status, json);
    exchange->content_type = "application/scim+json; charset=utf-8";
}

/* One comparison; 0 none, 1 read, -1 malformed. */
static int filter_read(const char *text, struct filter *filter)
{
    int used = 0;

    if (!text || !*text)
        return 0;
    if (sscanf(text, "%31[A-Za-z] %3[a-z] \"%255[^\"]\"%n", filter->attribute, filter->operator,
               filter->value, &used) != 3 ||
        !used || text[used])
        return -1;
    if (strcmp(filter->operator, "eq") != 0 && strcmp(filter->operator, "co") != 0 &&
        strcmp(filter->operator, "sw") != 0)
        return -1;
    return base_text_equal_nocase(filter->attribute, "applicationId") ||
                   base_text_equal_nocase(filter->attribute, "displayName")
               ? 1
               : -1;
}

static bool matches(const struct filter *filter, const struct sandbox_principal *principal)
{
    const char *value = base_text_equal_nocase(filter->attribute, "applicationId")
                            ? principal->name
                            : principal->display_name;

    if (strcmp(filter->operator, "eq") == 0)
        return base_text_equal_nocase(value, filter->value);
    if (strcmp(filter->operator, "sw") == 0)
        return strncmp(value, filter->value, strlen(filter->value)) == 0;
    return strstr(value, filter->value) != NULL;
}

static cJSON *principal_json(const struct sandbox_principal *principal)
{
    cJSON *json = base_json_object();

    base_json_push_take(base_json_add_array(json, "schemas"),
                        cJSON_CreateString("urn:ietf:params:scim:schemas:core:2.0:"
                                           "ServicePrincipal"));
    base_json_add_str(json, "id", principal->scim_id);
    base_json_add_str(json, "applicationId", principal->name);
    base_json_add_str(json, "displayName", principal->display_name);
    base_json_add_bool(json, "active", principal->active);
    sandbox_entitlements_json(principal->entitlements, json);
    return json;
}

static size_t number_of(struct sandbox_exchange *exchange, const char *name, size_t fallback)
{
    const char *text = sandbox_exchange_query(exchange, name);
    long long value = text ? strtoll(text, NULL, 10) : -1;

    return value < 0 ? fallback : (size_t)value;
}

void sandbox_endpoint_service_principals(struct sandbox_exchange *exchange)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;
    const struct sandbox_principal *principal;
    struct filter filter = {0};
    int filtered = filter_read(sandbox_exchange_query(exchange, "filter"), &filter);
    size_t start = number_of(exchange, "startIndex", 1), total = 0, shown = 0;
    size_t count = number_of(exchange, "count", COUNT_MAX);
    cJSON *json, *array;

    if (filtered < 0) {
        scim_error(exchange, 400, "Given filter operator is not supported.");
        return;
    }
    json = base_json_object();
    array = cJSON_CreateArray();
    sandbox_workspace_lock(workspace);
    for (size_t i = 0; (principal = sandbox_workspace_principal_at(workspace, i)); i++) {
        if (principal->kind != SANDBOX_SERVICE_PRINCIPAL ||
            (filtered && !matches(&filter, principal)))
            continue;
        total++;
        if (total >= start && shown < count) {
            base_json_push_take(array, principal_json(principal));
            shown++;
        }
    }
    sandbox_workspace_unlock(workspace);
    base_json_add_i64(json, "totalResults", (int64_t)total);
    base_json_add_i64(json, "startIndex", (int64_t)start);
    base_json_add_i64(json, "itemsPerPage", (int64_t)shown);
    base_json_push_take(base_json_add_array(json, "schemas"),
                        cJSON_CreateString("urn:ietf:params:scim:api:messages:2.0:ListResponse"));
    if (shown)
        base_json_add_take(json, "Resources", array);
    else
        cJSON_Delete(array);
    sandbox_reply_json(exchange, 200, json);
    exchange->content_type = "application/scim+json; charset=utf-8";
}

void sandbox_endpoint_service_principal(struct sandbox_exchange *exchange)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;
    const struct sandbox_principal *principal;
    cJSON *json = NULL;

    sandbox_workspace_lock(workspace);
    for (size_t i = 0; !json && (principal = sandbox_workspace_principal_at(workspace, i)); i++) {
        if (principal->kind == SANDBOX_SERVICE_PRINCIPAL &&
            strcmp(principal->scim_id, exchange->arguments[0]) == 0)
            json = principal_json(principal);
    }
    sandbox_workspace_unlock(workspace);
    if (!json) {
        scim_error(exchange, 404, "Service principal not found.");
        return;
    }
    sandbox_reply_json(exchange, 200, json);
    exchange->content_type = "application/scim+json; charset=utf-8";
}
