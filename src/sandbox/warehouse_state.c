#include "sandbox/warehouse_state.h"

#include "base/text.h"

#include <string.h>

#define MINUTE_US (INT64_C(60) * 1000000)

struct sandbox_warehouses {
    vec_of(struct sandbox_warehouse *) list;
};

struct sandbox_warehouses *sandbox_warehouses_new(void)
{
    return base_alloc_zero(1, sizeof(struct sandbox_warehouses));
}

static void warehouse_free(struct sandbox_warehouse *warehouse)
{
    for (size_t i = 0; i < warehouse->access.count; i++) {
        free(warehouse->access.items[i].principal);
        free(warehouse->access.items[i].level);
    }
    for (size_t i = 0; i < warehouse->may_not_start.count; i++)
        free(warehouse->may_not_start.items[i]);
    vec_free(&warehouse->access);
    vec_free(&warehouse->may_not_start);
    free(warehouse->size);
    free(warehouse->creator);
    free(warehouse->start_failure);
    free(warehouse->id);
    free(warehouse->name);
    free(warehouse->state);
    free(warehouse);
}

void sandbox_warehouses_free(struct sandbox_warehouses **held)
{
    if (!*held)
        return;
    for (size_t i = 0; i < (*held)->list.count; i++)
        warehouse_free((*held)->list.items[i]);
    vec_free(&(*held)->list);
    base_free(held);
}

struct sandbox_warehouse *sandbox_workspace_warehouse(struct sandbox_workspace *workspace,
                                                      const char *id, const char *name)
{
    struct sandbox_warehouse *warehouse = base_alloc_zero(1, sizeof *warehouse);

    warehouse->id = base_strdup(id);
    warehouse->name = base_strdup(name);
    warehouse->state = base_strdup("RUNNING");
    warehouse->size = base_strdup("2X-Small");
    warehouse->creator = base_strdup(sandbox_workspace_metastore(workspace)->owner);
    warehouse->auto_stop_minutes = 10;
    warehouse->clusters_min = warehouse->clusters_max = 1;
    warehouse->serverless = true;
    warehouse->idle_since_us = base_seam_now_us(sandbox_workspace_seam(workspace));
    sandbox_workspace_lock(workspace);
    vec_push(&sandbox_workspace_warehouses(workspace)->list, warehouse);
    sandbox_workspace_unlock(workspace);
    return warehouse;
}

static void state_set(struct sandbox_warehouse *warehouse, const char *state)
{
    free(warehouse->state);
    warehouse->state = base_strdup(state);
}

/* What the clock has done to it since it was last looked at. */
static void advance(struct sandbox_workspace *workspace, struct sandbox_warehouse *warehouse)
{
    int64_t now = base_seam_now_us(sandbox_workspace_seam(workspace));

    if (strcmp(warehouse->state, "STARTING") == 0 && now >= warehouse->running_at_us) {
        warehouse->start_failed = warehouse->start_failure != NULL;
        if (!warehouse->start_failure) {
            state_set(warehouse, "RUNNING");
            warehouse->idle_since_us = warehouse->running_at_us;
        } else if (!warehouse->start_tried_for_ever) {
            state_set(warehouse, "STOPPED");
        }
    }
    if (strcmp(warehouse->state, "RUNNING") != 0 || warehouse->statements)
        warehouse->idle_since_us = 0;
    else if (!warehouse->idle_since_us)
        warehouse->idle_since_us = now;
    else if (warehouse->auto_stop_minutes &&
             now - warehouse->idle_since_us >= warehouse->auto_stop_minutes * MINUTE_US)
        state_set(warehouse, "STOPPED");
}

void sandbox_warehouse_used(struct sandbox_workspace *workspace, const char *id, int change)
{
    struct sandbox_warehouse *warehouse;

    sandbox_workspace_lock(workspace);
    warehouse = sandbox_warehouse_kept(workspace, id); /* which brings it up to date */
    if (warehouse) {
        warehouse->statements += change;
        warehouse->idle_since_us =
            warehouse->statements ? 0 : base_seam_now_us(sandbox_workspace_seam(workspace));
    }
    sandbox_workspace_unlock(workspace);
}

struct sandbox_warehouse *sandbox_warehouses_any(struct sandbox_workspace *workspace, size_t index)
{
    struct sandbox_warehouses *warehouses = sandbox_workspace_warehouses(workspace);

    if (index >= warehouses->list.count)
        return NULL;
    advance(workspace, warehouses->list.items[index]);
    return warehouses->list.items[index];
}

struct sandbox_warehouse *sandbox_workspace_warehouse_at(struct sandbox_workspace *workspace,
                                                         size_t index)
{
    struct sandbox_warehouse *warehouse;

    sandbox_workspace_lock(workspace);
    for (size_t i = 0; (warehouse = sandbox_warehouses_any(workspace, i)); i++) {
        if (!warehouse->deleted && !index--)
            break;
    }
    sandbox_workspace_unlock(workspace);
    return warehouse;
}

struct sandbox_warehouse *sandbox_workspace_find_warehouse(struct sandbox_workspace *workspace,
                                                           const char *id)
{
    struct sandbox_warehouse *warehouse;

    for (size_t i = 0; (warehouse = sandbox_workspace_warehouse_at(workspace, i)); i++) {
        if (strcmp(warehouse->id, id) == 0)
            return warehouse;
    }
    return NULL;
}

struct sandbox_warehouse *sandbox_warehouse_kept(struct sandbox_workspace *workspace,
                                                 const char *id)
{
    struct sandbox_warehouse *warehouse;

    for (size_t i = 0; (warehouse = sandbox_warehouses_any(workspace, i)); i++) {
        if (strcmp(warehouse->id, id) == 0)
            return warehouse;
    }
    return NULL;
}

char *sandbox_warehouse_access_set(struct sandbox_warehouse *warehouse, const char *principal,
                                   const char *level)
{
    char *was = NULL;
    size_t i = 0;

    while (i < warehouse->access.count &&
           !base_text_equal_nocase(warehouse->access.items[i].principal, principal))
        i++;
    if (i < warehouse->access.count) {
        struct sandbox_access *item = &warehouse->access.items[i];

        was = item->level;
        item->level = base_strdup(level);
        if (!level) {
            free(item->principal);
            *item = warehouse->access.items[--warehouse->access.count];
        }
    } else if (level) {
        vec_push(&warehouse->access,
                 (struct sandbox_access){base_strdup(principal), base_strdup(level)});
    }
    return was;
}

static bool holds(struct sandbox_workspace *workspace, const char *holder, const char *principal)
{
    return base_text_equal_nocase(holder, principal) ||
           sandbox_workspace_member(workspace, holder, principal);
}

/* CAN_VIEW shows it only. */
static bool level_good(const char *level, bool manage)
{
    return strcmp(level, "CAN_MANAGE") == 0 || strcmp(level, "IS_OWNER") == 0 ||
           (!manage && (strcmp(level, "CAN_USE") == 0 || strcmp(level, "CAN_MONITOR") == 0));
}

static bool allowed(struct sandbox_workspace *workspace, const struct sandbox_warehouse *warehouse,
                    const char *principal, bool manage)
{
    bool may = sandbox_workspace_is_admin(workspace, principal);

    for (size_t i = 0; i < warehouse->access.count && !may; i++)
        may = level_good(warehouse->access.items[i].level, manage) &&
              holds(workspace, warehouse->access.items[i].principal, principal);
    return may;
}

bool sandbox_warehouse_sees(struct sandbox_workspace *workspace,
                            const struct sandbox_warehouse *warehouse, const char *principal)
{
    bool sees = sandbox_workspace_is_admin(workspace, principal);

    for (size_t i = 0; i < warehouse->access.count && !sees; i++)
        sees = holds(workspace, warehouse->access.items[i].principal, principal);
    return sees;
}

bool sandbox_warehouse_manages(struct sandbox_workspace *workspace,
                               const struct sandbox_warehouse *warehouse, const char *principal)
{
    bool may;

    sandbox_workspace_lock(workspace);
    may = allowed(workspace, warehouse, principal, true);
    sandbox_workspace_unlock(workspace);
    return may;
}

bool sandbox_warehouse_may(struct sandbox_workspace *workspace,
                           const struct sandbox_warehouse *warehouse, const char *principal,
                           bool start)
{
    bool may, refused;

    sandbox_workspace_lock(workspace);
    may = allowed(workspace, warehouse, principal, false);
    if (start && may && !sandbox_workspace_is_admin(workspace, principal)) {
        refused = warehouse->start_denied;
        for (size_t i = 0; i < warehouse->may_not_start.count && !refused; i++)
            refused = holds(workspace, warehouse->may_not_start.items[i], principal);
        may = !refused ||
              (!warehouse->start_denied && allowed(workspace, warehouse, principal, true));
    }
    sandbox_workspace_unlock(workspace);
    return may;
}
