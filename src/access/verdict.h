/* What a principal has and lacks to read one table, level by level, and through what. Pure: the
 * facts are asked for elsewhere, here they are put together. What was tried wins over what is
 * listed: the listing does not expand groups, and shows only what the asking identity may see
 * (databricks-api.md 3.6). A list of direct grants only can say yes, never no. */
#ifndef AAMPE_ACCESS_VERDICT_H
#define AAMPE_ACCESS_VERDICT_H

#include "databricks/permissions.h"
#include "databricks/workspace.h"
#include "model/grant.h"

#define ACCESS_LEVELS (MODEL_GRANT_TABLE + 1)

/* All borrowed; NULL or empty: not known. */
struct access_facts {
    const struct model_name *table;
    const char *principal;          /* application id */
    const struct databricks_me *me; /* of the principal: its groups */
    const struct databricks_grants *grants;
    const char *owners[ACCESS_LEVELS];
    const struct err *tried; /* how reading went: ERR_OK is a proof; NULL: not tried */
};

enum access_has { ACCESS_NO, ACCESS_YES, ACCESS_UNKNOWN };
enum access_way {
    ACCESS_WAY_NONE,
    ACCESS_WAY_GRANT,   /* to the principal itself */
    ACCESS_WAY_GROUP,   /* to one of its groups */
    ACCESS_WAY_OWNER,   /* it, or a group of it, owns the object */
    ACCESS_WAY_PROOF,   /* not listed, but reading got past this level */
    ACCESS_WAY_BUILT_IN /* an information_schema: whoever may use the catalog has it */
};
struct access_level {
    enum access_has has;
    enum access_way way;
    const char *via;       /* group, or owner; borrowed */
    const char *privilege; /* that gives it, where it is not the one needed: ALL_PRIVILEGES */
    const char *from_type, *from_name; /* where it was granted when that is above; borrowed */
};
struct access_verdict {
    struct access_level levels[ACCESS_LEVELS];
    int missing; /* levels with ACCESS_NO */
    bool readable, known;
};

void access_verdict_make(const struct access_facts *facts, struct access_verdict *verdict);
const char *access_level_name(enum model_grant level);  /* "CATALOG" */
const char *access_level_needs(enum model_grant level); /* "USE CATALOG" */
const char *access_has_name(enum access_has has);       /* "yes", "no", "unknown" */
const char *access_way_name(enum access_way way);       /* "grant" ... "built_in"; NULL */

#endif
