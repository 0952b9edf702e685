#include "sandbox/identity.h"
#include "sandbox/scim.h"

#include "base/text.h"

#include <string.h>
#include <strings.h>

static const char *kind_path(enum sandbox_principal_kind kind)
{
    return kind == SANDBOX_USER ? "Users" : kind == SANDBOX_GROUP ? "Groups" : "ServicePrincipals";
}

static cJSON *reference(const struct sandbox_principal *principal)
{
    cJSON *item = base_json_object();
    char *ref = base_printf("%s/%s", kind_path(principal->kind), principal->scim_id);

    base_json_add_str(item, "display", principal->display_name);
    base_json_add_str(item, "value", principal->scim_id);
    base_json_add_str(item, "$ref", ref);
    free(ref);
    return item;
}

static bool listed(const struct sandbox_principal *group, const char *name)
{
    for (size_t i = 0; i < group->members.count; i++) {
        if (base_text_equal_nocase(group->members.items[i], name))
            return true;
    }
    return false;
}

/* People and service principals of the workspace are in it without being listed. */
static bool everybody(const struct sandbox_principal *group)
{
    return strcmp(group->name, "users") == 0;
}

static void array_or_nothing(cJSON *json, const char *key, cJSON *array)
{
    if (cJSON_GetArraySize(array))
        base_json_add_take(json, key, array);
    else
        cJSON_Delete(array);
}

void sandbox_scim_groups(struct sandbox_workspace *workspace,
                         const struct sandbox_principal *principal, cJSON *json)
{
    const struct sandbox_principal *group;
    cJSON *array = cJSON_CreateArray();

    for (size_t i = 0; (group = sandbox_workspace_principal_at(workspace, i)); i++) {
        cJSON *item;

        if (group->kind != SANDBOX_GROUP ||
            (everybody(group) && principal->kind == SANDBOX_GROUP) ||
            !sandbox_workspace_member(workspace, group->name, principal->name))
            continue;
        item = reference(group);
        base_json_add_str(item, "type",
                          everybody(group) || listed(group, principal->name) ? "direct"
                                                                             : "indirect");
        base_json_push_take(array, item);
    }
    array_or_nothing(json, "groups", array);
}

static void members_field(struct sandbox_workspace *workspace,
                          const struct sandbox_principal *group, cJSON *json)
{
    const struct sandbox_principal *member;
    cJSON *array = cJSON_CreateArray();

    for (size_t i = 0; i < group->members.count; i++) {
        member = sandbox_workspace_find_principal(workspace, group->members.items[i]);
        if (member)
            base_json_push_take(array, reference(member));
    }
    for (size_t i = 0; everybody(group) && (member = sandbox_workspace_principal_at(workspace, i));
         i++) {
        if (member->kind != SANDBOX_GROUP && member->assigned)
            base_json_push_take(array, reference(member));
    }
    array_or_nothing(json, "members", array);
}

static void user_fields(const struct sandbox_principal *user, cJSON *json)
{
    cJSON *item = base_json_object();

    base_json_add_str(json, "userName", user->name);
    base_json_add_str(base_json_add_object(json, "name"), "givenName", user->display_name);
    base_json_add_str(item, "type", "work");
    base_json_add_str(item, "value", user->name);
    base_json_add_bool(item, "primary", true);
    base_json_push_take(base_json_add_array(json, "emails"), item);
}

static void group_fields(struct sandbox_workspace *workspace, const struct sandbox_principal *group,
                         bool account, cJSON *json)
{
    cJSON *meta = base_json_add_object(json, "meta");

    base_json_add_str(meta, "resourceType", account ? "Group" : "WorkspaceGroup");
    members_field(workspace, group, json);
}

static void account_fields(struct sandbox_workspace *workspace,
                           const struct sandbox_principal *principal, cJSON *json)
{
    cJSON *item;

    base_json_add_str(json, "account_id", sandbox_workspace_identity(workspace)->account_id);
    if (!principal->account_admin)
        return;
    item = base_json_object();
    base_json_add_str(item, "value", "account_admin");
    base_json_push_take(base_json_add_array(json, "roles"), item);
}

cJSON *sandbox_scim_json(struct sandbox_workspace *workspace,
                         const struct sandbox_principal *principal, bool account)
{
    static const char *const names[] = {"User", "ServicePrincipal", "Group"};
    cJSON *json = base_json_object();
    char *schema = base_printf("urn:ietf:params:scim:schemas:core:2.0:%s", names[principal->kind]);

    base_json_push_take(base_json_add_array(json, "schemas"), cJSON_CreateString(schema));
    free(schema);
    base_json_add_str(json, "id", principal->scim_id);
    if (principal->kind == SANDBOX_SERVICE_PRINCIPAL)
        base_json_add_str(json, "applicationId", principal->name);
    base_json_add_str(json, "displayName", principal->display_name);
    base_json_add_str(json, "externalId", principal->external_id);
    if (principal->kind != SANDBOX_GROUP)
        base_json_add_bool(json, "active", principal->active);
    if (principal->kind == SANDBOX_USER)
        user_fields(principal, json);
    if (principal->kind == SANDBOX_GROUP)
        group_fields(workspace, principal, account, json);
    if (account) {
        account_fields(workspace, principal, json);
        return json;
    }
    sandbox_entitlements_json(principal->entitlements, json);
    sandbox_scim_groups(workspace, principal, json);
    return json;
}

/* "groups.value,id" names "groups" and "id". */
static bool named(const char *list, const char *attribute)
{
    size_t wanted = strlen(attribute);

    while (*list) {
        size_t len = strcspn(list, ",");

        if (len >= wanted && strncasecmp(list, attribute, wanted) == 0 &&
            (len == wanted || list[wanted] == '.'))
            return true;
        list += len;
        list += strspn(list, ", ");
    }
    return false;
}

void sandbox_scim_pick(cJSON *resource, const char *attributes, const char *excluded)
{
    cJSON *item = resource->child, *next;

    for (; item; item = next) {
        bool always = strcmp(item->string, "id") == 0 || strcmp(item->string, "schemas") == 0;

        next = item->next;
        if (always || ((!attributes || !*attributes || named(attributes, item->string)) &&
                       (!excluded || !named(excluded, item->string))))
            continue;
        cJSON_Delete(cJSON_DetachItemViaPointer(resource, item));
    }
}

static const char *text_of(const cJSON *resource, const char *attribute)
{
    const cJSON *item = cJSON_GetObjectItem(resource, attribute);

    return cJSON_IsString(item) ? item->valuestring : "";
}

/* Insertion keeps those that are equal as they came. */
void sandbox_scim_sort(cJSON **resources, size_t count, const char *attribute, bool descending)
{
    for (size_t i = 1; i < count; i++) {
        cJSON *moved = resources[i];
        size_t at = i;

        while (at > 0) {
            int order =
                strcasecmp(text_of(resources[at - 1], attribute), text_of(moved, attribute));

            if (descending ? order >= 0 : order <= 0)
                break;
            resources[at] = resources[at - 1];
            at--;
        }
        resources[at] = moved;
    }
}
