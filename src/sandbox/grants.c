#include "sandbox/grants.h"

#include "sandbox/identity.h"

#include "base/alloc.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* on: kinds of securables a privilege may be granted on, "" for those the sandbox has no securables
 * of, and for what privilege model 1.0 no longer grants. */
static const struct {
    const char *name, *on;
} privileges[] = {
    {"SELECT", "CST"},
    {"MODIFY", "CST"},
    {"USE_CATALOG", "C"},
    {"USE_SCHEMA", "CS"},
    {"BROWSE", "C"},
    {"APPLY_TAG", "CST"},
    {"EXECUTE", "CS"},
    {"REFRESH", "CST"},
    {"MANAGE", "CST"},
    {"ALL_PRIVILEGES", "CST"},
    {"READ_VOLUME", "CS"},
    {"WRITE_VOLUME", "CS"},
    {"EXTERNAL_USE_SCHEMA", "CS"},
    {"CREATE_SCHEMA", "C"},
    {"CREATE_TABLE", "CS"},
    {"CREATE_FUNCTION", "CS"},
    {"CREATE_MODEL", "CS"},
    {"CREATE_VOLUME", "CS"},
    {"CREATE_MATERIALIZED_VIEW", "CS"},
    {"CREATE_CATALOG", "M"},
    {"CREATE_CLEAN_ROOM", "M"},
    {"CREATE_CONNECTION", "M"},
    {"CREATE_EXTERNAL_LOCATION", "M"},
    {"CREATE_PROVIDER", "M"},
    {"CREATE_RECIPIENT", "M"},
    {"CREATE_SERVICE_CREDENTIAL", "M"},
    {"CREATE_SHARE", "M"},
    {"CREATE_STORAGE_CREDENTIAL", "M"},
    {"MANAGE_ALLOWLIST", "M"},
    {"SET_SHARE_PERMISSION", "M"},
    {"USE_MARKETPLACE_ASSETS", "M"},
    {"USE_PROVIDER", "M"},
    {"USE_RECIPIENT", "M"},
    {"USE_SHARE", "M"},
    {"ACCESS", ""},
    {"CREATE", ""},
    {"CREATE_EXTERNAL_TABLE", ""},
    {"CREATE_EXTERNAL_VOLUME", ""},
    {"CREATE_FOREIGN_CATALOG", ""},
    {"CREATE_FOREIGN_SECURABLE", ""},
    {"CREATE_MANAGED_STORAGE", ""},
    {"CREATE_VIEW", ""},
    {"EXECUTE_CLEAN_ROOM_TASK", ""},
    {"INSERT", ""},
    {"MODIFY_CLEAN_ROOM", ""},
    {"READ_FILES", ""},
    {"READ_METADATA", ""},
    {"READ_PRIVATE_FILES", ""},
    {"USAGE", ""},
    {"USE_CONNECTION", ""},
    {"WRITE_FILES", ""},
    {"WRITE_PRIVATE_FILES", ""},
};

static bool same_word(const char *name, const char *text)
{
    while (*name && *text) {
        char letter = *text == ' '                   ? '_'
                      : *text >= 'a' && *text <= 'z' ? (char)(*text - 'a' + 'A')
                                                     : *text;

        if (*name != letter)
            return false;
        name++;
        text++;
    }
    return *name == *text;
}

const char *sandbox_privilege_find(const char *text)
{
    for (size_t i = 0; i < base_countof(privileges); i++) {
        if (same_word(privileges[i].name, text))
            return privileges[i].name;
    }
    return NULL;
}

bool sandbox_privilege_fits(const char *privilege, int kind)
{
    for (size_t i = 0; i < base_countof(privileges); i++) {
        if (strcmp(privileges[i].name, privilege) == 0)
            return strchr(privileges[i].on, kind) != NULL;
    }
    return false;
}

char *sandbox_privilege_words(const char *privilege)
{
    char *words = base_strdup(privilege);

    for (char *c = words; *c; c++)
        *c = (char)(*c == '_' ? ' ' : *c);
    return words;
}

const char *sandbox_grantee_find(struct sandbox_workspace *workspace, const char *principal)
{
    const struct sandbox_principal *found = sandbox_workspace_find_principal(workspace, principal);

    /* Groups that every workspace has for itself are none of the account's, where the catalog
     * looks. */
    if (found && sandbox_identity_system_group(found))
        return NULL;
    if (found)
        return found->name;
    return base_text_equal_nocase(principal, "account users") ? "account users" : NULL;
}

const char *sandbox_kind_title(int kind)
{
    return kind == 'M' ? "Metastore" : kind == 'C' ? "Catalog" : kind == 'S' ? "Schema" : "Table";
}

char *sandbox_grant_refused(struct sandbox_workspace *workspace,
                            const struct sandbox_securable *securable, const char *caller,
                            const char *privilege)
{
    const struct sandbox_securable *catalog = securable;

    if (!sandbox_workspace_has(workspace, securable, caller, "MANAGE"))
        return base_printf("User does not have MANAGE on %s '%s'.",
                           sandbox_kind_title(securable->kind), securable->full_name);
    while (catalog->parent && catalog->kind != 'C')
        catalog = catalog->parent;
    /* It lets data out of the governed path: the owner of the catalog decides, not even those who
     * manage it. */
    if (strcmp(privilege, "EXTERNAL_USE_SCHEMA") == 0 &&
        !(catalog->owner && (base_text_equal_nocase(catalog->owner, caller) ||
                             sandbox_workspace_member(workspace, catalog->owner, caller))))
        return base_printf("User is not an owner of Catalog '%s'.", catalog->full_name);
    return NULL;
}

char *sandbox_grant_misfit(const struct sandbox_securable *securable, const char *privilege)
{
    char *words = sandbox_privilege_words(privilege);
    char *title = base_strdup(sandbox_kind_title(securable->kind));
    char *text;

    for (char *c = title; *c; c++)
        *c = (char)(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
    text = base_printf("Privilege %s is not applicable to this entity [%s:%s/%s_STANDARD]. If this "
                       "seems unexpected, please check the privilege version of the metastore in "
                       "use [1.0].",
                       words, securable->full_name, title, title);
    free(title);
    free(words);
    return text;
}

void sandbox_grant_take(struct sandbox_workspace *workspace, struct sandbox_securable *securable,
                        const char *principal, const char *privilege)
{
    if (strcmp(privilege, "ALL_PRIVILEGES") != 0) {
        sandbox_workspace_revoke(workspace, securable, principal, privilege);
        return;
    }
    for (size_t i = securable->grants.count; i-- > 0;) {
        char *held;

        if (!base_text_equal_nocase(securable->grants.items[i].principal, principal))
            continue;
        held = base_strdup(securable->grants.items[i].privilege);
        sandbox_workspace_revoke(workspace, securable, principal, held);
        free(held);
    }
}
