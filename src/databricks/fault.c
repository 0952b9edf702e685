#define _GNU_SOURCE
#include "databricks/private.h"

#include "base/alloc.h"
#include "base/text.h"
#include "net/gateway.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_MAX 400

static void set_text(char *out, size_t size, const char *text)
{
    base_text_clean_into(out, size, text ? text : "");
}

static bool has(const char *text, const char *part)
{
    return strcasestr(text, part) != NULL;
}

/* Remote texts have many lines; the statement quoted at their end is ours and goes. Cleaned; caller
 * frees. */
static char *one_line(const char *text)
{
    const char *quote = strstr(text, "== SQL");
    size_t len = quote ? (size_t)(quote - text) : strlen(text);
    char *line = base_strndup(text, len), *out = line, *clean;

    for (size_t i = 0; i < len; i++) {
        bool space = isspace((unsigned char)line[i]);

        if (!space)
            *out++ = line[i];
        else if (out > line && out[-1] != ' ')
            *out++ = ' ';
    }
    while (out > line && out[-1] == ' ')
        out--;
    *out = '\0';
    clean = base_text_clean_dup(line, MESSAGE_MAX);
    free(line);
    return clean;
}

/* The first <pre> (which gateways put their sentence in) as it is, or a page named by its <title>.
 * Caller frees. */
static char *html_text(const char *body)
{
    static const char *const tags[] = {"<pre", "<title"};

    for (size_t i = 0; i < base_countof(tags); i++) {
        const char *start = strcasestr(body, tags[i]), *end;

        start = start ? strchr(start, '>') : NULL;
        end = start ? strchr(start, '<') : NULL;
        if (end && i == 0)
            return base_strndup(start + 1, (size_t)(end - start) - 1);
        if (end)
            return base_printf("a web page in place of an answer, \"%.*s\"", (int)(end - start) - 1,
                               start + 1);
    }
    return base_strdup("a web page in place of an answer");
}

/* "CODE_NAME: message", the form some account APIs have. */
static size_t leading_code(const char *text)
{
    size_t len = 0;

    while (isupper((unsigned char)text[len]) || text[len] == '_' ||
           (len && isdigit((unsigned char)text[len])))
        len++;
    return len > 2 && text[len] == ':' ? len : 0;
}

static char *read_text(struct databricks_problem *problem, const struct net_response *response)
{
    const char *body = response->body.len ? response->body.data : "";
    size_t code_len;

    problem->html = strstr(response->content_type, "html") || strncasecmp(body, "<!doc", 5) == 0 ||
                    strncasecmp(body, "<html", 5) == 0;
    if (problem->html) {
        problem->private_link = strstr(body, "private-link-validation-error") != NULL;
        return html_text(body);
    }
    if (response->status / 100 == 2) /* may be a broken result: rows and links are not repeated */
        return base_strdup("the answer is not the JSON that was asked for");
    code_len = leading_code(body);
    if (code_len && code_len < sizeof problem->code) {
        memcpy(problem->code, body, code_len);
        problem->code[code_len] = '\0';
        body += code_len + 1;
    }
    return *body ? base_strdup(body)
                 : base_printf("HTTP status %d, empty answer", response->status);
}

static void read_code(struct databricks_problem *problem, const cJSON *json)
{
    const char *text = base_json_str(json, "error_code");
    int64_t number;

    if (!text && base_json_i64(json, "error_code", &number)) {
        problem->numeric = true;
        snprintf(problem->code, sizeof problem->code, "%lld", (long long)number);
    } else {
        set_text(problem->code, sizeof problem->code, text);
    }
}

/* duration "3.5s" */
static int64_t read_duration(const char *text)
{
    double seconds = text ? strtod(text, NULL) : -1;

    return seconds >= 0 && seconds < 1e6 ? (int64_t)(seconds * 1000) : -1;
}

static void read_details(struct databricks_problem *problem, const cJSON *json)
{
    const cJSON *details = base_json_array(json, "details"), *item;

    cJSON_ArrayForEach(item, details)
    {
        const char *type = base_json_str_or(item, "@type", "");
        const char *dot = strrchr(type, '.');
        const cJSON *metadata = base_json_get(item, "metadata");

        type = dot ? dot + 1 : type;
        if (strcmp(type, "ErrorInfo") == 0) {
            set_text(problem->reason, sizeof problem->reason, base_json_str(item, "reason"));
            set_text(problem->resource, sizeof problem->resource,
                     base_json_str(metadata, "resourceType"));
        } else if (strcmp(type, "RequestInfo") == 0) {
            set_text(problem->request_id, sizeof problem->request_id,
                     base_json_str(item, "request_id"));
        } else if (strcmp(type, "RetryInfo") == 0 && problem->retry_ms < 0) {
            problem->retry_ms = read_duration(base_json_str(item, "retry_delay"));
        }
    }
    for (char *p = problem->resource; *p; p++)
        *p = (char)toupper((unsigned char)*p);
}

static char *read_scim(struct databricks_problem *problem, const cJSON *json)
{
    const char *detail = base_json_str(json, "detail");
    const char *status = base_json_str(json, "status");

    snprintf(problem->code, sizeof problem->code, "SCIM_%.40s", status ? status : "");
    if (!detail || !*detail || strcmp(detail, "null") == 0)
        detail = base_json_str_or(json, "scimType", "no detail given");
    return base_strdup(detail);
}

static char *read_json(struct databricks_problem *problem, const struct net_response *response,
                       const cJSON *json)
{
    const char *error = base_json_str(json, "error");
    const char *text = base_json_str(json, "message");

    read_code(problem, json);
    read_details(problem, json);
    if (!*problem->code && (base_json_get(json, "scimType") || base_json_get(json, "detail")))
        return read_scim(problem, json);
    if (error && !*problem->code && !text)
        set_text(problem->code, sizeof problem->code, error);
    if (error) /* the old API and OAuth; overrides message */
        text = base_json_str_or(json, "error_description", error);
    return text && *text ? base_strdup(text) : base_printf("HTTP status %d", response->status);
}

void databricks_problem_read(struct databricks_problem *problem,
                             const struct net_response *response, const cJSON *json)
{
    char *raw;

    *problem = (struct databricks_problem){.status = response->status,
                                           .retry_ms = response->retry_after_ms,
                                           .clock_offset_us = response->clock_offset_us};
    problem->by_proxy = response->trace.proxied && !*response->request_id && !*response->org_id;
    set_text(problem->request_id, sizeof problem->request_id, response->request_id);
    if (cJSON_IsObject(json))
        raw = read_json(problem, response, json);
    else
        raw = read_text(problem, response);
    problem->message = one_line(raw);
    free(raw);
}

void databricks_problem_free(struct databricks_problem *problem)
{
    base_free(&problem->message);
}

bool databricks_problem_token(const struct databricks_problem *problem)
{
    static const char *const words[] = {"expired",       "invalid access token",
                                        "invalid token", "ExpiredJwt",
                                        "expiring",      "credential was not sent"};

    /* With a reason of its own it is a policy: a new token changes nothing. Unity Catalog's
     * open-source server repeats the code as the reason. */
    if (problem->status == 401)
        return (!*problem->reason || strcmp(problem->reason, problem->code) == 0) &&
               strcmp(problem->code, "CUSTOMER_UNAUTHORIZED") != 0;
    if ((problem->status != 403 && problem->status != 400) || !problem->numeric)
        return false;
    for (size_t i = 0; i < base_countof(words); i++)
        if (has(problem->message, words[i]))
            return true;
    return false;
}

struct code_map {
    const char *remote;
    enum err_code code;
};

/* Codes that mean one thing wherever they come from. Codes are stronger than the status. */
static const struct code_map plain_codes[] = {
    {"REQUEST_LIMIT_EXCEEDED", ERR_SRC_RATE_LIMIT},
    {"RESOURCE_EXHAUSTED", ERR_SRC_RATE_LIMIT},
    {"TEMPORARILY_UNAVAILABLE", ERR_SRC_UNAVAILABLE},
    {"WORKSPACE_TEMPORARILY_UNAVAILABLE", ERR_SRC_UNAVAILABLE},
    {"SERVICE_UNDER_MAINTENANCE", ERR_SRC_UNAVAILABLE},
    {"DEADLINE_EXCEEDED", ERR_SRC_UNAVAILABLE},
    {"INTERNAL_ERROR", ERR_SRC_UNAVAILABLE},
    {"IO_ERROR", ERR_SRC_UNAVAILABLE},
    {"ABORTED", ERR_SRC_UNAVAILABLE},
    {"RESOURCE_CONFLICT", ERR_SRC_UNAVAILABLE},
    {"CANCELLED", ERR_SRC_STMT_CANCELED},
    {"CUSTOMER_UNAUTHORIZED", ERR_SRC_PERM_DENIED},
    {"FEATURE_DISABLED", ERR_SRC_PERM_DENIED},
    {"ENDPOINT_NOT_FOUND", ERR_SRC_HOST_WRONG},
    {"TABLE_DOES_NOT_EXIST", ERR_SRC_TABLE_NOT_FOUND},
    {"TABLE_NOT_FOUND", ERR_SRC_TABLE_NOT_FOUND}, /* newer Unity Catalog OSS */
    {"METASTORE_DOES_NOT_EXIST", ERR_SRC_NOT_FOUND},
    {"PRINCIPAL_DOES_NOT_EXIST", ERR_SRC_NOT_FOUND},
    {"STORAGE_CREDENTIAL_DOES_NOT_EXIST", ERR_SRC_NOT_FOUND},
    {"EXTERNAL_LOCATION_DOES_NOT_EXIST", ERR_SRC_NOT_FOUND},
};

/* Where the fix text of the code would not say what to do. */
static void hint_by_remote(struct err *err, const char *remote)
{
    static const struct {
        const char *remote, *hint;
    } hints[] = {
        {"METASTORE_DOES_NOT_EXIST", "Have an account admin assign a metastore to this workspace."},
        {"FEATURE_DISABLED", "Have an account admin switch on what the message names, or use a "
                             "workspace that has it."},
    };

    for (size_t i = 0; i < base_countof(hints); i++)
        if (strcmp(remote, hints[i].remote) == 0)
            base_err_hint(err, "%s", hints[i].hint);
}

static enum err_code not_found_code(enum databricks_subject subject)
{
    switch (subject) {
    case SUBJECT_TABLE:
        return ERR_SRC_TABLE_NOT_FOUND;
    case SUBJECT_WAREHOUSE:
    case SUBJECT_WAREHOUSE_START:
    case SUBJECT_SUBMIT:
        return ERR_SRC_WH_NOT_FOUND;
    case SUBJECT_STATEMENT:
        return ERR_SRC_STMT_CLOSED;
    default:
        return ERR_SRC_NOT_FOUND;
    }
}

static enum err_code level_word(const char *word)
{
    static const struct code_map levels[] = {{"catalog", ERR_SRC_PERM_CATALOG},
                                             {"schema", ERR_SRC_PERM_SCHEMA},
                                             {"database", ERR_SRC_PERM_SCHEMA},
                                             {"table", ERR_SRC_PERM_TABLE},
                                             {"view", ERR_SRC_PERM_TABLE}};

    for (size_t i = 0; i < base_countof(levels); i++)
        if (strncasecmp(word, levels[i].remote, strlen(levels[i].remote)) == 0)
            return levels[i].code;
    return ERR_OK;
}

/* Which level a refusal names: the resource type where there is one, else the sentence "... does
 * not have <privilege> on <level> '<name>'", which is all there is in SQL failures. The name comes
 * last, so that nothing in it is taken for the level. ERR_OK: none is named. */
static enum err_code level_named(const char *resource, const char *text)
{
    const char *have = strcasestr(text, "not have "), *on;
    const char *name = have ? strpbrk(have, "'`\"") : NULL;

    if (level_word(resource) != ERR_OK)
        return level_word(resource);
    on = have ? strcasestr(have, " on ") : NULL;
    if (on && (!name || on < name))
        return level_word(on + 4);
    return ERR_OK;
}

static bool unbound(const char *text)
{
    return has(text, "not bound") || has(text, "not accessible in current workspace");
}

/* A token that is refused after it was renewed: what makes a good one look over is a clock. */
static enum err_code token_code(const struct databricks_problem *problem)
{
    return problem->clock_offset_us > NET_CLOCK_WRONG_US ||
                   problem->clock_offset_us < -NET_CLOCK_WRONG_US
               ? ERR_HOST_CLOCK
               : ERR_SRC_TOKEN_EXPIRED;
}

static enum err_code denied_code(const struct databricks_problem *problem,
                                 enum databricks_subject subject)
{
    enum err_code level = level_named(problem->resource, problem->message);
    bool lacks = strcasestr(problem->message, "not have ") != NULL; /* a right, whatever its name */

    if (!lacks && unbound(problem->message))
        return ERR_SRC_CATALOG_UNBOUND; /* no grant helps here */
    if (level != ERR_OK)
        return level;
    if (net_gateway_code(problem->message) != ERR_OK)
        return net_gateway_code(problem->message);
    if (problem->numeric && databricks_problem_token(problem))
        return token_code(problem);
    if (has(problem->message, "SQL access") || has(problem->message, "databricks-sql-access"))
        return ERR_SRC_ENTITLEMENT_SQL;
    if (subject == SUBJECT_WAREHOUSE_START || has(problem->message, "to start"))
        return ERR_SRC_WH_START_DENIED;
    if (subject == SUBJECT_WAREHOUSE || subject == SUBJECT_SUBMIT)
        return ERR_SRC_WH_NO_CAN_USE;
    return subject == SUBJECT_TABLE ? ERR_SRC_PERM_TABLE : ERR_SRC_PERM_DENIED;
}

static enum err_code by_status(const struct databricks_problem *problem,
                               enum databricks_subject subject)
{
    switch (problem->status) {
    case 401:
        return databricks_problem_token(problem) ? token_code(problem) : ERR_SRC_PERM_DENIED;
    case 403:
        return denied_code(problem, subject);
    case 404:
        return *problem->code ? not_found_code(subject) : ERR_SRC_HOST_WRONG;
    case 429:
        return ERR_SRC_RATE_LIMIT;
    case 407:
        return ERR_PROXY_AUTH;
    case 511: /* RFC 6585: a portal wants to be passed first */
        return ERR_PROXY_HTML;
    case 408:
    case 500:
    case 502:
    case 503:
    case 504:
        return ERR_SRC_UNAVAILABLE;
    default:
        return problem->numeric && databricks_problem_token(problem) ? token_code(problem)
                                                                     : ERR_SRC_UNCLASSIFIED;
    }
}

/* A page in place of an answer: of the gateway, of a proxy, or of whoever has this name. */
static enum err_code page_code(const struct databricks_problem *problem)
{
    enum err_code known = problem->status == 403 ? net_gateway_code(problem->message) : ERR_OK;

    if (known != ERR_OK)
        return known;
    return problem->by_proxy ? ERR_PROXY_HTML : ERR_SRC_HOST_WRONG;
}

static enum err_code choose(const struct databricks_problem *problem,
                            enum databricks_subject subject)
{
    const char *code = problem->code;
    bool wh = subject == SUBJECT_WAREHOUSE || subject == SUBJECT_WAREHOUSE_START;

    if (problem->private_link)
        return ERR_SRC_PRIVATE_LINK_ONLY;
    if (problem->html && problem->status < 429)
        return page_code(problem);
    /* The SCIM services say it with a status of 500. */
    if (problem->status == 500 && (has(problem->message, "REQUEST_LIMIT_EXCEEDED") ||
                                   has(problem->message, "token bucket limit")))
        return ERR_SRC_RATE_LIMIT;
    for (size_t i = 0; i < base_countof(plain_codes); i++)
        if (strcmp(code, plain_codes[i].remote) == 0)
            return plain_codes[i].code;
    if (strcmp(code, "PERMISSION_DENIED") == 0)
        return denied_code(problem, subject);
    if (strcmp(code, "RESOURCE_DOES_NOT_EXIST") == 0 || strcmp(code, "NOT_FOUND") == 0 ||
        strcmp(code, "CATALOG_DOES_NOT_EXIST") == 0 || strcmp(code, "SCHEMA_DOES_NOT_EXIST") == 0 ||
        strcmp(code, "CATALOG_NOT_FOUND") == 0 || strcmp(code, "SCHEMA_NOT_FOUND") == 0)
        return not_found_code(subject);
    if (strcmp(code, "INVALID_PARAMETER_VALUE") == 0 &&
        (wh || (subject == SUBJECT_SUBMIT && has(problem->message, "endpoint id"))))
        return ERR_SRC_WH_NOT_FOUND;
    if (problem->status / 100 == 2)
        return ERR_SRC_HOST_WRONG; /* a 2xx that is not JSON */
    return by_status(problem, subject);
}

void databricks_problem_map(const struct databricks_problem *problem,
                            enum databricks_subject subject, struct err *err)
{
    base_err_set(err, choose(problem, subject), "%s", problem->message);
    err->http_status = problem->status;
    set_text(err->remote_code, sizeof err->remote_code, problem->code);
    set_text(err->request_id, sizeof err->request_id, problem->request_id);
    if (problem->retry_ms > 0)
        err->retry_after_ms = problem->retry_ms;
    net_gateway_explain(err, problem->message);
    hint_by_remote(err, problem->code);
    if (problem->html)
        base_err_fact(err, "content_type", "text/html");
    if (err->code == ERR_HOST_CLOCK) {
        base_err_fact_i64(err, "clock_offset_seconds", problem->clock_offset_us / 1000000);
        base_err_hint(
            err,
            "This host's clock is %lld s off from the workspace's: set it and enable time "
            "synchronisation.",
            (long long)(-problem->clock_offset_us / 1000000));
    }
}

/* Error classes that say more than their SQLSTATE. */
static const struct code_map sql_classes[] = {
    {"DELTA_VERSION_NOT_FOUND", ERR_SRC_FILES_GONE},
    {"DELTA_VERSIONS_NOT_CONTIGUOUS", ERR_SRC_FILES_GONE},
    {"DELTA_FILE_NOT_FOUND", ERR_SRC_FILES_GONE},
    {"DELTA_LOG_FILE_NOT_FOUND", ERR_SRC_FILES_GONE},
    {"DELTA_TRUNCATED_TRANSACTION_LOG", ERR_SRC_FILES_GONE},
    {"DELTA_UNSUPPORTED_TIME_TRAVEL_BEYOND_DELETED_FILE_RETENTION_DURATION", ERR_SRC_FILES_GONE},
    {"DELTA_TIMESTAMP_EARLIER_THAN_COMMIT_RETENTION", ERR_SRC_FILES_GONE},
    {"FAILED_READ_FILE", ERR_SRC_FILES_GONE},
    {"DELTA_SCHEMA_CHANGE_SINCE_ANALYSIS", ERR_SRC_TABLE_CHANGED},
    {"DELTA_SCHEMA_CHANGED", ERR_SRC_TABLE_CHANGED},
    {"DELTA_TABLE_ID_MISMATCH", ERR_SRC_TABLE_CHANGED},
    {"QUERY_EXECUTION_TIMEOUT_EXCEEDED", ERR_SRC_STMT_TIMEOUT},
    {"OPERATION_CANCELED", ERR_SRC_STMT_CANCELED},
    {"CATALOG_NOT_BOUND", ERR_SRC_CATALOG_UNBOUND},
};

static const struct code_map sqlstates[] = {
    {"42P01", ERR_SRC_TABLE_NOT_FOUND}, {"42704", ERR_SRC_TABLE_NOT_FOUND},
    {"42K03", ERR_SRC_FILES_GONE},      {"57KD0", ERR_SRC_STMT_TIMEOUT},
    {"57014", ERR_SRC_STMT_CANCELED},   {"HY008", ERR_SRC_STMT_CANCELED},
    {"HYT00", ERR_SRC_STMT_TIMEOUT},
};

/* By the first two characters; values a filter or cast cannot digest (21, 22) are the statement's
 * fault too. */
static const struct code_map sqlstate_families[] = {
    {"42", ERR_SRC_SQL_INVALID}, {"0A", ERR_SRC_SQL_INVALID}, {"21", ERR_SRC_SQL_INVALID},
    {"22", ERR_SRC_SQL_INVALID}, {"54", ERR_SRC_SQL_INVALID}, {"53", ERR_SRC_UNAVAILABLE},
};

/* What a warehouse says that does not come up; it has no SQLSTATE. */
static bool start_failed(const char *text)
{
    return has(text, "failing to launch") || has(text, "failed to launch") ||
           has(text, "failed to start");
}

static const struct code_map statement_codes[] = {
    {"TEMPORARILY_UNAVAILABLE", ERR_SRC_UNAVAILABLE},
    {"WORKSPACE_TEMPORARILY_UNAVAILABLE", ERR_SRC_UNAVAILABLE},
    {"SERVICE_UNDER_MAINTENANCE", ERR_SRC_UNAVAILABLE},
    {"INTERNAL_ERROR", ERR_SRC_UNAVAILABLE},
    {"IO_ERROR", ERR_SRC_UNAVAILABLE},
    {"ABORTED", ERR_SRC_UNAVAILABLE},
    {"RESOURCE_EXHAUSTED", ERR_SRC_RATE_LIMIT},
    {"DEADLINE_EXCEEDED", ERR_SRC_STMT_TIMEOUT},
    {"CANCELLED", ERR_SRC_STMT_CANCELED},
    {"UNAUTHENTICATED", ERR_SRC_TOKEN_EXPIRED},
};

static enum err_code look_up(const struct code_map *map, size_t count, const char *key)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(map[i].remote, key) == 0)
            return map[i].code;
    return ERR_OK;
}

/* "[CLASS.SUBCLASS] text" at the beginning. */
static void read_class(const char *text, char *out, size_t size)
{
    size_t len = 0;

    out[0] = '\0';
    while (isspace((unsigned char)*text))
        text++;
    if (*text++ != '[')
        return;
    while (isupper((unsigned char)text[len]) || isdigit((unsigned char)text[len]) ||
           text[len] == '_')
        len++;
    if (len && len < size && (text[len] == ']' || text[len] == '.')) {
        memcpy(out, text, len);
        out[len] = '\0';
    }
}

static void read_sqlstate(const cJSON *status, const char *text, char out[8])
{
    const char *state = base_json_str(status, "sql_state");
    const char *mark = strstr(text, "SQLSTATE: ");

    if (!state && mark)
        state = mark + 10;
    for (int i = 0; i < 5; i++) {
        if (!state || !isalnum((unsigned char)state[i])) {
            out[0] = '\0';
            return;
        }
        out[i] = state[i];
    }
    out[5] = '\0';
}

static enum err_code sql_denied(const char *text)
{
    enum err_code level = level_named("", text);

    if (unbound(text))
        return ERR_SRC_CATALOG_UNBOUND;
    return level == ERR_OK ? ERR_SRC_PERM_TABLE : level;
}

static enum err_code sql_code(const char *class, const char *state, const char *remote,
                              const char *text)
{
    enum err_code code = look_up(sql_classes, base_countof(sql_classes), class);

    if (code == ERR_OK && strcmp(state, "42501") == 0)
        code = sql_denied(text);
    if (code == ERR_OK)
        code = look_up(sqlstates, base_countof(sqlstates), state);
    for (size_t i = 0; code == ERR_OK && i < base_countof(sqlstate_families); i++)
        if (strncmp(state, sqlstate_families[i].remote, 2) == 0)
            code = sqlstate_families[i].code;
    if (code == ERR_OK && !*class && start_failed(text))
        code = ERR_SRC_WH_START_FAILED;
    if (code == ERR_OK)
        code = look_up(statement_codes, base_countof(statement_codes), remote);
    /* No code and no SQLSTATE from here on: the words are all there is. */
    if (code == ERR_OK && has(text, "Inline byte limit exceeded"))
        code = ERR_SRC_RESULT_INLINE_LIMIT;
    if (code == ERR_OK && (strcmp(class, "INSUFFICIENT_PERMISSIONS") == 0 ||
                           has(text, "PERMISSION_DENIED") || has(text, "INSUFFICIENT_PERMISSIONS")))
        code = sql_denied(text);
    if (code == ERR_OK && strcmp(class, "TABLE_OR_VIEW_NOT_FOUND") == 0)
        code = ERR_SRC_TABLE_NOT_FOUND;
    if (code == ERR_OK &&
        (strcmp(class, "PARSE_SYNTAX_ERROR") == 0 || strncmp(class, "UNRESOLVED_", 11) == 0))
        code = ERR_SRC_SQL_INVALID;
    return code == ERR_OK ? ERR_SRC_UNCLASSIFIED : code;
}

void databricks_sql_map(const cJSON *status, const char *statement_id, struct err *err)
{
    const cJSON *error = base_json_get(status, "error");
    const char *remote = base_json_str_or(error, "error_code", "");
    const char *text = base_json_str_or(error, "message", "the statement failed without a reason");
    char class[96], state[8];
    char *line = one_line(text);

    read_class(text, class, sizeof class);
    read_sqlstate(status, text, state);
    base_err_set(err, sql_code(class, state, remote, text), "%s", line);
    free(line);
    set_text(err->remote_code, sizeof err->remote_code, *class ? class : remote);
    set_text(err->sqlstate, sizeof err->sqlstate, state);
    set_text(err->statement_id, sizeof err->statement_id, statement_id);
}
