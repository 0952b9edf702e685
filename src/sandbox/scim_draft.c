#include "sandbox/identity.h"
#include "sandbox/scim.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum operation { ADD, REMOVE, REPLACE };

int sandbox_scim_wrong(struct sandbox_scim_problem *problem, int status, const char *type,
                       const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vsnprintf(problem->detail, sizeof problem->detail, fmt, args);
    va_end(args);
    problem->status = status;
    problem->type = type;
    return -1;
}

void sandbox_scim_draft_init(struct sandbox_scim_draft *draft, enum sandbox_principal_kind kind,
                             const struct sandbox_principal *principal, bool account)
{
    *draft = (struct sandbox_scim_draft){.kind = kind, .account = account, .active = true};
    if (!principal)
        return;
    draft->name = principal->name;
    draft->display_name = base_strdup(principal->display_name);
    draft->external_id = base_strdup(principal->external_id);
    draft->active = principal->active;
    draft->account_admin = principal->account_admin;
    draft->entitlements = principal->entitlements;
    for (size_t i = 0; i < principal->members.count; i++)
        vec_push(&draft->members, base_strdup(principal->members.items[i]));
}

static void members_clear(struct sandbox_scim_draft *draft)
{
    for (size_t i = 0; i < draft->members.count; i++)
        free(draft->members.items[i]);
    draft->members.count = 0;
}

void sandbox_scim_draft_free(struct sandbox_scim_draft *draft)
{
    members_clear(draft);
    vec_free(&draft->members);
    free(draft->display_name);
    free(draft->external_id);
}

static int text_set(char **slot, const char *name, enum operation operation, const cJSON *value,
                    struct sandbox_scim_problem *problem)
{
    if (operation != REMOVE && !cJSON_IsString(value))
        return sandbox_scim_wrong(problem, 400, "invalidValue", "%s must be a string.", name);
    free(*slot);
    *slot = operation == REMOVE ? NULL : base_strdup(value->valuestring);
    return 0;
}

/* Identity providers send "False". */
static int active_set(struct sandbox_scim_draft *draft, enum operation operation,
                      const cJSON *value, struct sandbox_scim_problem *problem)
{
    bool text = cJSON_IsString(value);

    if (operation != REMOVE && !cJSON_IsBool(value) &&
        !(text && (strcasecmp(value->valuestring, "true") == 0 ||
                   strcasecmp(value->valuestring, "false") == 0)))
        return sandbox_scim_wrong(problem, 400, "invalidValue", "active must be true or false.");
    draft->active = operation != REMOVE &&
                    (cJSON_IsTrue(value) || (text && strcasecmp(value->valuestring, "true") == 0));
    return 0;
}

static int entitlement_apply(struct sandbox_scim_draft *draft, enum operation operation,
                             const char *name, struct sandbox_scim_problem *problem)
{
    unsigned bit = sandbox_entitlement_named(name);

    if (!bit)
        return sandbox_scim_wrong(problem, 400, "invalidValue", "Invalid entitlement: %.100s",
                                  name);
    draft->entitlements =
        operation == REMOVE ? draft->entitlements & ~bit : draft->entitlements | bit;
    return 0;
}

static int role_apply(struct sandbox_scim_draft *draft, enum operation operation, const char *name,
                      struct sandbox_scim_problem *problem)
{
    if (!draft->account || strcmp(name, "account_admin") != 0)
        return sandbox_scim_wrong(problem, 400, "invalidValue", "Invalid role: %.100s", name);
    draft->account_admin = operation != REMOVE;
    return 0;
}

static int member_apply(struct sandbox_workspace *workspace, struct sandbox_scim_draft *draft,
                        enum operation operation, const char *id,
                        struct sandbox_scim_problem *problem)
{
    const struct sandbox_principal *member = sandbox_workspace_principal_by_id(workspace, id);

    if (!member && operation != REMOVE)
        return sandbox_scim_wrong(problem, 404, NULL, "Principal with id %.60s not found.", id);
    if (draft->name && strcmp(draft->name, "users") == 0)
        return sandbox_scim_wrong(
            problem, 403, NULL, "Everybody is in the group users; its members cannot be changed.");
    if (operation != REMOVE && draft->name && member->kind == SANDBOX_GROUP &&
        (member->name == draft->name ||
         sandbox_workspace_member(workspace, member->name, draft->name)))
        return sandbox_scim_wrong(problem, 400, "invalidValue",
                                  "Group %.100s would be a member of itself.", draft->name);
    for (size_t i = draft->members.count; member && i-- > 0;) {
        if (!base_text_equal_nocase(draft->members.items[i], member->name))
            continue;
        free(draft->members.items[i]);
        for (size_t k = i + 1; k < draft->members.count; k++)
            draft->members.items[k - 1] = draft->members.items[k];
        draft->members.count--;
    }
    if (operation != REMOVE)
        vec_push(&draft->members, base_strdup(member->name));
    return 0;
}

enum list { ENTITLEMENTS, ROLES, MEMBERS };

static int list_apply(struct sandbox_workspace *workspace, struct sandbox_scim_draft *draft,
                      enum list list, enum operation operation, const char *value,
                      struct sandbox_scim_problem *problem)
{
    if (list == ENTITLEMENTS)
        return entitlement_apply(draft, operation, value, problem);
    if (list == ROLES)
        return role_apply(draft, operation, value, problem);
    return member_apply(workspace, draft, operation, value, problem);
}

static void list_clear(struct sandbox_scim_draft *draft, enum list list)
{
    if (list == ENTITLEMENTS)
        draft->entitlements = 0;
    else if (list == ROLES)
        draft->account_admin = false;
    else
        members_clear(draft);
}

/* [{"value":...}], one such object, or a plain text; no value: all of them (remove). */
static int list_set(struct sandbox_workspace *workspace, struct sandbox_scim_draft *draft,
                    enum list list, enum operation operation, const cJSON *value,
                    struct sandbox_scim_problem *problem)
{
    const cJSON *item = cJSON_IsArray(value) ? value->child : value;

    if (operation == REPLACE || !value)
        list_clear(draft, list);
    for (; item; item = cJSON_IsArray(value) ? item->next : NULL) {
        const char *text = cJSON_IsString(item) ? item->valuestring : base_json_str(item, "value");

        if (!text)
            return sandbox_scim_wrong(problem, 400, "invalidValue",
                                      "An item of a list must have a value.");
        if (list_apply(workspace, draft, list, operation == REMOVE ? REMOVE : ADD, text, problem) !=
            0)
            return -1;
    }
    return 0;
}

/* members[value eq "123"]: the one value of it; false when the path has no such filter. */
static bool path_value(const char *path, char *value, size_t size)
{
    const char *open = strchr(path, '['), *from, *to;

    if (!open || strncasecmp(open + 1, "value eq \"", 10) != 0)
        return false;
    from = open + 11;
    to = strchr(from, '"');
    if (!to || strcmp(to, "\"]") != 0 || (size_t)(to - from) >= size)
        return false;
    memcpy(value, from, (size_t)(to - from));
    value[to - from] = '\0';
    return true;
}

static bool path_is(const char *path, const char *name)
{
    size_t len = strlen(name);

    return strncasecmp(path, name, len) == 0 && (!path[len] || path[len] == '[');
}

/* True for what is sent back as it was read and means no change. */
static bool path_ignored(const char *path)
{
    static const char *const names[] = {"schemas", "id",     "applicationId", "groups",  "meta",
                                        "name",    "emails", "account_id",    "userName"};

    for (size_t i = 0; i < base_countof(names); i++) {
        if (path_is(path, names[i]))
            return true;
    }
    return false;
}

static int attribute_set(struct sandbox_workspace *workspace, struct sandbox_scim_draft *draft,
                         const char *path, enum operation operation, const cJSON *value,
                         struct sandbox_scim_problem *problem)
{
    static const char *const lists[] = {"entitlements", "roles", "members"};
    char one[128];

    if (path_is(path, "displayName"))
        return text_set(&draft->display_name, "displayName", operation, value, problem);
    if (path_is(path, "externalId"))
        return text_set(&draft->external_id, "externalId", operation, value, problem);
    if (path_is(path, "active"))
        return active_set(draft, operation, value, problem);
    for (size_t i = 0; i < base_countof(lists); i++) {
        if (!path_is(path, lists[i]) || (i == MEMBERS && draft->kind != SANDBOX_GROUP))
            continue;
        if (path_value(path, one, sizeof one))
            return list_apply(workspace, draft, (enum list)i, operation, one, problem);
        if (!strchr(path, '['))
            return list_set(workspace, draft, (enum list)i, operation, value, problem);
    }
    return sandbox_scim_wrong(problem, 400, "invalidPath", "Unsupported path: %.100s", path);
}

int sandbox_scim_draft_set(struct sandbox_workspace *workspace, struct sandbox_scim_draft *draft,
                           const cJSON *resource, struct sandbox_scim_problem *problem)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, resource)
    {
        if (!path_ignored(item->string) && !cJSON_IsNull(item) &&
            attribute_set(workspace, draft, item->string, REPLACE, item, problem) != 0)
            return -1;
    }
    return 0;
}

static int operation_of(const char *text)
{
    static const char *const names[] = {"add", "remove", "replace"};

    for (int i = 0; i < (int)base_countof(names); i++) {
        if (base_text_equal_nocase(names[i], text))
            return i;
    }
    return -1;
}

/* Without a path the value is an object of attributes. */
static int operation_apply(struct sandbox_workspace *workspace, struct sandbox_scim_draft *draft,
                           const cJSON *item, struct sandbox_scim_problem *problem)
{
    const char *path = base_json_str(item, "path");
    const cJSON *value = base_json_get(item, "value"), *child;
    int operation = operation_of(base_json_str_or(item, "op", ""));

    if (operation < 0)
        return sandbox_scim_wrong(problem, 400, "invalidSyntax",
                                  "op must be add, remove or replace.");
    if (path && *path)
        return attribute_set(workspace, draft, path, (enum operation)operation, value, problem);
    if (operation == REMOVE || !cJSON_IsObject(value))
        return sandbox_scim_wrong(problem, 400, "noTarget", "The operation has no path.");
    cJSON_ArrayForEach(child, value)
    {
        if (!path_ignored(child->string) &&
            attribute_set(workspace, draft, child->string, (enum operation)operation, child,
                          problem) != 0)
            return -1;
    }
    return 0;
}

int sandbox_scim_draft_patch(struct sandbox_workspace *workspace, struct sandbox_scim_draft *draft,
                             const cJSON *body, struct sandbox_scim_problem *problem)
{
    const cJSON *operations = base_json_array(body, "Operations"), *item;

    if (!cJSON_GetArraySize(operations))
        return sandbox_scim_wrong(problem, 400, "invalidSyntax", "Operations are missing.");
    cJSON_ArrayForEach(item, operations)
    {
        if (operation_apply(workspace, draft, item, problem) != 0)
            return -1;
    }
    return 0;
}

static void text_copy(char **slot, const char *text)
{
    free(*slot);
    *slot = base_strdup(text);
}

void sandbox_scim_draft_commit(struct sandbox_workspace *workspace,
                               const struct sandbox_scim_draft *draft,
                               struct sandbox_principal *principal)
{
    const char *display =
        draft->display_name && *draft->display_name ? draft->display_name : principal->name;

    if (draft->kind == SANDBOX_GROUP && strcmp(principal->name, display) != 0)
        sandbox_identity_rename(workspace, principal, display);
    text_copy(&principal->display_name, display);
    text_copy(&principal->external_id, draft->external_id);
    sandbox_identity_active_set(principal, draft->active);
    sandbox_identity_entitlements_set(principal, draft->entitlements);
    principal->account_admin = draft->account_admin;
    for (size_t i = 0; i < principal->members.count; i++)
        free(principal->members.items[i]);
    principal->members.count = 0;
    for (size_t i = 0; i < draft->members.count; i++)
        vec_push(&principal->members, base_strdup(draft->members.items[i]));
}
