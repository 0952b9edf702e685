/* GRANT, REVOKE, ALTER ... OWNER TO, SHOW GRANTS: the same grants as the permissions API. What the
 * catalog service refuses comes in its own form, "[RequestId=... ErrorClass=CLASS] text" or
 * "PERMISSION_DENIED: text", as seen in public reports of live workspaces. */
#include "sandbox/grants.h"
#include "sandbox/parser.h"
#include "sandbox/resolve.h"
#include "sandbox/result.h"

#include "base/alloc.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define PRIVILEGES_MAX 32

/* Securables as SQL calls them; second: for words that come in two. */
static const struct {
    const char *word, *second;
    int kind;
    const char *title; /* of those the sandbox has nothing of */
} objects[] = {
    {"catalog", NULL, 'C', NULL},
    {"schema", NULL, 'S', NULL},
    {"database", NULL, 'S', NULL},
    {"table", NULL, 'T', NULL},
    {"view", NULL, 'T', NULL},
    {"materialized", "view", 'T', NULL},
    {"metastore", NULL, 'M', NULL},
    {"function", NULL, 0, "Function"},
    {"procedure", NULL, 0, "Function"},
    {"volume", NULL, 0, "Volume"},
    {"connection", NULL, 0, "Connection"},
    {"share", NULL, 0, "Share"},
    {"recipient", NULL, 0, "Recipient"},
    {"provider", NULL, 0, "Provider"},
    {"credential", NULL, 0, "Credential"},
    {"external", "location", 0, "External Location"},
    {"storage", "credential", 0, "Storage Credential"},
    {"service", "credential", 0, "Service Credential"},
};

/* [kind] name; without a kind it is a table. */
static int parse_securable(struct sql_parser *parser, struct sql_statement *statement)
{
    bool follows = parser->next.kind == TK_WORD || parser->next.kind == TK_QUOTED ||
                   parser->next.kind == TK_PARAMETER;

    statement->object = 'T';
    for (size_t i = 0; i < base_countof(objects); i++) {
        if (!sql_at_word(parser, objects[i].word) ||
            (objects[i].second && !sql_is_word(&parser->next, objects[i].second)) ||
            (!follows && objects[i].kind != 'M'))
            continue;
        statement->object = objects[i].kind;
        statement->word = objects[i].title;
        if (sql_advance(parser) < 0 || (objects[i].second && sql_advance(parser) < 0))
            return -1;
        break;
    }
    statement->pos = parser->token.pos;
    if (statement->object == 'M')
        return 0;
    return sql_parse_name(parser, &statement->parts, &statement->part_count);
}

static int parse_principal(struct sql_parser *parser, struct sql_statement *statement)
{
    if (parser->token.kind != TK_WORD && parser->token.kind != TK_QUOTED)
        return sql_unexpected(parser);
    statement->principal = parser->token.text;
    return sql_advance(parser);
}

int sql_parse_show_grants(struct sql_parser *parser, struct sql_statement *statement)
{
    statement->kind = ST_SHOW_GRANTS;
    if (!sql_at_word(parser, "on") && parse_principal(parser, statement) < 0)
        return -1;
    return sql_need_word(parser, "on") < 0 ? -1 : parse_securable(parser, statement);
}

/* "USE CATALOG" -> "USE_CATALOG" */
static int parse_privilege(struct sql_parser *parser, const char **out)
{
    const char *words = NULL;

    while (parser->token.kind == TK_WORD && !sql_at_word(parser, "on")) {
        words =
            words ? sandbox_arena_printf(parser->context->arena, "%s_%s", words, parser->token.text)
                  : parser->token.text;
        if (sql_advance(parser) < 0)
            return -1;
    }
    *out = words && base_text_equal_nocase(words, "all") ? "ALL_PRIVILEGES" : words;
    return words ? 0 : sql_unexpected(parser);
}

static int parse_change(struct sql_parser *parser, struct sql_statement *statement)
{
    bool grant = sql_at_word(parser, "grant");
    const char *list[PRIVILEGES_MAX];
    size_t count = 0;

    statement->kind = grant ? ST_GRANT : ST_REVOKE;
    do {
        if (sql_advance(parser) < 0 || count == PRIVILEGES_MAX)
            return count == PRIVILEGES_MAX ? sql_unexpected(parser) : -1;
        if (parse_privilege(parser, &list[count++]) < 0)
            return -1;
    } while (sql_at_symbol(parser, ","));
    statement->privileges =
        sandbox_arena_alloc(parser->context->arena, count * sizeof *statement->privileges);
    memcpy(statement->privileges, list, count * sizeof *list);
    statement->privilege_count = count;
    if (sql_need_word(parser, "on") < 0 || parse_securable(parser, statement) < 0 ||
        sql_need_word(parser, grant ? "to" : "from") < 0)
        return -1;
    return parse_principal(parser, statement);
}

/* ALTER {CATALOG | SCHEMA | TABLE | VIEW} name [SET] OWNER TO principal */
static int parse_owner(struct sql_parser *parser, struct sql_statement *statement)
{
    int columns;

    statement->kind = ST_OWNER;
    if (parse_securable(parser, statement) < 0)
        return -1;
    columns = sql_parse_columns(parser, statement);
    if (columns)
        return columns < 0 ? -1 : 0;
    if (sql_take_word(parser, "set") < 0 || sql_need_word(parser, "owner") < 0 ||
        sql_need_word(parser, "to") < 0)
        return -1;
    return parse_principal(parser, statement);
}

/* Groups are the account's, and nothing can be denied: the rest of the statement is not looked at.
 */
static int parse_unsupported(struct sql_parser *parser, struct sql_statement *statement,
                             const char *words)
{
    statement->kind = ST_UNSUPPORTED;
    statement->word = words;
    while (parser->token.kind != TK_END) {
        if (sql_advance(parser) < 0)
            return -1;
    }
    return 0;
}

int sql_parse_grant(struct sql_parser *parser, struct sql_statement *statement)
{
    static const struct {
        const char *first, *second, *words;
    } refused[] = {
        {"create", "group", "CREATE GROUP"},
        {"drop", "group", "DROP GROUP"},
        {"alter", "group", "ALTER GROUP"},
        {"create", "user", "CREATE USER"},
        {"drop", "user", "DROP USER"},
        {"create", "role", "CREATE ROLE"},
        {"msck", "repair", "MSCK REPAIR PRIVILEGES"},
    };

    if (sql_at_word(parser, "grant") || sql_at_word(parser, "revoke"))
        return parse_change(parser, statement);
    if (sql_at_word(parser, "deny"))
        return parse_unsupported(parser, statement, "DENY");
    for (size_t i = 0; i < base_countof(refused); i++) {
        if (sql_at_word(parser, refused[i].first) && sql_is_word(&parser->next, refused[i].second))
            return parse_unsupported(parser, statement, refused[i].words);
    }
    int taken = sql_parse_drop(parser, statement);

    if (!taken)
        taken = sql_parse_view(parser, statement);
    if (taken)
        return taken < 0 ? -1 : 0;
    if (sql_at_word(parser, "alter"))
        return sql_advance(parser) < 0 ? -1 : parse_owner(parser, statement);
    return sql_unexpected(parser);
}

/* Refusals of the catalog service; text is freed. */
static int refuse(struct sql_context *context, const char *class, const char *sqlstate, char *text)
{
    char id[37];

    base_seam_uuid(sandbox_workspace_seam(context->request->workspace), id);
    sql_error(context, sqlstate, -1, "[RequestId=%s ErrorClass=%s] %s", id, class, text);
    free(text);
    return -1;
}

static int refuse_permission(struct sql_context *context, char *text)
{
    sql_error(context, "42501", -1, "PERMISSION_DENIED: %s", text);
    free(text);
    return -1;
}

/* "EXTERNAL_LOCATION_DOES_NOT_EXIST", for "External Location". */
static int refuse_unknown(struct sql_context *context, const char *title, const char *name)
{
    char *class = base_printf("%s_DOES_NOT_EXIST", title);
    int result;

    for (char *c = class; *c; c++)
        *c = (char)(*c == ' ' ? '_' : *c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
    result = refuse(context, class, "42704", base_printf("%s '%s' does not exist.", title, name));
    free(class);
    return result;
}

/* The securable a statement about grants names: found whether or not it may be used, as the rights
 * to manage it are what counts. */
static struct sandbox_securable *securable_of(struct sql_context *context,
                                              const struct sql_statement *statement)
{
    static const int kinds[] = {'C', 'S', 'T'};
    const struct sandbox_query_request *request = context->request;
    const char *defaults[2] = {request->catalog ? request->catalog : "workspace",
                               request->schema ? request->schema : "default"};
    const char *name = "";
    struct sandbox_securable *found = NULL;
    size_t need = 1;

    if (statement->object == 'M')
        return sandbox_workspace_metastore(request->workspace);
    while (need < 3 && kinds[need - 1] != statement->object)
        need++;
    for (size_t i = 0; statement->object && i + statement->part_count < need; i++)
        name = sandbox_arena_printf(context->arena, "%s%s%s", name, *name ? "." : "", defaults[i]);
    for (size_t i = 0; i < statement->part_count; i++)
        name = sandbox_arena_printf(context->arena, "%s%s%s", name, *name ? "." : "",
                                    statement->parts[i]);
    if (statement->object && statement->part_count <= need)
        found = sandbox_workspace_find(request->workspace, statement->object, name);
    if (!found)
        refuse_unknown(context,
                       statement->object ? sandbox_kind_title(statement->object) : statement->word,
                       name);
    return found;
}

static const char *principal_of(struct sql_context *context, const char *written)
{
    const char *principal = sandbox_grantee_find(context->request->workspace, written);

    if (!principal)
        refuse(context, "PRINCIPAL_DOES_NOT_EXIST.PRINCIPAL_DOES_NOT_EXIST", "42704",
               base_printf("Could not find principal with name %s", written));
    return principal;
}

/* Privileges in the API's words, all checked before any is given. */
static int privileges_check(struct sql_context *context, const struct sql_statement *statement,
                            const struct sandbox_securable *securable,
                            const char *out[PRIVILEGES_MAX])
{
    for (size_t i = 0; i < statement->privilege_count; i++) {
        const char *written = statement->privileges[i];
        char *refused;

        out[i] = sandbox_privilege_find(written);
        /* the names from before privilege model 1.0 */
        if (out[i] && strcmp(out[i], "USAGE") == 0 && securable->kind != 'T')
            out[i] = securable->kind == 'C' ? "USE_CATALOG" : "USE_SCHEMA";
        if (!out[i]) {
            refused = sandbox_privilege_words(written);
            sql_error(context, "42601", -1, "[DELTA_UNKNOWN_PRIVILEGE] Unknown privilege: %s",
                      refused);
            free(refused);
            return -1;
        }
        if (!sandbox_privilege_fits(out[i], securable->kind))
            return refuse(context, "INVALID_PARAMETER_VALUE.PRIVILEGE_NOT_APPLICABLE_TO_ENTITY",
                          "22023", sandbox_grant_misfit(securable, out[i]));
        refused = sandbox_grant_refused(context->request->workspace, securable,
                                        context->request->principal, out[i]);
        if (refused)
            return refuse_permission(context, refused);
    }
    return 0;
}

static int change_owner(struct sql_context *context, struct sandbox_securable *securable,
                        const char *principal)
{
    char *refused = sandbox_grant_refused(context->request->workspace, securable,
                                          context->request->principal, "");

    if (refused)
        return refuse_permission(context, refused);
    free(securable->owner);
    securable->owner = base_strdup(principal);
    return 0;
}

static void tell(struct sql_context *context, const struct sql_statement *statement,
                 const struct sandbox_securable *securable, const char *principal,
                 const char *const *privileges)
{
    char *type = sandbox_arena_dup(context->arena, sandbox_kind_title(securable->kind));
    struct sandbox_grant_change change = {.type = type,
                                          .full_name = securable->full_name,
                                          .principal = principal,
                                          .privileges = privileges,
                                          .privilege_count = statement->privilege_count,
                                          .grant = statement->kind == ST_GRANT};

    base_text_lower(type);
    context->request->granted(context->request->user, &change);
}

int sandbox_grant_run(struct sql_context *context, const struct sql_statement *statement,
                      struct sandbox_query *query)
{
    struct sandbox_workspace *workspace = context->request->workspace;
    const char *privileges[PRIVILEGES_MAX];
    struct sandbox_securable *securable;
    const char *principal;

    if (statement->kind == ST_UNSUPPORTED)
        return sql_error(context, "0AKUC", -1,
                         "[UC_COMMAND_NOT_SUPPORTED.WITHOUT_RECOMMENDATION] The command(s): %s are "
                         "not supported in Unity Catalog.",
                         statement->word);
    if (!(securable = securable_of(context, statement)))
        return -1;
    if (statement->kind != ST_OWNER &&
        privileges_check(context, statement, securable, privileges) < 0)
        return -1;
    if (!(principal = principal_of(context, statement->principal)))
        return -1;
    if (statement->kind == ST_OWNER && change_owner(context, securable, principal) < 0)
        return -1;
    for (size_t i = 0; i < statement->privilege_count; i++) {
        if (statement->kind == ST_GRANT)
            sandbox_workspace_grant_by(workspace, securable, principal, privileges[i],
                                       context->request->principal);
        else
            sandbox_grant_take(workspace, securable, principal, privileges[i]);
    }
    if (statement->kind != ST_OWNER && context->request->granted)
        tell(context, statement, securable, principal, privileges);
    sandbox_show_start(query, NULL, 0);
    return 0;
}

static int append_grants(struct sql_context *context, const struct sandbox_securable *object,
                         const struct sandbox_securable *at, const char *only,
                         struct sandbox_query *query)
{
    const struct sandbox_query_request *request = context->request;
    bool all = sandbox_workspace_has(request->workspace, object, request->principal, "MANAGE");

    for (size_t i = 0; i < at->grants.count; i++) {
        const struct sandbox_grant *grant = &at->grants.items[i];
        bool mine =
            base_text_equal_nocase(grant->principal, request->principal) ||
            sandbox_workspace_member(request->workspace, grant->principal, request->principal);
        char *action, *type;

        if ((!all && !mine) || (only && !base_text_equal_nocase(grant->principal, only)) ||
            sandbox_workspace_denied(request->workspace, at, grant->privilege) ||
            sandbox_workspace_denied(request->workspace, object, grant->privilege))
            continue;
        action = sandbox_arena_dup(context->arena, grant->privilege);
        for (char *c = action; *c; c++)
            *c = (char)(*c == '_' ? ' ' : *c);
        type = sandbox_arena_dup(context->arena, sandbox_kind_title(at->kind));
        for (char *c = type; *c; c++)
            *c = (char)(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
        struct sandbox_value values[] = {sandbox_show_text(grant->principal),
                                         sandbox_show_text(action), sandbox_show_text(type),
                                         sandbox_show_text(at->full_name)};
        if (sandbox_result_append(query, values) < 0)
            return -1;
    }
    return 0;
}

/* Of the object and of everything above it but the metastore, whose privileges are its own. Who may
 * not manage it sees only what concerns himself.
 */
int sandbox_show_grants(struct sql_context *context, const struct sql_statement *statement,
                        struct sandbox_query *query)
{
    static const struct sandbox_show_column columns[] = {{"Principal", "string"},
                                                         {"ActionType", "string"},
                                                         {"ObjectType", "string"},
                                                         {"ObjectKey", "string"}};
    const struct sandbox_securable *object = securable_of(context, statement);
    const char *only = NULL;

    if (!object)
        return -1;
    if (statement->principal && !(only = principal_of(context, statement->principal)))
        return -1;
    sandbox_show_start(query, columns, 4);
    for (const struct sandbox_securable *at = object; at; at = at->parent) {
        if ((at == object || at->kind != 'M') &&
            append_grants(context, object, at, only, query) < 0)
            return -1;
    }
    return 0;
}
