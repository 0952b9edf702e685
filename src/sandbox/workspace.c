#include "sandbox/workspace.h"

#include "base/hash.h"
#include "base/text.h"
#include "sandbox/maker.h"
#include "sandbox/warehouse_state.h"

#include <pthread.h>
#include <string.h>

struct denial {
    int level;
    char *full_name;
};

struct broken_chain {
    char *view, *table; /* NULL: any */
};

struct sandbox_workspace {
    pthread_mutex_t lock; /* recursive, so that a caller may hold it over several calls */
    struct base_seam *seam;
    struct sandbox_identity identity;
    struct sandbox_securable *metastore;
    struct base_map *securables; /* "T:shop.aampe.events", lower case -> securable */
    struct base_map *principals; /* lower-case name -> principal */
    struct sandbox_warehouses *warehouses;
    vec_of(struct denial) denials;
    vec_of(struct broken_chain) broken;
    vec_of(struct sandbox_principal *) removed;
    struct sandbox_switches switches;
};

static char *lower_key(int kind, const char *name)
{
    char *key = kind ? base_printf("%c:%s", kind, name) : base_strdup(name);

    base_text_lower(kind ? key + 2 : key);
    return key;
}

static char *new_uuid(struct base_seam *seam)
{
    char id[37];

    base_seam_uuid(seam, id);
    return base_strdup(id);
}

/* The same name in the same metastore has the same id, also after a restart. */
static char *named_uuid(const char *metastore, const char *key)
{
    char *text = base_printf("%s/%s", metastore, key);
    unsigned long long a = base_hash64(text, strlen(text), 1),
                       b = base_hash64(text, strlen(text), 2);

    free(text);
    return base_printf("%08llx-%04llx-4%03llx-8%03llx-%012llx", a >> 32, a >> 16 & 0xffff,
                       a & 0xfff, b >> 48 & 0xfff, b & 0xffffffffffff);
}

static struct sandbox_securable *securable_new(struct sandbox_workspace *workspace, int kind,
                                               const char *name, const char *full_name)
{
    struct sandbox_securable *securable = base_alloc_zero(1, sizeof *securable);
    char *key = lower_key(kind, full_name);

    securable->kind = kind;
    securable->name = base_strdup(name);
    securable->full_name = base_strdup(full_name);
    securable->id = workspace->metastore ? named_uuid(workspace->metastore->id, key)
                                         : new_uuid(workspace->seam);
    securable->properties = base_map_new();
    securable->created_ms = base_seam_now_us(workspace->seam) / 1000;
    securable->updated_ms = securable->created_ms;
    base_map_put(workspace->securables, key, securable);
    free(key);
    return securable;
}

void sandbox_securable_columns_clear(struct sandbox_securable *table)
{
    for (size_t i = 0; i < table->columns.count; i++) {
        struct sandbox_column *column = &table->columns.items[i];

        free(column->name);
        free(column->type_text);
        free(column->comment);
        free(column->mask_function);
    }
    table->columns.count = 0;
}

void sandbox_securable_clear(struct sandbox_securable *securable)
{
    sandbox_securable_columns_clear(securable);
    for (size_t i = 0; i < securable->grants.count; i++) {
        free(securable->grants.items[i].principal);
        free(securable->grants.items[i].privilege);
        free(securable->grants.items[i].grantor);
    }
    vec_free(&securable->columns);
    vec_free(&securable->bindings);
    vec_free(&securable->grants);
    vec_free(&securable->children);
    base_map_free(&securable->properties, free);
    free(securable->full_name);
    free(securable->catalog);
    free(securable->schema);
    free(securable->name);
    free(securable->owner);
    free(securable->comment);
    free(securable->id);
    free(securable->table_type);
    free(securable->view_definition);
    free(securable->row_filter_function);
}

static void securable_free(struct sandbox_securable *securable)
{
    sandbox_securable_clear(securable);
    free(securable);
}

static void principal_free(void *value)
{
    struct sandbox_principal *principal = value;

    for (size_t i = 0; i < principal->members.count; i++)
        free(principal->members.items[i]);
    for (size_t i = 0; i < principal->managers.count; i++)
        free(principal->managers.items[i]);
    vec_free(&principal->members);
    vec_free(&principal->managers);
    free(principal->external_id);
    free(principal->name);
    free(principal->display_name);
    free(principal->scim_id);
    free(principal);
}

static char *random_decimal(struct base_seam *seam, int digits)
{
    char *text = base_alloc((size_t)digits + 1);
    unsigned char bytes[24];

    base_seam_random(seam, bytes, sizeof bytes);
    for (int i = 0; i < digits; i++)
        text[i] = (char)('0' + bytes[(size_t)i % sizeof bytes] % 10);
    if (text[0] == '0')
        text[0] = '4';
    text[digits] = '\0';
    return text;
}

struct sandbox_workspace *sandbox_workspace_new(struct base_seam *seam)
{
    struct sandbox_workspace *workspace = base_alloc_zero(1, sizeof *workspace);
    pthread_mutexattr_t attributes;
    char id[37];

    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&workspace->lock, &attributes);
    pthread_mutexattr_destroy(&attributes);
    workspace->seam = seam;
    workspace->securables = base_map_new();
    workspace->principals = base_map_new();
    workspace->warehouses = sandbox_warehouses_new();
    workspace->identity.account_id = new_uuid(seam);
    /* Real workspace ids have 16 digits: below 2^63, above 2^53 now and then. */
    workspace->identity.workspace_id = random_decimal(seam, 16);
    workspace->identity.metastore_name = base_strdup("aampe-sandbox-metastore");
    workspace->identity.region = base_strdup("us-west-2");
    workspace->identity.default_catalog = base_strdup("main");
    base_seam_uuid(seam, id);
    workspace->metastore = securable_new(workspace, 'M', workspace->identity.metastore_name, id);
    free(workspace->metastore->id);
    workspace->metastore->id = base_strdup(id);
    workspace->switches.external_access = true;
    return workspace;
}

void sandbox_workspace_free(struct sandbox_workspace **held)
{
    struct sandbox_workspace *workspace = *held;
    const char *key;
    void *value;

    if (!workspace)
        return;
    sandbox_workspace_deny_clear(workspace);
    sandbox_workspace_chain_clear(workspace);
    for (size_t i = 0; base_map_at(workspace->securables, i, &key, &value); i++)
        securable_free(value);
    base_map_free(&workspace->securables, NULL);
    base_map_free(&workspace->principals, principal_free);
    for (size_t i = 0; i < workspace->removed.count; i++)
        principal_free(workspace->removed.items[i]);
    vec_free(&workspace->removed);
    sandbox_warehouses_free(&workspace->warehouses);
    vec_free(&workspace->denials);
    vec_free(&workspace->broken);
    free(workspace->identity.account_id);
    free(workspace->identity.workspace_id);
    free(workspace->identity.metastore_name);
    free(workspace->identity.region);
    free(workspace->identity.default_catalog);
    pthread_mutex_destroy(&workspace->lock);
    free(workspace);
    *held = NULL;
}

void sandbox_workspace_lock(struct sandbox_workspace *workspace)
{
    pthread_mutex_lock(&workspace->lock);
}

void sandbox_workspace_unlock(struct sandbox_workspace *workspace)
{
    pthread_mutex_unlock(&workspace->lock);
}

struct base_seam *sandbox_workspace_seam(struct sandbox_workspace *workspace)
{
    return workspace->seam;
}

struct sandbox_identity *sandbox_workspace_identity(struct sandbox_workspace *workspace)
{
    return &workspace->identity;
}

struct sandbox_warehouses *sandbox_workspace_warehouses(struct sandbox_workspace *workspace)
{
    return workspace->warehouses;
}

struct sandbox_switches *sandbox_workspace_switches(struct sandbox_workspace *workspace)
{
    return &workspace->switches;
}

struct sandbox_securable *sandbox_workspace_metastore(struct sandbox_workspace *workspace)
{
    return workspace->metastore;
}

struct sandbox_securable *sandbox_workspace_add(struct sandbox_workspace *workspace,
                                                struct sandbox_securable *parent, int kind,
                                                const char *name, const char *owner,
                                                const char *comment)
{
    struct sandbox_securable *securable;
    char *full_name;

    sandbox_workspace_lock(workspace);
    if (!parent)
        parent = workspace->metastore;
    full_name = kind == 'C' ? base_strdup(name) : base_printf("%s.%s", parent->full_name, name);
    securable = securable_new(workspace, kind, name, full_name);
    free(full_name);
    securable->parent = parent;
    securable->sql_only = parent->sql_only;
    securable->built_in = parent->built_in;
    securable->owner = base_strdup(owner);
    securable->comment = base_strdup(comment);
    securable->catalog = base_strdup(kind == 'C' ? name : parent->catalog);
    if (kind != 'C')
        securable->schema = base_strdup(kind == 'S' ? name : parent->schema);
    if (kind == 'T')
        securable->table_type = base_strdup("MANAGED");
    vec_push(&parent->children, securable);
    sandbox_workspace_unlock(workspace);
    return securable;
}

void sandbox_securable_column(struct sandbox_securable *table, const char *name,
                              const char *type_text, bool nullable, const char *comment)
{
    vec_push(&table->columns, (struct sandbox_column){.name = base_strdup(name),
                                                      .type_text = base_strdup(type_text),
                                                      .comment = base_strdup(comment),
                                                      .nullable = nullable,
                                                      .partition_index = -1});
}

struct sandbox_principal *sandbox_workspace_principal(struct sandbox_workspace *workspace,
                                                      enum sandbox_principal_kind kind,
                                                      const char *name, const char *display_name)
{
    struct sandbox_principal *principal;
    char *key = lower_key(0, name);

    sandbox_workspace_lock(workspace);
    principal = base_map_get(workspace->principals, key);
    if (!principal) {
        principal = base_alloc_zero(1, sizeof *principal);
        principal->kind = kind;
        principal->name = base_strdup(name);
        principal->display_name = base_strdup(display_name ? display_name : name);
        principal->scim_id = random_decimal(workspace->seam, 15);
        principal->active = true;
        principal->assigned = true;
        if (kind != SANDBOX_GROUP)
            principal->entitlements = SANDBOX_WORKSPACE_ACCESS | SANDBOX_SQL_ACCESS;
        base_map_put(workspace->principals, key, principal);
    }
    sandbox_workspace_unlock(workspace);
    free(key);
    return principal;
}

void sandbox_workspace_group_add(struct sandbox_workspace *workspace, const char *group,
                                 const char *member)
{
    struct sandbox_principal *principal =
        sandbox_workspace_principal(workspace, SANDBOX_GROUP, group, group);

    sandbox_workspace_lock(workspace);
    vec_push(&principal->members, base_strdup(member));
    sandbox_workspace_unlock(workspace);
}

static size_t grant_index(const struct sandbox_securable *securable, const char *principal,
                          const char *privilege)
{
    size_t i = 0;

    while (i < securable->grants.count &&
           (!base_text_equal_nocase(securable->grants.items[i].principal, principal) ||
            !base_text_equal_nocase(securable->grants.items[i].privilege, privilege)))
        i++;
    return i;
}

void sandbox_workspace_grant_by(struct sandbox_workspace *workspace,
                                struct sandbox_securable *securable, const char *principal,
                                const char *privilege, const char *grantor)
{
    sandbox_workspace_lock(workspace);
    if (grant_index(securable, principal, privilege) == securable->grants.count)
        vec_push(&securable->grants, (struct sandbox_grant){.principal = base_strdup(principal),
                                                            .privilege = base_strdup(privilege),
                                                            .grantor = base_strdup(grantor)});
    sandbox_workspace_unlock(workspace);
}

void sandbox_workspace_grant(struct sandbox_workspace *workspace,
                             struct sandbox_securable *securable, const char *principal,
                             const char *privilege)
{
    sandbox_workspace_grant_by(workspace, securable, principal, privilege, NULL);
}

void sandbox_workspace_revoke(struct sandbox_workspace *workspace,
                              struct sandbox_securable *securable, const char *principal,
                              const char *privilege)
{
    size_t index;

    sandbox_workspace_lock(workspace);
    index = grant_index(securable, principal, privilege);
    if (index < securable->grants.count) {
        free(securable->grants.items[index].principal);
        free(securable->grants.items[index].privilege);
        free(securable->grants.items[index].grantor);
        securable->grants.items[index] = securable->grants.items[--securable->grants.count];
    }
    sandbox_workspace_unlock(workspace);
}

struct sandbox_securable *sandbox_workspace_kept(struct sandbox_workspace *workspace, int kind,
                                                 const char *full_name)
{
    struct sandbox_securable *securable;
    char *key = lower_key(kind, full_name);

    sandbox_workspace_lock(workspace);
    securable = base_map_get(workspace->securables, key);
    sandbox_workspace_unlock(workspace);
    free(key);
    return securable;
}

struct sandbox_securable *sandbox_workspace_find(struct sandbox_workspace *workspace, int kind,
                                                 const char *full_name)
{
    struct sandbox_securable *securable;

    sandbox_workspace_lock(workspace);
    securable = sandbox_workspace_kept(workspace, kind, full_name);
    if (!securable && kind == 'T')
        securable = sandbox_child_keep(workspace, full_name);
    for (const struct sandbox_securable *at = securable; at; at = at->parent) {
        if (at->hidden) {
            securable = NULL;
            break;
        }
    }
    sandbox_workspace_unlock(workspace);
    return securable;
}

struct sandbox_securable *sandbox_workspace_find_listed(struct sandbox_workspace *workspace,
                                                        int kind, const char *full_name)
{
    struct sandbox_securable *securable = sandbox_workspace_find(workspace, kind, full_name);

    return securable && !securable->sql_only ? securable : NULL;
}

struct sandbox_principal *sandbox_workspace_find_principal(struct sandbox_workspace *workspace,
                                                           const char *name)
{
    struct sandbox_principal *principal;
    char *key = lower_key(0, name);

    sandbox_workspace_lock(workspace);
    principal = base_map_get(workspace->principals, key);
    sandbox_workspace_unlock(workspace);
    free(key);
    return principal;
}

struct sandbox_principal *sandbox_workspace_principal_by_id(struct sandbox_workspace *workspace,
                                                            const char *scim_id)
{
    struct sandbox_principal *principal;

    for (size_t i = 0; (principal = sandbox_workspace_principal_at(workspace, i)); i++) {
        if (strcmp(principal->scim_id, scim_id) == 0)
            return principal;
    }
    return NULL;
}

void sandbox_workspace_principal_rename(struct sandbox_workspace *workspace,
                                        struct sandbox_principal *principal, const char *name)
{
    char *from = lower_key(0, principal->name), *to = lower_key(0, name);

    sandbox_workspace_lock(workspace);
    base_map_remove(workspace->principals, from);
    free(principal->name);
    principal->name = base_strdup(name);
    base_map_put(workspace->principals, to, principal);
    sandbox_workspace_unlock(workspace);
    free(from);
    free(to);
}

void sandbox_workspace_principal_remove(struct sandbox_workspace *workspace,
                                        struct sandbox_principal *principal)
{
    char *key = lower_key(0, principal->name);

    sandbox_workspace_lock(workspace);
    if (base_map_get(workspace->principals, key) == principal) {
        base_map_remove(workspace->principals, key);
        principal->active = false;
        vec_push(&workspace->removed, principal);
    }
    sandbox_workspace_unlock(workspace);
    free(key);
}

struct sandbox_principal *sandbox_workspace_principal_at(struct sandbox_workspace *workspace,
                                                         size_t index)
{
    const char *key;
    void *value = NULL;

    sandbox_workspace_lock(workspace);
    if (!base_map_at(workspace->principals, index, &key, &value))
        value = NULL;
    sandbox_workspace_unlock(workspace);
    return value;
}

static bool member_within(struct sandbox_workspace *workspace, const char *group,
                          const char *principal, int depth)
{
    const struct sandbox_principal *found;

    /* Everybody is in it, without being listed; `users` is the older name of the same. */
    if (base_text_equal_nocase(group, "account users") || base_text_equal_nocase(group, "users"))
        return true;
    found = sandbox_workspace_find_principal(workspace, group);
    if (!found || found->kind != SANDBOX_GROUP || depth > 8)
        return false;
    for (size_t i = 0; i < found->members.count; i++) {
        if (base_text_equal_nocase(found->members.items[i], principal) ||
            member_within(workspace, found->members.items[i], principal, depth + 1))
            return true;
    }
    return false;
}

bool sandbox_workspace_member(struct sandbox_workspace *workspace, const char *group,
                              const char *principal)
{
    bool member;

    sandbox_workspace_lock(workspace);
    member = member_within(workspace, group, principal, 0);
    sandbox_workspace_unlock(workspace);
    return member;
}

static bool is_or_in(struct sandbox_workspace *workspace, const char *holder, const char *principal)
{
    return holder && (base_text_equal_nocase(holder, principal) ||
                      member_within(workspace, holder, principal, 0));
}

bool sandbox_workspace_is_admin(struct sandbox_workspace *workspace, const char *principal)
{
    const struct sandbox_principal *who;
    bool admin;

    sandbox_workspace_lock(workspace);
    who = sandbox_workspace_find_principal(workspace, principal);
    admin = who && (who->workspace_admin || member_within(workspace, "admins", principal, 0));
    sandbox_workspace_unlock(workspace);
    return admin;
}

bool sandbox_workspace_entitled(struct sandbox_workspace *workspace, const char *principal,
                                enum sandbox_entitlement entitlement)
{
    const struct sandbox_principal *who, *group;
    bool entitled;

    sandbox_workspace_lock(workspace);
    who = sandbox_workspace_find_principal(workspace, principal);
    entitled = who && who->entitlements & entitlement;
    for (size_t i = 0; who && !entitled && (group = sandbox_workspace_principal_at(workspace, i));
         i++)
        entitled = group->kind == SANDBOX_GROUP && group->entitlements & entitlement &&
                   member_within(workspace, group->name, principal, 0);
    sandbox_workspace_unlock(workspace);
    return entitled;
}

static bool bound(const struct sandbox_securable *catalog, int64_t workspace_id)
{
    for (size_t i = 0; i < catalog->bindings.count; i++) {
        if (catalog->bindings.items[i].workspace_id == workspace_id)
            return true;
    }
    return false;
}

int sandbox_workspace_closed(struct sandbox_workspace *workspace,
                             const struct sandbox_securable *securable)
{
    int64_t here = strtoll(workspace->identity.workspace_id, NULL, 10);
    int closed = 0;

    sandbox_workspace_lock(workspace);
    if (!securable->sql_only &&
        (workspace->switches.metastore_detached || workspace->switches.standard_tier))
        closed = 'M';
    for (const struct sandbox_securable *at = securable; at && !closed; at = at->parent)
        closed = at->isolated && !bound(at, here) ? 'C' : 0;
    sandbox_workspace_unlock(workspace);
    return closed;
}

/* What everybody has of an information_schema, in a catalog that he may use: nobody granted it, and
 * no grant, ownership or administration above it adds to it. */
static bool built_in_has(const char *privilege)
{
    return base_text_equal_nocase(privilege, "USE_SCHEMA") ||
           base_text_equal_nocase(privilege, "SELECT") ||
           base_text_equal_nocase(privilege, "BROWSE");
}

/* ALL PRIVILEGES leaves out what lets data out of the governed path. */
static bool covers(const char *granted, const char *privilege)
{
    if (base_text_equal_nocase(granted, privilege))
        return true;
    return base_text_equal_nocase(granted, "ALL_PRIVILEGES") &&
           !base_text_equal_nocase(privilege, "EXTERNAL_USE_SCHEMA") &&
           !base_text_equal_nocase(privilege, "MANAGE");
}

/* by_owner: owning it is enough. */
static bool held_on(struct sandbox_workspace *workspace, const struct sandbox_securable *securable,
                    const char *principal, const char *privilege, bool by_owner)
{
    if (by_owner && is_or_in(workspace, securable->owner, principal))
        return true;
    for (size_t i = 0; i < securable->grants.count; i++) {
        if (covers(securable->grants.items[i].privilege, privilege) &&
            is_or_in(workspace, securable->grants.items[i].principal, principal))
            return true;
    }
    return false;
}

static bool denied(const struct sandbox_workspace *workspace,
                   const struct sandbox_securable *securable, const char *privilege)
{
    static const struct {
        int level;
        const char *privilege;
    } levels[] = {{'C', "USE_CATALOG"}, {'S', "USE_SCHEMA"}, {'T', "SELECT"}};

    for (size_t i = 0; i < workspace->denials.count; i++) {
        const struct denial *denial = &workspace->denials.items[i];

        if (denial->level != securable->kind ||
            (denial->full_name && !base_text_equal_nocase(denial->full_name, securable->full_name)))
            continue;
        for (size_t k = 0; k < base_countof(levels); k++) {
            if (levels[k].level == denial->level &&
                base_text_equal_nocase(levels[k].privilege, privilege))
                return true;
        }
    }
    return false;
}

bool sandbox_workspace_has(struct sandbox_workspace *workspace,
                           const struct sandbox_securable *securable, const char *principal,
                           const char *privilege)
{
    bool manage = base_text_equal_nocase(privilege, "MANAGE");
    const struct sandbox_principal *who;
    bool has;

    if (securable->built_in)
        return built_in_has(privilege);
    sandbox_workspace_lock(workspace);
    who = sandbox_workspace_find_principal(workspace, principal);
    has = who && who->metastore_admin;
    if (!has && !denied(workspace, securable, privilege)) {
        for (const struct sandbox_securable *at = securable; at && !has; at = at->parent)
            has = held_on(workspace, at, principal, privilege, at == securable || manage);
    }
    sandbox_workspace_unlock(workspace);
    return has;
}

bool sandbox_workspace_owns(struct sandbox_workspace *workspace,
                            const struct sandbox_securable *securable, const char *principal)
{
    bool owns = false;

    if (securable->built_in)
        return false;
    sandbox_workspace_lock(workspace);
    for (const struct sandbox_securable *at = securable; at && !owns; at = at->parent)
        owns = is_or_in(workspace, at->owner, principal);
    sandbox_workspace_unlock(workspace);
    return owns;
}

void sandbox_workspace_deny(struct sandbox_workspace *workspace, int level, const char *full_name)
{
    sandbox_workspace_lock(workspace);
    vec_push(&workspace->denials,
             (struct denial){.level = level, .full_name = base_strdup(full_name)});
    sandbox_workspace_unlock(workspace);
}

bool sandbox_workspace_denied(struct sandbox_workspace *workspace,
                              const struct sandbox_securable *securable, const char *privilege)
{
    bool is;

    sandbox_workspace_lock(workspace);
    is = denied(workspace, securable, privilege);
    sandbox_workspace_unlock(workspace);
    return is;
}

void sandbox_workspace_deny_clear(struct sandbox_workspace *workspace)
{
    sandbox_workspace_lock(workspace);
    for (size_t i = 0; i < workspace->denials.count; i++)
        free(workspace->denials.items[i].full_name);
    workspace->denials.count = 0;
    sandbox_workspace_unlock(workspace);
}

static bool names(const char *wanted, const struct sandbox_securable *securable)
{
    return !wanted || base_text_equal_nocase(wanted, securable->full_name);
}

bool sandbox_workspace_chain_has(struct sandbox_workspace *workspace,
                                 const struct sandbox_securable *view,
                                 const struct sandbox_securable *below, const char *privilege)
{
    bool has = false;

    sandbox_workspace_lock(workspace);
    for (const struct sandbox_securable *at = below; view->owner && at && !has; at = at->parent)
        has = held_on(workspace, at, view->owner, privilege, true);
    for (size_t i = 0; has && below->kind == 'T' && i < workspace->broken.count; i++)
        has = !names(workspace->broken.items[i].view, view) ||
              !names(workspace->broken.items[i].table, below);
    sandbox_workspace_unlock(workspace);
    return has;
}

void sandbox_workspace_chain_break(struct sandbox_workspace *workspace, const char *view,
                                   const char *table)
{
    sandbox_workspace_lock(workspace);
    vec_push(&workspace->broken,
             (struct broken_chain){.view = base_strdup(view), .table = base_strdup(table)});
    sandbox_workspace_unlock(workspace);
}

void sandbox_workspace_chain_clear(struct sandbox_workspace *workspace)
{
    sandbox_workspace_lock(workspace);
    for (size_t i = 0; i < workspace->broken.count; i++) {
        free(workspace->broken.items[i].view);
        free(workspace->broken.items[i].table);
    }
    workspace->broken.count = 0;
    sandbox_workspace_unlock(workspace);
}
