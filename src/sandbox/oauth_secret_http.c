/* Secrets over HTTP, at the account (with its id in the path) and by the workspace's proxy
 * (without).
 */
#include "sandbox/network.h"
#include "sandbox/oauth_secret.h"
#include "sandbox/unity.h"

#include "base/secret.h"
#include "base/text.h"

#include <string.h>

/* Who may: admins of the workspace or of the account, or who has the manager role on that service
 * principal. Called locked. */
static bool manages(struct sandbox_exchange *exchange, const struct sandbox_principal *target)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;
    const char *caller = exchange->principal;
    const struct sandbox_principal *who = sandbox_workspace_find_principal(workspace, caller);
    bool may = sandbox_network_account_path(exchange)
                   ? who && who->account_admin
                   : sandbox_workspace_is_admin(workspace, caller);

    for (size_t i = 0; i < target->managers.count && !may; i++)
        may = base_text_equal_nocase(target->managers.items[i], caller) ||
              sandbox_workspace_member(workspace, target->managers.items[i], caller);
    return may;
}

/* Application id of the path's service principal, malloc'd; NULL after answering. The proxy knows
 * only those that are assigned to its workspace. */
static char *client_of(struct sandbox_exchange *exchange)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;
    bool account = sandbox_network_account_path(exchange);
    const char *id = exchange->arguments[account];
    const struct sandbox_principal *target;
    char *client_id = NULL;

    if (account &&
        strcmp(exchange->arguments[0], sandbox_workspace_identity(workspace)->account_id) != 0) {
        sandbox_reply_error(exchange, 404, "RESOURCE_DOES_NOT_EXIST", "Account %s does not exist.",
                            exchange->arguments[0]);
        return NULL;
    }
    sandbox_workspace_lock(workspace);
    target = sandbox_workspace_principal_by_id(workspace, id);
    if (!target || target->kind != SANDBOX_SERVICE_PRINCIPAL || (!account && !target->assigned))
        sandbox_reply_error(exchange, 404, "RESOURCE_DOES_NOT_EXIST",
                            "Service principal %s does not exist.", id);
    else if (!manages(exchange, target))
        sandbox_reply_error(exchange, 403, "PERMISSION_DENIED",
                            "User does not have the service principal manager role on %s.", id);
    else
        client_id = base_strdup(target->name);
    sandbox_workspace_unlock(workspace);
    return client_id;
}

void sandbox_endpoint_secrets(struct sandbox_exchange *exchange)
{
    char *client_id = client_of(exchange);
    struct sandbox_page page;
    cJSON *json, *all, *shown;
    size_t total, end;

    if (!client_id || !sandbox_page_read_as(exchange, "page_size", NULL, true, &page)) {
        free(client_id);
        return;
    }
    all = sandbox_secrets_list(exchange->server, client_id);
    total = (size_t)cJSON_GetArraySize(all);
    end = page.empty ? page.start : page.start + page.size;
    if (end > total)
        end = total;
    json = base_json_object();
    shown = cJSON_CreateArray();
    for (size_t i = page.start; i < end; i++)
        base_json_push_take(shown, cJSON_Duplicate(cJSON_GetArrayItem(all, (int)i), true));
    cJSON_Delete(all);
    if (end > page.start)
        base_json_add_take(json, "secrets", shown);
    else
        cJSON_Delete(shown);
    sandbox_page_token(exchange, &page, end, total, json);
    sandbox_reply_json(exchange, 200, json);
    free(client_id);
}

/* A duration: "3600s". Whether a bare number passes is not known (`bare_lifetime`). -1 after
 * answering. */
static int64_t lifetime_read(struct sandbox_exchange *exchange, const cJSON *body)
{
    const char *text = base_json_str(body, "lifetime");
    int64_t seconds = -1;
    char *end = NULL;

    if (!text && !base_json_get(body, "lifetime"))
        return SANDBOX_SECRET_SECONDS_MAX;
    if (text)
        seconds = strtoll(text, &end, 10);
    if (!text || end == text ||
        (strcmp(end, "s") != 0 &&
         (*end || !sandbox_server_setting(exchange->server, SANDBOX_BARE_LIFETIME)))) {
        sandbox_reply_error(exchange, 400, "INVALID_PARAMETER_VALUE",
                            "lifetime must be a duration such as \"3600s\".");
        return -1;
    }
    if (seconds > 0 && seconds <= SANDBOX_SECRET_SECONDS_MAX)
        return seconds;
    sandbox_reply_error(exchange, 400, "INVALID_PARAMETER_VALUE",
                        "lifetime must be between 1 second and 730 days.");
    return -1;
}

/* How the service refuses a sixth one is not known (`sixth_secret`). */
static void refuse_sixth(struct sandbox_exchange *exchange)
{
    static const struct {
        int status;
        const char *code;
    } forms[] = {{400, "QUOTA_EXCEEDED"}, {429, "RESOURCE_EXHAUSTED"}, {400, "INVALID_STATE"}};
    size_t form = (size_t)sandbox_server_setting(exchange->server, SANDBOX_SIXTH_SECRET);

    if (form >= base_countof(forms))
        form = 0;
    sandbox_reply_error(exchange, forms[form].status, forms[form].code,
                        "A service principal can have at most %d OAuth secrets.",
                        SANDBOX_SECRET_SLOTS);
}

static void create(struct sandbox_exchange *exchange, const char *client_id, int64_t lifetime)
{
    struct err err = ERR_INIT;
    char *id = NULL;
    char *text = sandbox_secrets_add(exchange->server, client_id, lifetime, &id, &err);
    cJSON *json = text ? sandbox_secrets_json(exchange->server, client_id, id) : NULL;

    if (json) {
        base_json_add_str(json, "secret", text);
        sandbox_reply_json(exchange, 200, json);
    } else {
        refuse_sixth(exchange);
    }
    if (text)
        base_secret_wipe(text, strlen(text));
    free(text);
    free(id);
}

void sandbox_endpoint_secret_create(struct sandbox_exchange *exchange)
{
    char *client_id = client_of(exchange);
    cJSON *body = client_id ? sandbox_exchange_json(exchange) : NULL;
    int64_t lifetime = body ? lifetime_read(exchange, body) : -1;

    if (lifetime > 0)
        create(exchange, client_id, lifetime);
    cJSON_Delete(body);
    free(client_id);
}

void sandbox_endpoint_secret_delete(struct sandbox_exchange *exchange)
{
    char *client_id = client_of(exchange);
    const char *id = exchange->arguments[exchange->argument_count - 1];

    if (client_id && sandbox_secrets_remove(exchange->server, client_id, id))
        sandbox_reply_json(exchange, 200, base_json_object());
    else if (client_id)
        sandbox_reply_error(exchange, 404, "RESOURCE_DOES_NOT_EXIST", "Secret %s does not exist.",
                            id);
    free(client_id);
}
