#include "sandbox/network.h"

#include "sandbox/auth.h"

#include "base/text.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <string.h>

struct seen_as {
    char *principal; /* NULL: everybody */
    char *address;
};

struct sandbox_network {
    vec_of(struct sandbox_ip_list *) lists;
    int lists_on;
    vec_of(struct seen_as) seen;
    enum sandbox_private private;
};

struct sandbox_network *sandbox_network_new(void)
{
    struct sandbox_network *network = base_alloc_zero(1, sizeof *network);

    network->lists_on = -1;
    return network;
}

void sandbox_ip_list_free(struct sandbox_ip_list *list)
{
    for (size_t i = 0; i < list->ranges.count; i++)
        free(list->ranges.items[i].text);
    vec_free(&list->ranges);
    free(list->id);
    free(list->label);
    free(list->created_by);
    free(list->updated_by);
    free(list);
}

void sandbox_network_free(struct sandbox_network **held)
{
    struct sandbox_network *network = *held;

    if (!network)
        return;
    for (size_t i = 0; i < network->lists.count; i++)
        sandbox_ip_list_free(network->lists.items[i]);
    vec_free(&network->lists);
    for (size_t i = 0; i < network->seen.count; i++) {
        free(network->seen.items[i].principal);
        free(network->seen.items[i].address);
    }
    vec_free(&network->seen);
    base_free(held);
}

bool sandbox_ip_range_read(const char *text, struct sandbox_ip_range *range)
{
    const char *slash = strchr(text, '/');
    size_t len = slash ? (size_t)(slash - text) : strlen(text);
    char address[INET_ADDRSTRLEN];
    struct in_addr four;
    long bits = 32;
    char *end = NULL;

    if (len >= sizeof address)
        return false;
    memcpy(address, text, len);
    address[len] = '\0';
    if (slash)
        bits = strtol(slash + 1, &end, 10);
    if ((slash && (end == slash + 1 || *end)) || bits < 0 || bits > 32 ||
        inet_pton(AF_INET, address, &four) != 1)
        return false;
    range->mask = bits ? (uint32_t)(0xffffffffu << (32 - bits)) : 0;
    range->address = ntohl(four.s_addr) & range->mask;
    range->text = base_strdup(text);
    return true;
}

size_t sandbox_network_ranges(const struct sandbox_network *network, bool account)
{
    size_t count = 0;

    for (size_t i = 0; i < network->lists.count; i++)
        count +=
            network->lists.items[i]->account == account ? network->lists.items[i]->ranges.count : 0;
    return count;
}

struct sandbox_ip_list *sandbox_network_list_at(const struct sandbox_network *network, size_t index)
{
    return index < network->lists.count ? network->lists.items[index] : NULL;
}

struct sandbox_ip_list *sandbox_network_list(const struct sandbox_network *network, bool account,
                                             const char *id)
{
    for (size_t i = 0; i < network->lists.count; i++) {
        struct sandbox_ip_list *list = network->lists.items[i];

        if (list->account == account && strcmp(list->id, id) == 0)
            return list;
    }
    return NULL;
}

void sandbox_network_list_add(struct sandbox_network *network, struct sandbox_ip_list *list)
{
    vec_push(&network->lists, list);
}

bool sandbox_network_list_remove(struct sandbox_network *network, const char *id)
{
    for (size_t i = 0; i < network->lists.count; i++) {
        if (strcmp(network->lists.items[i]->id, id) != 0)
            continue;
        sandbox_ip_list_free(network->lists.items[i]);
        for (size_t k = i + 1; k < network->lists.count; k++)
            network->lists.items[k - 1] = network->lists.items[k];
        network->lists.count--;
        return true;
    }
    return false;
}

struct sandbox_ip_list *sandbox_network_list_swap(struct sandbox_network *network,
                                                  const struct sandbox_ip_list *old,
                                                  struct sandbox_ip_list *list)
{
    size_t i = 0;
    struct sandbox_ip_list *was;

    while (network->lists.items[i] != old)
        i++;
    was = network->lists.items[i];
    network->lists.items[i] = list;
    return was;
}

int sandbox_network_lists_on(const struct sandbox_network *network)
{
    return network->lists_on;
}

int sandbox_network_lists_set(struct sandbox_network *network, int on)
{
    int was = network->lists_on;

    network->lists_on = on;
    return was;
}

static bool holds(const struct sandbox_ip_list *list, uint32_t address)
{
    for (size_t i = 0; i < list->ranges.count; i++) {
        if ((address & list->ranges.items[i].mask) == list->ranges.items[i].address)
            return true;
    }
    return false;
}

/* BLOCK wins over ALLOW; without any ALLOW list everybody else is let in. Lists of the account have
 * no switch. Lists hold IPv4 only, so another kind of address is in none. */
bool sandbox_network_lets_in(const struct sandbox_network *network, bool account, bool on,
                             const char *address)
{
    struct in_addr four;
    bool known = inet_pton(AF_INET, address, &four) == 1;
    bool any = false, allowed = false;

    if (!on && !account)
        return true;
    for (size_t i = 0; i < network->lists.count; i++) {
        const struct sandbox_ip_list *list = network->lists.items[i];
        bool in = known && holds(list, ntohl(four.s_addr));

        if (!list->enabled || list->account != account)
            continue;
        if (list->block && in)
            return false;
        any |= !list->block;
        allowed |= !list->block && in;
    }
    return !any || allowed;
}

void sandbox_network_seen_as(struct sandbox_network *network, const char *principal,
                             const char *address)
{
    for (size_t i = network->seen.count; i-- > 0;) {
        struct seen_as *item = &network->seen.items[i];

        if (principal ? !item->principal || !base_text_equal_nocase(item->principal, principal)
                      : item->principal != NULL)
            continue;
        free(item->principal);
        free(item->address);
        *item = network->seen.items[--network->seen.count];
    }
    if (address)
        vec_push(&network->seen, (struct seen_as){base_strdup(principal), base_strdup(address)});
}

enum sandbox_private sandbox_network_private_set(struct sandbox_network *network,
                                                 enum sandbox_private how)
{
    enum sandbox_private was = network->private;

    network->private = how;
    return was;
}

static char *peer_address(struct sandbox_exchange *exchange)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const char *forwarded = sandbox_exchange_request_header(exchange, "X-Forwarded-For");
    char text[INET6_ADDRSTRLEN] = "";

    if (forwarded && *forwarded)
        return base_strdup(forwarded);
    if (info && info->client_addr && info->client_addr->sa_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)info->client_addr)->sin_addr,
                  text, sizeof text);
    else if (info && info->client_addr && info->client_addr->sa_family == AF_INET6)
        inet_ntop(AF_INET6,
                  &((const struct sockaddr_in6 *)(const void *)info->client_addr)->sin6_addr, text,
                  sizeof text);
    return base_strdup(text);
}

char *sandbox_network_source(struct sandbox_exchange *exchange)
{
    struct sandbox_server *server = exchange->server;
    const struct sandbox_network *network = server->network;
    char *who, *address = NULL;

    sandbox_workspace_lock(server->workspace);
    if (network->seen.count) {
        who = sandbox_auth_caller(exchange);
        for (size_t i = 0; i < network->seen.count && !address; i++) {
            const struct seen_as *item = &network->seen.items[i];

            if (!item->principal || (who && base_text_equal_nocase(item->principal, who)))
                address = base_strdup(item->address);
        }
        free(who);
    }
    sandbox_workspace_unlock(server->workspace);
    return address ? address : peer_address(exchange);
}

static bool path_begins(const struct sandbox_exchange *exchange, const char *prefix)
{
    return strncmp(exchange->path, prefix, strlen(prefix)) == 0;
}

bool sandbox_network_account_path(const struct sandbox_exchange *exchange)
{
    return (path_begins(exchange, "/api/2.0/accounts/") &&
            !path_begins(exchange, "/api/2.0/accounts/servicePrincipals/")) ||
           path_begins(exchange, "/oidc/accounts/");
}

/* The words are recorded; the form is not, so it can be chosen (`ip_blocked_body`). */
static void refuse_address(struct sandbox_exchange *exchange, const char *address, bool account)
{
    struct sandbox_identity *identity = sandbox_workspace_identity(exchange->server->workspace);
    char *message = base_printf("Source IP address: %s is blocked by Databricks IP ACL for %s: %s",
                                address, account ? "account" : "workspace",
                                account ? identity->account_id : identity->workspace_id);

    exchange->address_refused = true;
    switch (sandbox_server_setting(exchange->server, SANDBOX_IP_BLOCKED_BODY)) {
    case 1:
        sandbox_reply_text(exchange, 403, message);
        break;
    case 2:
        sandbox_reply_error(exchange, 403, "PERMISSION_DENIED", "%s", message);
        break;
    default:
        sandbox_reply_gateway(exchange, 403, message);
    }
    free(message);
}

static void refuse_public(struct sandbox_exchange *exchange, enum sandbox_private how)
{
    if (how == SANDBOX_PRIVATE_TEXT) {
        sandbox_reply_gateway(exchange, 403, "Unauthorized network access to workspace");
        return;
    }
    sandbox_reply_html(exchange, 302, "");
    sandbox_reply_header(exchange, "Location", "/login.html?error=private-link-validation-error");
}

/* As seen on account hosts: they have neither the workspace's token endpoint nor its APIs. */
static void refuse_workspace_path(struct sandbox_exchange *exchange)
{
    if (path_begins(exchange, "/oidc/"))
        sandbox_reply_html(exchange, 404,
                           "<!doctype html><html><head><meta charset=\"utf-8\"/>"
                           "<title>Databricks - Not Found</title></head>"
                           "<body><h1>404 Not Found</h1></body></html>");
    else
        sandbox_reply_error(exchange, 404, "ENDPOINT_NOT_FOUND", "No API found for '%s %s'",
                            exchange->method, exchange->path);
}

bool sandbox_network_admits(struct sandbox_exchange *exchange)
{
    struct sandbox_server *server = exchange->server;
    const struct sandbox_network *network = server->network;
    bool account = sandbox_network_account_path(exchange);
    char *address;

    if (!path_begins(exchange, "/api/") && !path_begins(exchange, "/oidc/"))
        return true;
    address = sandbox_network_source(exchange);
    sandbox_workspace_lock(server->workspace);
    if (!account && network->private != SANDBOX_PUBLIC)
        refuse_public(exchange, network->private);
    else if (!sandbox_network_lets_in(network, account, network->lists_on > 0, address))
        refuse_address(exchange, address, account);
    else if (!account && sandbox_server_setting(server, SANDBOX_HOST_TYPE) == SANDBOX_HOST_ACCOUNT)
        refuse_workspace_path(exchange);
    sandbox_workspace_unlock(server->workspace);
    free(address);
    return !exchange->status;
}
