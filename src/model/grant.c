#include "model/grant.h"

#include "base/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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

/* The name a refusal gives, without quotes of any kind. */
static bool name_refused(const char *message, char *out, size_t size)
{
    const char *at = strstr(message, "not have ");
    size_t used = 0;
    char mark;
    at = at ? strpbrk(at, "'\"") : NULL;
    if (!at)
        return false;
    mark = *at++;
    for (; *at && *at != mark && used + 1 < size; at++)
        if (*at != '`')
            out[used++] = *at;
    out[used] = '\0';
    return *at == mark && used > 0;
}

/* "a.b" -> {"a", "b", NULL}; the text is cut in place. False where there are not so many parts as
 * the level has, as with a name that has points of its own. */
static bool name_split(char *text, enum model_grant level, struct model_name *out)
{
    char **parts[] = {&out->catalog, &out->schema, &out->table}, *save = NULL;
    size_t count = 0;
    *out = (struct model_name){0};
    for (char *part = strtok_r(text, ".", &save); part; part = strtok_r(NULL, ".", &save)) {
        if (count == base_countof(parts))
            return false;
        *parts[count++] = part;
    }
    return count == (size_t)level + 1;
}

/* What the view's owner lacks, as a statement where the refusal says all of it. */
static void owner_hint(struct err *err, enum model_grant level, const char *view, const char *owner,
                       const char *object)
{
    struct model_name name;
    struct err own = ERR_INIT;
    struct buf sql;
    char parts[256], said[32];
    snprintf(parts, sizeof parts, "%s", object);
    snprintf(said, sizeof said, "have %s on", model_grant_privilege(level));
    bool known = strstr(err->message, said) != NULL;
    base_buf_init(&sql, sizeof err->hint - 1);
    if (known && owner && name_split(parts, level, &name) &&
        model_grant_sql(level, &name, owner, &sql, &own) == 0)
        base_err_hint(err, "%s", sql.data);
    else
        base_err_hint(err, "The owner of \"%.90s\" needs to be able to read \"%.90s\".", view,
                      object);
    base_buf_free(&sql);
    base_err_fact(err, "object", "%s", object);
    base_err_fact(err, "privilege", "%s", known ? model_grant_privilege(level) : "");
    base_err_fact(err, "owner", "%s", owner ? owner : "");
}

/* Whether the name is that of the table, or of what it lies in. Of a view catalog and schema are
 * its owner's matter too: the principal was seen to have both. */
static bool about_us(const struct model_name *table, const char *view_owner, const char *name)
{
    char ours[256];

    snprintf(ours, sizeof ours, "%s.%s.%s", table->catalog, table->schema, table->table);
    if (strcasecmp(name, ours) == 0)
        return true;
    snprintf(ours, sizeof ours, "%s.%s", table->catalog, table->schema);
    return !view_owner && (strcasecmp(name, ours) == 0 || strcasecmp(name, table->catalog) == 0);
}

void model_grant_chain(const struct model_name *table, const char *view_owner, struct err *err)
{
    enum model_grant level;
    char name[256], *text;

    if (model_grant_of(err->code, &level) != 0 || !*err->statement_id ||
        !name_refused(err->message, name, sizeof name) || about_us(table, view_owner, name))
        return;
    text = model_name_text(table);
    err->code = ERR_SRC_PERM_VIEW_CHAIN;
    owner_hint(err, level, text, view_owner, name);
    if (view_owner)
        base_err_context(err, "\"%.80s\" is read as its owner, \"%.60s\"", text, view_owner);
    free(text);
}
