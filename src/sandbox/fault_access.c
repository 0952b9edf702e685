#include "sandbox/fault_access.h"

#include "sandbox/binding.h"
#include "sandbox/fault.h"
#include "sandbox/identity.h"
#include "sandbox/network.h"
#include "sandbox/statement.h"
#include "sandbox/warehouse.h"
#include "sandbox/warehouse_state.h"

#include "base/text.h"

#include <string.h>

#define ELSEWHERE "198.51.100.7" /* documentation address: where a refused caller is seen */

/* One of two words; -1 with err for another. */
static int word_of(const cJSON *options, const char *key, const char *const words[2],
                   struct err *err)
{
    const char *word = base_json_str_or(options, key, words[0]);

    for (int i = 0; i < 2; i++) {
        if (strcmp(word, words[i]) == 0)
            return i;
    }
    return base_err_set(err, ERR_USAGE, "%s must be %s or %s", key, words[0], words[1]);
}

/* principal=, by default the one whose credentials were printed. */
static struct sandbox_principal *target(struct sandbox_server *server, const cJSON *options,
                                        struct err *err)
{
    const char *name = base_json_str_or(options, "principal", server->principal);
    struct sandbox_principal *found = sandbox_workspace_find_principal(server->workspace, name);

    if (!found)
        base_err_set(err, ERR_USAGE, "no principal is called '%s'", name);
    return found;
}

static struct sandbox_principal *target_was(struct sandbox_server *server, const cJSON *was)
{
    return sandbox_workspace_find_principal(server->workspace,
                                            base_json_str_or(was, "principal", ""));
}

/* --- ip_blocked: a list that leaves the caller out, and the switch on --- */

static int ip_make(struct sandbox_server *server, const cJSON *options, cJSON *was, struct err *err)
{
    const char *principal = base_json_str(options, "principal");
    const char *ip = base_json_str(options, "ip");
    struct sandbox_ip_range range = {0};
    struct sandbox_ip_list *list;
    int64_t now = base_seam_now_us(server->seam) / 1000;
    char id[37];

    if (ip && (strchr(ip, '/') || !sandbox_ip_range_read(ip, &range)))
        return base_err_set(err, ERR_USAGE, "'%s' is not an IPv4 address", ip);
    free(range.text);
    if (principal && !ip)
        ip = ELSEWHERE;
    base_seam_uuid(server->seam, id);
    list = base_alloc_zero(1, sizeof *list);
    list->id = base_strdup(id);
    list->label = base_strdup(principal ? "refused" : "office");
    list->enabled = true;
    list->block = principal != NULL;
    list->created_ms = list->updated_ms = now;
    /* For one caller alone: its address is refused. For all: another network alone is let in. */
    if (!sandbox_ip_range_read(principal                               ? ip
                               : ip && strncmp(ip, "192.0.2.", 8) == 0 ? "203.0.113.0/24"
                                                                       : "192.0.2.0/24",
                               &range))
        bug("a range of documentation addresses is not understood");
    vec_push(&list->ranges, range);
    sandbox_network_list_add(server->network, list);
    if (ip)
        sandbox_network_seen_as(server->network, principal, ip);
    base_json_add_str(was, "list", id);
    base_json_add_str(was, "principal", principal);
    base_json_add_bool(was, "seen", ip != NULL);
    base_json_add_i64(was, "on", sandbox_network_lists_set(server->network, 1));
    return 0;
}

static void ip_undo(struct sandbox_server *server, const cJSON *was)
{
    (void)!sandbox_network_list_remove(server->network, base_json_str_or(was, "list", ""));
    if (base_json_bool_or(was, "seen", false))
        sandbox_network_seen_as(server->network, base_json_str(was, "principal"), NULL);
    sandbox_network_lists_set(server->network, (int)base_json_i64_or(was, "on", -1));
}

/* --- private_link, account_host: what the network and the address lead to --- */

static int private_make(struct sandbox_server *server, const cJSON *options, cJSON *was,
                        struct err *err)
{
    static const char *const words[] = {"redirect", "text"};
    int mode = word_of(options, "mode", words, err);

    if (mode < 0)
        return -1;
    base_json_add_i64(was, "how",
                      sandbox_network_private_set(
                          server->network, mode ? SANDBOX_PRIVATE_TEXT : SANDBOX_PRIVATE_REDIRECT));
    return 0;
}

static void private_undo(struct sandbox_server *server, const cJSON *was)
{
    sandbox_network_private_set(server->network,
                                (enum sandbox_private)base_json_i64_or(was, "how", 0));
}

static int host_make(struct sandbox_server *server, const cJSON *options, cJSON *was,
                     struct err *err)
{
    (void)options;
    base_json_add_i64(was, "host", sandbox_server_setting(server, SANDBOX_HOST_TYPE));
    return sandbox_server_set(server, "host_type", SANDBOX_HOST_ACCOUNT, err);
}

static void host_undo(struct sandbox_server *server, const cJSON *was)
{
    (void)!sandbox_server_set(server, "host_type", base_json_i64_or(was, "host", 0), NULL);
}

/* --- the principal: not_assigned, sp_disabled, no_entitlement --- */

/* mode=token|api: where the refusal is heard (a setting). */
static int mode_make(struct sandbox_server *server, const cJSON *options, const char *setting,
                     enum sandbox_setting which, cJSON *was, struct err *err)
{
    static const char *const words[] = {"token", "api"};
    int mode = word_of(options, "mode", words, err);

    if (mode < 0)
        return -1;
    base_json_add_i64(was, "setting", sandbox_server_setting(server, which));
    return sandbox_server_set(server, setting, mode, err);
}

static int assigned_make(struct sandbox_server *server, const cJSON *options, cJSON *was,
                         struct err *err)
{
    struct sandbox_principal *who = target(server, options, err);

    if (!who ||
        mode_make(server, options, "unassigned_refusal", SANDBOX_UNASSIGNED_REFUSAL, was, err) != 0)
        return -1;
    base_json_add_str(was, "principal", who->name);
    base_json_add_bool(was, "assigned", sandbox_identity_assigned_set(who, false));
    return 0;
}

static void assigned_undo(struct sandbox_server *server, const cJSON *was)
{
    struct sandbox_principal *who = target_was(server, was);

    if (who)
        sandbox_identity_assigned_set(who, base_json_bool_or(was, "assigned", true));
    (void)!sandbox_server_set(server, "unassigned_refusal", base_json_i64_or(was, "setting", 0),
                              NULL);
}

static int active_make(struct sandbox_server *server, const cJSON *options, cJSON *was,
                       struct err *err)
{
    struct sandbox_principal *who = target(server, options, err);

    if (!who ||
        mode_make(server, options, "inactive_refusal", SANDBOX_INACTIVE_REFUSAL, was, err) != 0)
        return -1;
    base_json_add_str(was, "principal", who->name);
    base_json_add_bool(was, "active", sandbox_identity_active_set(who, false));
    return 0;
}

static void active_undo(struct sandbox_server *server, const cJSON *was)
{
    struct sandbox_principal *who = target_was(server, was);

    if (who)
        sandbox_identity_active_set(who, base_json_bool_or(was, "active", true));
    (void)!sandbox_server_set(server, "inactive_refusal", base_json_i64_or(was, "setting", 0),
                              NULL);
}

static int entitlement_make(struct sandbox_server *server, const cJSON *options, cJSON *was,
                            struct err *err)
{
    struct sandbox_principal *who = target(server, options, err);

    if (!who)
        return -1;
    base_json_add_str(was, "principal", who->name);
    base_json_add_i64(
        was, "entitlements",
        sandbox_identity_entitlements_set(who, who->entitlements & ~(unsigned)SANDBOX_SQL_ACCESS));
    return 0;
}

static void entitlement_undo(struct sandbox_server *server, const cJSON *was)
{
    struct sandbox_principal *who = target_was(server, was);

    if (who)
        sandbox_identity_entitlements_set(who, (unsigned)base_json_i64_or(was, "entitlements", 0));
}

/* --- warehouses; warehouse= or all of them --- */

typedef void (*warehouse_change)(struct sandbox_server *server, struct sandbox_warehouse *warehouse,
                                 const cJSON *options, cJSON *was);

/* Each one changed leaves what it was in was.warehouses[]. */
static int warehouses_make(struct sandbox_server *server, const cJSON *options, cJSON *was,
                           warehouse_change change, struct err *err)
{
    const char *only = base_json_str(options, "warehouse");
    cJSON *list = base_json_add_array(was, "warehouses"), *item;
    vec_of(struct sandbox_warehouse *) chosen = {0};
    struct sandbox_warehouse *warehouse;

    /* Chosen first: one that is deleted moves the rest up. */
    for (size_t i = 0; (warehouse = sandbox_workspace_warehouse_at(server->workspace, i)); i++) {
        if (!only || strcmp(only, warehouse->id) == 0)
            vec_push(&chosen, warehouse);
    }
    for (size_t i = 0; i < chosen.count; i++) {
        item = base_json_object();
        base_json_add_str(item, "id", chosen.items[i]->id);
        change(server, chosen.items[i], options, item);
        base_json_push_take(list, item);
    }
    if (!chosen.count)
        base_err_set(err, ERR_USAGE, "no warehouse '%s'", only ? only : "");
    vec_free(&chosen);
    return cJSON_GetArraySize(list) ? 0 : -1;
}

static void warehouses_undo(struct sandbox_server *server, const cJSON *was,
                            warehouse_change change)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, base_json_array(was, "warehouses"))
    {
        struct sandbox_warehouse *warehouse =
            sandbox_warehouse_kept(server->workspace, base_json_str_or(item, "id", ""));

        if (warehouse)
            change(server, warehouse, item, NULL);
    }
}

static void can_use_take(struct sandbox_server *server, struct sandbox_warehouse *warehouse,
                         const cJSON *options, cJSON *was)
{
    const char *principal = base_json_str_or(options, "principal", server->principal);
    char *level = sandbox_warehouse_access_set(warehouse, principal, NULL);

    base_json_add_str(was, "principal", principal);
    base_json_add_str(was, "level", level);
    free(level);
}

static void can_use_give(struct sandbox_server *server, struct sandbox_warehouse *warehouse,
                         const cJSON *was, cJSON *unused)
{
    (void)server;
    (void)unused;
    if (base_json_str(was, "level"))
        free(sandbox_warehouse_access_set(warehouse, base_json_str_or(was, "principal", ""),
                                          base_json_str(was, "level")));
}

static void delete_it(struct sandbox_server *server, struct sandbox_warehouse *warehouse,
                      const cJSON *options, cJSON *was)
{
    (void)server;
    (void)options;
    (void)was;
    warehouse->deleted = true;
}

static void delete_undo(struct sandbox_server *server, struct sandbox_warehouse *warehouse,
                        const cJSON *was, cJSON *unused)
{
    (void)server;
    (void)was;
    (void)unused;
    warehouse->deleted = false;
}

static void state_set(struct sandbox_warehouse *warehouse, const char *state)
{
    free(warehouse->state);
    warehouse->state = base_strdup(state);
}

/* Stopped, and every start fails: after the usual time it gives up, or (mode=retries) tries on for
 * ever. */
static void start_break(struct sandbox_server *server, struct sandbox_warehouse *warehouse,
                        const cJSON *options, cJSON *was)
{
    base_json_add_str(was, "state", warehouse->state);
    base_json_add_i64(was, "delay", warehouse->start_delay_us);
    sandbox_warehouse_stop(warehouse);
    free(warehouse->start_failure);
    warehouse->start_failure =
        base_strdup(base_json_str_or(options, "reason", "CLOUD_PROVIDER_RESOURCE_STOCKOUT"));
    warehouse->start_failed = true;
    warehouse->start_tried_for_ever =
        strcmp(base_json_str_or(options, "mode", "stops"), "retries") == 0;
    warehouse->start_delay_us =
        1000000 * sandbox_option_i64(options, "seconds",
                                     sandbox_server_setting(server, SANDBOX_COLD_START_SECONDS));
}

static void start_mend(struct sandbox_server *server, struct sandbox_warehouse *warehouse,
                       const cJSON *was, cJSON *unused)
{
    (void)server;
    (void)unused;
    base_free(&warehouse->start_failure);
    warehouse->start_failed = warehouse->start_tried_for_ever = false;
    warehouse->start_delay_us = base_json_i64_or(was, "delay", 0);
    state_set(warehouse, base_json_str_or(was, "state", "RUNNING"));
}

static void busy_make(struct sandbox_server *server, struct sandbox_warehouse *warehouse,
                      const cJSON *options, cJSON *was)
{
    int64_t seconds = sandbox_option_i64(options, "seconds", -1);

    (void)was;
    warehouse->busy_until_us =
        seconds < 0 ? INT64_MAX : base_seam_now_us(server->seam) + seconds * 1000000;
}

static void busy_undo(struct sandbox_server *server, struct sandbox_warehouse *warehouse,
                      const cJSON *was, cJSON *unused)
{
    (void)server;
    (void)was;
    (void)unused;
    warehouse->busy_until_us = 0;
}

static int failed_make(struct sandbox_server *server, const cJSON *options, cJSON *was,
                       struct err *err)
{
    static const char *const words[] = {"stops", "retries"};

    if (word_of(options, "mode", words, err) < 0)
        return -1;
    return warehouses_make(server, options, was, start_break, err);
}

static void failed_undo(struct sandbox_server *server, const cJSON *was)
{
    warehouses_undo(server, was, start_mend);
}

static int can_use_make(struct sandbox_server *server, const cJSON *options, cJSON *was,
                        struct err *err)
{
    return target(server, options, err) ? warehouses_make(server, options, was, can_use_take, err)
                                        : -1;
}

static void can_use_undo(struct sandbox_server *server, const cJSON *was)
{
    warehouses_undo(server, was, can_use_give);
}

static int missing_make(struct sandbox_server *server, const cJSON *options, cJSON *was,
                        struct err *err)
{
    return warehouses_make(server, options, was, delete_it, err);
}

static void missing_undo(struct sandbox_server *server, const cJSON *was)
{
    warehouses_undo(server, was, delete_undo);
}

static int queued_make(struct sandbox_server *server, const cJSON *options, cJSON *was,
                       struct err *err)
{
    return warehouses_make(server, options, was, busy_make, err);
}

static void queued_undo(struct sandbox_server *server, const cJSON *was)
{
    warehouses_undo(server, was, busy_undo);
}

/* --- Unity Catalog --- */

static int unbound_make(struct sandbox_server *server, const cJSON *options, cJSON *was,
                        struct err *err)
{
    struct sandbox_workspace *workspace = server->workspace;
    const char *name = base_json_str_or(options, "catalog",
                                        sandbox_workspace_identity(workspace)->default_catalog);
    struct sandbox_securable *catalog = sandbox_workspace_find(workspace, 'C', name);

    if (!catalog)
        return base_err_set(err, ERR_USAGE, "no catalog '%s'", name);
    base_json_add_str(was, "catalog", catalog->name);
    base_json_add_bool(was, "isolated", sandbox_binding_isolate(workspace, catalog, true));
    base_json_add_bool(was, "bound",
                       sandbox_binding_remove(catalog, sandbox_binding_here(workspace)));
    return 0;
}

static void unbound_undo(struct sandbox_server *server, const cJSON *was)
{
    struct sandbox_workspace *workspace = server->workspace;
    struct sandbox_securable *catalog =
        sandbox_workspace_find(workspace, 'C', base_json_str_or(was, "catalog", ""));

    if (!catalog)
        return;
    if (base_json_bool_or(was, "isolated", false) && base_json_bool_or(was, "bound", false))
        sandbox_binding_add(catalog, sandbox_binding_here(workspace), false);
    sandbox_binding_isolate(workspace, catalog, base_json_bool_or(was, "isolated", false));
}

static int metastore_make(struct sandbox_server *server, const cJSON *options, cJSON *was,
                          struct err *err)
{
    static const char *const words[] = {"detached", "tier"};
    struct sandbox_switches *switches = sandbox_workspace_switches(server->workspace);
    int mode = word_of(options, "mode", words, err);

    if (mode < 0)
        return -1;
    base_json_add_bool(was, "detached", switches->metastore_detached);
    base_json_add_bool(was, "tier", switches->standard_tier);
    switches->metastore_detached = mode == 0;
    switches->standard_tier = mode == 1;
    return 0;
}

static void metastore_undo(struct sandbox_server *server, const cJSON *was)
{
    struct sandbox_switches *switches = sandbox_workspace_switches(server->workspace);

    switches->metastore_detached = base_json_bool_or(was, "detached", false);
    switches->standard_tier = base_json_bool_or(was, "tier", false);
}

static int external_make(struct sandbox_server *server, const cJSON *options, cJSON *was,
                         struct err *err)
{
    struct sandbox_switches *switches = sandbox_workspace_switches(server->workspace);

    (void)options;
    (void)err;
    base_json_add_bool(was, "on", switches->external_access);
    switches->external_access = false;
    return 0;
}

static void external_undo(struct sandbox_server *server, const cJSON *was)
{
    sandbox_workspace_switches(server->workspace)->external_access =
        base_json_bool_or(was, "on", true);
}

static const struct {
    const char *kind;
    int (*make)(struct sandbox_server *server, const cJSON *options, cJSON *was, struct err *err);
    void (*undo)(struct sandbox_server *server, const cJSON *was);
} states[] = {
    {"ip_blocked", ip_make, ip_undo},
    {"private_link", private_make, private_undo},
    {"not_assigned", assigned_make, assigned_undo},
    {"sp_disabled", active_make, active_undo},
    {"no_entitlement", entitlement_make, entitlement_undo},
    {"no_can_use", can_use_make, can_use_undo},
    {"warehouse_missing", missing_make, missing_undo},
    {"warehouse_failed", failed_make, failed_undo},
    {"warehouse_queued", queued_make, queued_undo},
    {"catalog_unbound", unbound_make, unbound_undo},
    {"no_metastore", metastore_make, metastore_undo},
    {"account_host", host_make, host_undo},
    {"external_access_off", external_make, external_undo},
};

int sandbox_fault_access_make(struct sandbox_server *server, const char *kind, const cJSON *options,
                              cJSON *was, struct err *err)
{
    int result = 0;

    sandbox_workspace_lock(server->workspace);
    for (size_t i = 0; i < base_countof(states); i++) {
        if (strcmp(states[i].kind, kind) == 0)
            result = states[i].make(server, options, was, err);
    }
    sandbox_workspace_unlock(server->workspace);
    return result;
}

void sandbox_fault_access_undo(struct sandbox_server *server, const char *kind, const cJSON *was)
{
    sandbox_workspace_lock(server->workspace);
    for (size_t i = 0; i < base_countof(states); i++) {
        if (strcmp(states[i].kind, kind) == 0)
            states[i].undo(server, was);
    }
    sandbox_workspace_unlock(server->workspace);
    sandbox_statements_wake(server);
}
