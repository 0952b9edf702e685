#include "watch/audit.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/seam.h"
#include "base/text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define HOUR_US (INT64_C(3600) * 1000000)
#define DAY_US (24 * HOUR_US)
#define FIRST_LOOK_US (7 * DAY_US) /* how far back the first reading goes */
#define OVERLAP_US (6 * HOUR_US)   /* rows come late and out of order */
#define ID_MAX 200

/* Ids are UUIDs, users e-mail addresses; nothing that could end the literal they stand in. */
static bool id_good(const char *id)
{
    size_t len = strlen(id);
    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)id[i]) && !strchr("-_.@+", id[i]))
            return false;
    return len > 0 && len <= ID_MAX;
}

char *watch_audit_sql(const char *application_id, int64_t since_us, struct err *err)
{
    char since[32], date[11];
    struct buf sql;
    if (!id_good(application_id)) {
        base_err_set(err, ERR_CONFIG_INVALID, "'%s' is no application id", application_id);
        return NULL;
    }
    base_time_format(since_us - since_us % 1000000, since);
    snprintf(date, sizeof date, "%.10s", since);
    base_buf_init(&sql, 1 << 16);
    base_buf_printf(
        &sql,
        "SELECT unix_micros(r.reach) AS reach, unix_micros(a.event_time) AS event_us, a.event_id, "
        "a.service_name, a.action_name, coalesce(a.request_params['full_name_arg'], "
        "a.request_params['table_full_name'], a.request_params['securable_full_name'], "
        "a.request_params['name_arg'], a.request_params['catalog_name'] || '.' || "
        "a.request_params['schema_name'], a.request_params['catalog_name']) AS object, "
        "left(a.request_params['commandText'], 300) AS statement, a.source_ip_address, "
        "a.user_agent, a.request_id, a.response.status_code AS status, "
        "left(a.response.error_message, 500) AS message "
        "FROM (SELECT max(event_time) AS reach FROM system.access.audit "
        "WHERE event_date >= DATE'%s') AS r "
        "LEFT JOIN system.access.audit AS a ON a.event_date >= DATE'%s' "
        "AND a.event_time > TIMESTAMP'%s' "
        "AND a.service_name IN ('unityCatalog', 'accounts', 'servicePrincipalCredentials', "
        "'databrickssql', 'jobs') "
        "AND (coalesce(a.user_identity.email, a.user_identity.subject_name) = '%s' "
        "OR a.identity_metadata.run_by = '%s') "
        "ORDER BY event_us DESC LIMIT %d",
        date, date, since, application_id, application_id, WATCH_AUDIT_ROWS);
    return base_buf_take(&sql, NULL);
}

static bool contains(const char *text, const char *part)
{
    size_t len = strlen(part);
    for (; *text; text++) {
        size_t i = 0;
        while (i < len && tolower((unsigned char)text[i]) == part[i])
            i++;
        if (i == len)
            return true;
    }
    return false;
}

const char *watch_audit_by(const char *agent)
{
    if (agent && strncmp(agent, "aampe-console/", 14) == 0)
        return "engine";
    return agent && contains(agent, "aampe") ? "aampe" : "other";
}

const char *watch_audit_verdict(int64_t status, bool new_address)
{
    if (status == 401 || status == 403)
        return "denied!";
    if (new_address)
        return "new IP!";
    return status >= 400 ? "failed" : "ok";
}

bool watch_audit_new_address(int64_t time_us, int64_t first_us, int64_t began_us)
{
    return first_us - began_us >= DAY_US && time_us - first_us < DAY_US;
}

/* Length of the word when it stands at the beginning of text, in any case, with space behind it. */
static size_t word_at(const char *text, const char *word)
{
    size_t len = strlen(word);
    for (size_t i = 0; i < len; i++)
        if (tolower((unsigned char)text[i]) != word[i])
            return 0;
    return isspace((unsigned char)text[len]) ? len : 0;
}

/* The name behind FROM, or behind DESCRIBE HISTORY and the like, without its backticks. */
static char *first_table(const char *sql)
{
    static const char *const words[] = {"from", "history", "detail"};
    const char *at = sql;
    struct buf name;
    for (bool found = false; *at && !found; at += !found) {
        size_t len = 0;
        for (size_t i = 0; i < base_countof(words) && !len; i++)
            if (at == sql || isspace((unsigned char)at[-1]))
                len = word_at(at, words[i]);
        while (len && isspace((unsigned char)at[len]))
            len++;
        found = len && at[len] != '(';
        at += found ? len : 0;
    }
    base_buf_init(&name, 4096);
    for (bool quoted = false;
         *at && (quoted || !(isspace((unsigned char)*at) || strchr(",;()", *at))); at++) {
        if (*at == '`')
            quoted = !quoted;
        else if (base_buf_byte(&name, (uint8_t)*at) != 0)
            break;
    }
    if (name.len)
        return base_buf_take(&name, NULL);
    base_buf_free(&name);
    return NULL;
}

char *watch_audit_object(const char *object, const char *statement)
{
    if (object && *object)
        return base_strdup(object);
    return statement && *statement ? first_table(statement) : NULL;
}

int64_t watch_audit_since(int64_t reach_us, int64_t now_us)
{
    int64_t first = now_us - FIRST_LOOK_US;
    return reach_us - OVERLAP_US > first ? reach_us - OVERLAP_US : first;
}
