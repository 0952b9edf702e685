#include "model/grant.h"

#include "base/alloc.h"

static const struct {
    enum err_code code;
    const char *privilege, *kind;
} levels[] = {[MODEL_GRANT_CATALOG] = {ERR_SRC_PERM_CATALOG, "USE CATALOG", "CATALOG"},
              [MODEL_GRANT_SCHEMA] = {ERR_SRC_PERM_SCHEMA, "USE SCHEMA", "SCHEMA"},
              [MODEL_GRANT_TABLE] = {ERR_SRC_PERM_TABLE, "SELECT", "TABLE"}};

int model_grant_of(enum err_code code, enum model_grant *level)
{
    for (size_t i = 0; i < base_countof(levels); i++)
        if (levels[i].code == code) {
            *level = (enum model_grant)i;
            return 0;
        }
    return -1;
}

const char *model_grant_privilege(enum model_grant level)
{
    return levels[level].privilege;
}

int model_grant_sql(enum model_grant level, const struct model_name *table, const char *principal,
                    struct buf *out, struct err *err)
{
    const char *parts[] = {table->catalog, table->schema, table->table};
    int rc = base_buf_printf(out, "GRANT %s ON %s ", levels[level].privilege, levels[level].kind);

    for (size_t i = 0; i <= (size_t)level && rc == 0; i++) {
        rc = base_buf_text(out, i ? "." : "");
        if (rc == 0)
            rc = model_name_quote(parts[i], out, err);
    }
    if (rc == 0)
        rc = base_buf_text(out, " TO ");
    if (rc == 0)
        rc = model_name_quote(principal ? principal : "", out, err);
    return rc == 0 ? base_buf_text(out, ";") : rc;
}

void model_grant_hint(const struct model_name *table, const char *principal, struct err *err)
{
    enum model_grant level;
    struct err own = ERR_INIT;
    struct buf sql;

    if (model_grant_of(err->code, &level) != 0)
        return;
    base_buf_init(&sql, sizeof err->hint - 1);
    if (model_grant_sql(level, table, principal, &sql, &own) == 0)
        base_err_hint(err, "%s", sql.data);
    base_buf_free(&sql);
}
