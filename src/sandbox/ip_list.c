/* IP access lists of workspace and account, and the switch that makes those of the workspace count
 * (databricks-api.md 8). */
#include "sandbox/network.h"

#include <string.h>

static const char *const switch_key = "enableIpAccessLists";

/* False after answering. Called locked. */
static bool permitted(struct sandbox_exchange *exchange)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;
    bool account = sandbox_network_account_path(exchange);
    const struct sandbox_principal *who =
        sandbox_workspace_find_principal(workspace, exchange->principal);

    if (account &&
        strcmp(exchange->arguments[0], sandbox_workspace_identity(workspace)->account_id) != 0)
        sandbox_reply_error(exchange, 404, "RESOURCE_DOES_NOT_EXIST", "Account %s does not exist.",
                            exchange->arguments[0]);
    else if (account ? !who || !who->account_admin
                     : !sandbox_workspace_is_admin(workspace, exchange->principal))
        sandbox_reply_error(exchange, 403, "PERMISSION_DENIED",
                            "Only %s admins can use IP access lists.",
                            account ? "account" : "workspace");
    else if (!account && sandbox_workspace_switches(workspace)->standard_tier)
        sandbox_reply_error(exchange, 404, "FEATURE_DISABLED",
                            "IP access list is not available in the pricing tier of this "
                            "workspace");
    return !exchange->status;
}

static void add_id(cJSON *json, const char *key, const char *id)
{
    if (id)
        base_json_add_i64(json, key, strtoll(id, NULL, 10));
}

static cJSON *list_json(const struct sandbox_ip_list *list)
{
    cJSON *json = base_json_object(), *array;

    base_json_add_str(json, "list_id", list->id);
    base_json_add_str(json, "label", list->label);
    array = base_json_add_array(json, "ip_addresses");
    for (size_t i = 0; i < list->ranges.count; i++)
        base_json_push_take(array, cJSON_CreateString(list->ranges.items[i].text));
    base_json_add_i64(json, "address_count", (int64_t)list->ranges.count);
    base_json_add_str(json, "list_type", list->block ? "BLOCK" : "ALLOW");
    base_json_add_bool(json, "enabled", list->enabled);
    base_json_add_i64(json, "created_at", list->created_ms);
    add_id(json, "created_by", list->created_by);
    base_json_add_i64(json, "updated_at", list->updated_ms);
    add_id(json, "updated_by", list->updated_by);
    return json;
}

static void reply_list(struct sandbox_exchange *exchange, const struct sandbox_ip_list *list)
{
    cJSON *json = base_json_object();

    base_json_add_take(json, "ip_access_list", list_json(list));
    sandbox_reply_json(exchange, 200, json);
}

void sandbox_endpoint_ip_lists(struct sandbox_exchange *exchange)
{
    struct sandbox_server *server = exchange->server;
    bool account = sandbox_network_account_path(exchange);
    const struct sandbox_ip_list *list;
    cJSON *json, *array;

    sandbox_workspace_lock(server->workspace);
    if (permitted(exchange)) {
        json = base_json_object();
        array = cJSON_CreateArray();
        for (size_t i = 0; (list = sandbox_network_list_at(server->network, i)); i++) {
            if (list->account == account)
                base_json_push_take(array, list_json(list));
        }
        if (cJSON_GetArraySize(array))
            base_json_add_take(json, "ip_access_lists", array);
        else
            cJSON_Delete(array);
        sandbox_reply_json(exchange, 200, json);
    }
    sandbox_workspace_unlock(server->workspace);
}

/* The list of the path; NULL after answering. Called locked. */
static struct sandbox_ip_list *one(struct sandbox_exchange *exchange)
{
    const char *id = exchange->arguments[exchange->argument_count - 1];
    struct sandbox_ip_list *list =
        permitted(exchange) ? sandbox_network_list(exchange->server->network,
                                                   sandbox_network_account_path(exchange), id)
                            : NULL;

    if (!list && !exchange->status)
        sandbox_reply_error(exchange, 404, "RESOURCE_DOES_NOT_EXIST",
                            "IP access list with id %s does not exist.", id);
    return list;
}

void sandbox_endpoint_ip_list(struct sandbox_exchange *exchange)
{
    const struct sandbox_ip_list *list;

    sandbox_workspace_lock(exchange->server->workspace);
    list = one(exchange);
    if (list)
        reply_list(exchange, list);
    sandbox_workspace_unlock(exchange->server->workspace);
}

static bool refuse(struct sandbox_exchange *exchange, const char *what, const char *why)
{
    sandbox_reply_error(exchange, 400, "INVALID_PARAMETER_VALUE", "%s %s", what, why);
    return false;
}

static void ranges_clear(struct sandbox_ip_list *list)
{
    for (size_t i = 0; i < list->ranges.count; i++)
        free(list->ranges.items[i].text);
    list->ranges.count = 0;
}

static bool addresses_read(struct sandbox_exchange *exchange, const cJSON *addresses,
                           struct sandbox_ip_list *list)
{
    const struct sandbox_network *network = exchange->server->network;
    const struct sandbox_ip_list *old = sandbox_network_list(network, list->account, list->id);
    size_t others = sandbox_network_ranges(network, list->account) - (old ? old->ranges.count : 0);
    const cJSON *item;

    ranges_clear(list);
    cJSON_ArrayForEach(item, addresses)
    {
        const char *text = cJSON_IsString(item) ? item->valuestring : "";
        struct sandbox_ip_range range;

        if (!sandbox_ip_range_read(text, &range))
            return refuse(exchange, text, "is not a valid IPv4 address or CIDR range.");
        vec_push(&list->ranges, range);
        if (others + list->ranges.count > SANDBOX_IP_RANGES_MAX) {
            sandbox_reply_error(exchange, 400, "QUOTA_EXCEEDED",
                                "The number of IP addresses and CIDR ranges exceeds %d.",
                                SANDBOX_IP_RANGES_MAX);
            return false;
        }
    }
    return true;
}

/* whole: everything must be said, as POST and PUT do; else only what is said changes. */
static bool body_read(struct sandbox_exchange *exchange, const cJSON *body, bool whole,
                      struct sandbox_ip_list *list)
{
    const char *label = base_json_str(body, "label");
    const char *type = base_json_str(body, "list_type");
    const cJSON *addresses = base_json_array(body, "ip_addresses");

    if (whole && (!label || !*label))
        return refuse(exchange, "label", "is required.");
    if (whole && !type)
        return refuse(exchange, "list_type", "is required.");
    if (type && strcmp(type, "ALLOW") != 0 && strcmp(type, "BLOCK") != 0)
        return refuse(exchange, type, "is not ALLOW or BLOCK.");
    if (type)
        list->block = type[0] == 'B';
    if (label) {
        free(list->label);
        list->label = base_strdup(label);
    }
    list->enabled = base_json_bool_or(body, "enabled", whole ? true : list->enabled);
    return (!addresses && !whole) || addresses_read(exchange, addresses, list);
}

/* Nobody may lock himself out: refused with the lists as they would be. True when that is so. */
static bool locks_out(struct sandbox_exchange *exchange, bool account, bool on)
{
    char *address = sandbox_network_source(exchange);
    bool in = sandbox_network_lets_in(exchange->server->network, account, on, address);

    if (!in)
        sandbox_reply_error(exchange, 400, "INVALID_STATE",
                            "Your current IP %s will not be allowed to access the %s under "
                            "current configuration",
                            address, account ? "account" : "workspace");
    free(address);
    return !in;
}

static void stamp(struct sandbox_exchange *exchange, struct sandbox_ip_list *list)
{
    const struct sandbox_principal *who =
        sandbox_workspace_find_principal(exchange->server->workspace, exchange->principal);

    list->updated_ms = base_seam_now_us(exchange->server->seam) / 1000;
    free(list->updated_by);
    list->updated_by = base_strdup(who ? who->scim_id : NULL);
    if (list->created_ms)
        return;
    list->created_ms = list->updated_ms;
    list->created_by = base_strdup(list->updated_by);
}

void sandbox_endpoint_ip_list_create(struct sandbox_exchange *exchange)
{
    struct sandbox_server *server = exchange->server;
    cJSON *body = sandbox_exchange_json(exchange);
    struct sandbox_ip_list *list;
    char id[37];

    if (!body)
        return;
    list = base_alloc_zero(1, sizeof *list);
    base_seam_uuid(server->seam, id);
    list->id = base_strdup(id);
    list->account = sandbox_network_account_path(exchange);
    sandbox_workspace_lock(server->workspace);
    if (permitted(exchange) && body_read(exchange, body, true, list)) {
        stamp(exchange, list);
        sandbox_network_list_add(server->network, list);
        if (locks_out(exchange, list->account, sandbox_network_lists_on(server->network) > 0))
            (void)!sandbox_network_list_remove(server->network, id);
        else
            reply_list(exchange, list);
    } else {
        sandbox_ip_list_free(list);
    }
    sandbox_workspace_unlock(server->workspace);
    cJSON_Delete(body);
}

static struct sandbox_ip_list *copy_of(const struct sandbox_ip_list *list)
{
    struct sandbox_ip_list *copy = base_alloc(sizeof *copy);

    *copy = *list;
    copy->id = base_strdup(list->id);
    copy->label = base_strdup(list->label);
    copy->created_by = base_strdup(list->created_by);
    copy->updated_by = base_strdup(list->updated_by);
    copy->ranges.items = NULL;
    copy->ranges.count = copy->ranges.cap = 0;
    for (size_t i = 0; i < list->ranges.count; i++) {
        struct sandbox_ip_range range = list->ranges.items[i];

        range.text = base_strdup(range.text);
        vec_push(&copy->ranges, range);
    }
    return copy;
}

static void change(struct sandbox_exchange *exchange, bool whole)
{
    struct sandbox_server *server = exchange->server;
    cJSON *body = sandbox_exchange_json(exchange);
    struct sandbox_ip_list *list, *draft;

    if (!body)
        return;
    sandbox_workspace_lock(server->workspace);
    list = one(exchange);
    if (list) {
        draft = copy_of(list);
        if (body_read(exchange, body, whole, draft)) {
            stamp(exchange, draft);
            draft = sandbox_network_list_swap(server->network, list, draft);
            list = sandbox_network_list(server->network, draft->account, draft->id);
            if (locks_out(exchange, list->account, sandbox_network_lists_on(server->network) > 0))
                draft = sandbox_network_list_swap(server->network, list, draft);
            else
                reply_list(exchange, list);
        }
        sandbox_ip_list_free(draft);
    }
    sandbox_workspace_unlock(server->workspace);
    cJSON_Delete(body);
}

void sandbox_endpoint_ip_list_put(struct sandbox_exchange *exchange)
{
    change(exchange, true);
}

void sandbox_endpoint_ip_list_patch(struct sandbox_exchange *exchange)
{
    change(exchange, false);
}

/* To delete a list can lock out too: when it was the only one that let the caller in. */
void sandbox_endpoint_ip_list_delete(struct sandbox_exchange *exchange)
{
    struct sandbox_server *server = exchange->server;
    struct sandbox_ip_list *list;
    bool enabled;

    sandbox_workspace_lock(server->workspace);
    list = one(exchange);
    if (list) {
        enabled = list->enabled;
        list->enabled = false;
        if (locks_out(exchange, list->account, sandbox_network_lists_on(server->network) > 0)) {
            list->enabled = enabled;
        } else {
            (void)!sandbox_network_list_remove(server->network, list->id);
            sandbox_reply_json(exchange, 200, base_json_object());
        }
    }
    sandbox_workspace_unlock(server->workspace);
}

/* Values are texts, null when never set. */
void sandbox_endpoint_conf(struct sandbox_exchange *exchange)
{
    struct sandbox_server *server = exchange->server;
    const char *keys = sandbox_exchange_query(exchange, "keys");
    int on;
    cJSON *json;

    sandbox_workspace_lock(server->workspace);
    if (!keys || strcmp(keys, switch_key) != 0) {
        sandbox_reply_error(exchange, 400, "BAD_REQUEST", "Invalid keys: [\"%s\"]",
                            keys ? keys : "");
    } else if (permitted(exchange)) {
        on = sandbox_network_lists_on(server->network);
        json = base_json_object();
        if (on < 0)
            cJSON_AddNullToObject(json, switch_key);
        else
            base_json_add_str(json, switch_key, on ? "true" : "false");
        sandbox_reply_json(exchange, 200, json);
    }
    sandbox_workspace_unlock(server->workspace);
}

void sandbox_endpoint_conf_patch(struct sandbox_exchange *exchange)
{
    struct sandbox_server *server = exchange->server;
    cJSON *body = sandbox_exchange_json(exchange);
    const char *value = base_json_str(body, switch_key);
    bool on;

    if (!body)
        return;
    sandbox_workspace_lock(server->workspace);
    on = value && strcmp(value, "true") == 0;
    if (cJSON_GetArraySize(body) != 1 || !value || (!on && strcmp(value, "false") != 0))
        sandbox_reply_error(exchange, 400, "BAD_REQUEST",
                            "Only %s can be set, to \"true\" or \"false\".", switch_key);
    else if (permitted(exchange) && !locks_out(exchange, false, on)) {
        sandbox_network_lists_set(server->network, on);
        sandbox_reply_text(exchange, 204, "");
    }
    sandbox_workspace_unlock(server->workspace);
    cJSON_Delete(body);
}
