#include "access/verdict.h"

#include "base/alloc.h"
#include "base/text.h"

#include <string.h>

static const struct {
    const char *name, *needs, *privilege;
} levels[] = {[MODEL_GRANT_CATALOG] = {"CATALOG", "USE CATALOG", "USE_CATALOG"},
              [MODEL_GRANT_SCHEMA] = {"SCHEMA", "USE SCHEMA", "USE_SCHEMA"},
              [MODEL_GRANT_TABLE] = {"TABLE", "SELECT", "SELECT"}};

const char *access_level_name(enum model_grant level)
{
    return levels[level].name;
}

const char *access_level_needs(enum model_grant level)
{
    return levels[level].needs;
}

const char *access_has_name(enum access_has has)
{
    return has == ACCESS_YES ? "yes" : has == ACCESS_NO ? "no" : "unknown";
}

const char *access_way_name(enum access_way way)
{
    static const char *const names[] = {NULL, "grant", "group", "owner", "proof", "built_in"};
    return names[way];
}

static bool is_principal(const struct access_facts *facts, const char *name)
{
    return (facts->principal && base_text_equal_nocase(name, facts->principal)) ||
           (facts->me && facts->me->user_name &&
            base_text_equal_nocase(name, facts->me->user_name));
}

/* Everybody is in "account users", and no list of groups says so. */
static bool is_group(const struct access_facts *facts, const char *name)
{
    for (size_t i = 0; facts->me && i < facts->me->group_count; i++)
        if (base_text_equal_nocase(facts->me->groups[i], name))
            return true;
    return base_text_equal_nocase(name, "account users");
}

static bool gives(const struct databricks_grant *grant, enum model_grant level)
{
    return base_text_equal_nocase(grant->privilege, levels[level].privilege) ||
           base_text_equal_nocase(grant->privilege, levels[level].needs) ||
           base_text_equal_nocase(grant->privilege, "ALL_PRIVILEGES") ||
           base_text_equal_nocase(grant->privilege, "ALL PRIVILEGES");
}

/* ALL PRIVILEGES and SELECT reach down from where they were granted, not up: on a schema they give
 * nothing on the catalog above it. */
static bool reaches(const struct databricks_grant *grant, enum model_grant level)
{
    enum model_grant at = MODEL_GRANT_TABLE;
    if (grant->inherited_type && base_text_equal_nocase(grant->inherited_type, "SCHEMA"))
        at = MODEL_GRANT_SCHEMA;
    else if (grant->inherited_type)
        at = MODEL_GRANT_CATALOG;
    return at <= level;
}

static void by_grants(const struct access_facts *facts, enum model_grant level,
                      struct access_level *out)
{
    for (size_t i = 0; facts->grants && i < facts->grants->count; i++) {
        const struct databricks_grant *grant = &facts->grants->items[i];
        if (grant->principal == NULL || grant->privilege == NULL || !gives(grant, level) ||
            !reaches(grant, level))
            continue;
        bool own = is_principal(facts, grant->principal);
        if (!own && (!is_group(facts, grant->principal) || out->has == ACCESS_YES))
            continue;
        *out = (struct access_level){.has = ACCESS_YES,
                                     .way = own ? ACCESS_WAY_GRANT : ACCESS_WAY_GROUP,
                                     .via = own ? NULL : grant->principal};
        if (strncmp(grant->privilege, "ALL", 3) == 0)
            out->privilege = "ALL PRIVILEGES";
        if (grant->inherited_type &&
            !base_text_equal_nocase(grant->inherited_type, levels[level].name)) {
            out->from_type = grant->inherited_type;
            out->from_name = grant->inherited_name;
        }
        if (own)
            return;
    }
}

static void by_owner(const struct access_facts *facts, enum model_grant level,
                     struct access_level *out)
{
    const char *owner = facts->owners[level];
    if (out->has != ACCESS_YES && owner && (is_principal(facts, owner) || is_group(facts, owner)))
        *out = (struct access_level){.has = ACCESS_YES, .way = ACCESS_WAY_OWNER, .via = owner};
}

/* No list of grants has these: they come with the catalog. */
static void by_being_built_in(const struct access_facts *facts, enum model_grant level,
                              struct access_level *out)
{
    if (out->has != ACCESS_YES && level != MODEL_GRANT_CATALOG && facts->table &&
        model_name_built_in(facts->table->schema))
        *out = (struct access_level){.has = ACCESS_YES, .way = ACCESS_WAY_BUILT_IN};
}

/* What is missing by the list but was got past when tried; what stopped the try is missing whatever
 * the list says. */
static void by_trying(const struct access_facts *facts, struct access_verdict *verdict)
{
    enum model_grant stopped = MODEL_GRANT_CATALOG;
    int passed = ACCESS_LEVELS;
    if (facts->tried == NULL)
        return;
    if (facts->tried->code != ERR_OK) {
        if (model_grant_of(facts->tried->code, &stopped) != 0)
            return;
        passed = (int)stopped;
        verdict->levels[stopped] = (struct access_level){.has = ACCESS_NO};
    }
    for (int i = 0; i < passed; i++)
        if (verdict->levels[i].has != ACCESS_YES)
            verdict->levels[i] = (struct access_level){.has = ACCESS_YES, .way = ACCESS_WAY_PROOF};
}

void access_verdict_make(const struct access_facts *facts, struct access_verdict *verdict)
{
    *verdict = (struct access_verdict){0};
    for (int i = 0; i < ACCESS_LEVELS; i++) {
        struct access_level *level = &verdict->levels[i];
        level->has = facts->grants && !facts->grants->direct_only ? ACCESS_NO : ACCESS_UNKNOWN;
        by_grants(facts, (enum model_grant)i, level);
        by_owner(facts, (enum model_grant)i, level);
        by_being_built_in(facts, (enum model_grant)i, level);
    }
    by_trying(facts, verdict);
    verdict->readable = facts->tried && facts->tried->code == ERR_OK;
    verdict->known = verdict->readable;
    for (int i = 0; i < ACCESS_LEVELS; i++) {
        verdict->missing += verdict->levels[i].has == ACCESS_NO;
        verdict->known = verdict->known || verdict->levels[i].has == ACCESS_NO;
    }
}
