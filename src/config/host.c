#include "config/host.h"

#include "base/alloc.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define HOST_MAX 253

struct parts {
    bool https, scheme_given;
    char host[HOST_MAX + 3]; /* lower case; IPv6 in brackets */
    long port;               /* 0: none */
    const char *query;       /* after '?', or NULL */
    const char *path;
};

static int wrong(struct err *err, const char *what)
{
    return base_err_set(err, ERR_SRC_HOST_WRONG, "workspace address: %s", what);
}

static bool ends_with(const char *text, const char *tail)
{
    size_t len = strlen(text), tail_len = strlen(tail);

    return len > tail_len && strcmp(text + len - tail_len, tail) == 0;
}

/* Trims blanks, quotes and angle brackets that come along when pasting from mails and shells. */
static char *trimmed(const char *pasted)
{
    size_t len;

    while (*pasted && (isspace((unsigned char)*pasted) || strchr("\"'<`", *pasted)))
        pasted++;
    len = strlen(pasted);
    while (len && (isspace((unsigned char)pasted[len - 1]) || strchr("\"'>`,;", pasted[len - 1])))
        len--;
    return base_strndup(pasted, len);
}

static int read_scheme(const char **text, struct parts *parts, struct err *err)
{
    const char *mark = strstr(*text, "://");

    parts->https = true;
    if (!mark || mark > *text + strcspn(*text, "/?#"))
        return 0;
    parts->scheme_given = true;
    if (strncasecmp(*text, "https:", 6) == 0)
        parts->https = true;
    else if (strncasecmp(*text, "http:", 5) == 0)
        parts->https = false;
    else
        return wrong(err, "only https addresses are known");
    *text = mark + 3;
    return 0;
}

static int read_port(const char *text, size_t len, struct parts *parts, struct err *err)
{
    if (len == 0)
        return 0;
    if (len > 5)
        return wrong(err, "the port is not a number");
    for (size_t i = 0; i < len; i++) {
        if (!isdigit((unsigned char)text[i]))
            return wrong(err, "the port is not a number");
        parts->port = parts->port * 10 + (text[i] - '0');
    }
    return parts->port >= 1 && parts->port <= 65535 ? 0 : wrong(err, "there is no such port");
}

static int check_labels(const char *host, struct err *err)
{
    size_t label = 0;

    for (const char *p = host;; p++) {
        if (*p == '.' || *p == '\0') {
            if (label == 0 || label > 63)
                return wrong(err, "the host name is not well formed");
            if (*p == '\0')
                return 0;
            label = 0;
        } else if (isalnum((unsigned char)*p) || *p == '-' || *p == '_') {
            label++;
        } else {
            return wrong(err, "the host name holds a character no host name has");
        }
    }
}

static int read_host(const char *text, size_t len, struct parts *parts, struct err *err)
{
    struct in6_addr v6;
    char bare[HOST_MAX + 3];

    if (len && text[len - 1] == '.')
        len--;
    if (len == 0 || len > HOST_MAX)
        return wrong(err, len ? "the host name is too long" : "there is no host name in it");
    memcpy(parts->host, text, len);
    parts->host[len] = '\0';
    base_text_lower(parts->host);
    if (parts->host[0] != '[')
        return check_labels(parts->host, err);
    memcpy(bare, parts->host + 1, len - 1);
    bare[len > 1 ? len - 2 : 0] = '\0';
    return parts->host[len - 1] == ']' && inet_pton(AF_INET6, bare, &v6) == 1
               ? 0
               : wrong(err, "the IPv6 address is not well formed");
}

static int split(const char *text, struct parts *parts, struct err *err)
{
    size_t len, host_len;
    const char *colon;

    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        if (*p <= 0x20 || *p == 0x7f || *p == '\\')
            return wrong(err, "it holds a space or a character no address has");
    if (read_scheme(&text, parts, err))
        return -1;
    len = strcspn(text, "/?#");
    parts->path = text + len;
    parts->query = strchr(text + len, '?');
    parts->query = parts->query ? parts->query + 1 : NULL;
    if (memchr(text, '@', len))
        return wrong(err, "it holds a user name; give the address alone");
    host_len = *text == '[' && memchr(text, ']', len)
                   ? (size_t)((const char *)memchr(text, ']', len) - text) + 1
                   : len;
    colon = memchr(text + (host_len == len ? 0 : host_len), ':',
                   len - (host_len == len ? 0 : host_len));
    if (*text != '[' && colon)
        host_len = (size_t)(colon - text);
    if (*text == '[' && host_len < len && text[host_len] != ':')
        return wrong(err, "something other than a port follows the host");
    if (host_len < len && read_port(text + host_len + 1, len - host_len - 1, parts, err))
        return -1;
    return read_host(text, host_len, parts, err);
}

/* digits (or, for accounts, letters, digits and dashes) of ?key=, from the query or from a
 * #fragment query. */
static char *query_value(const char *query, const char *key, const char *alphabet)
{
    size_t key_len = strlen(key);

    for (const char *p = query; p; p = strpbrk(p, "&#?") ? strpbrk(p, "&#?") + 1 : NULL) {
        if (strncmp(p, key, key_len) == 0 && p[key_len] == '=') {
            size_t len = strspn(p + key_len + 1, alphabet);

            return len ? base_strndup(p + key_len + 1, len) : NULL;
        }
    }
    return NULL;
}

static char *either_value(const char *query, const char *const keys[], const char *alphabet)
{
    char *value = NULL;

    for (; *keys && !value; keys++)
        value = query_value(query, *keys, alphabet);
    return value;
}

/* adb-<workspace id>.<n>.azuredatabricks.net */
static char *azure_id(const char *host)
{
    size_t len = strncmp(host, "adb-", 4) == 0 ? strspn(host + 4, "0123456789") : 0;

    return len && host[4 + len] == '.' ? base_strndup(host + 4, len) : NULL;
}

static enum config_cloud cloud_of(const char *host)
{
    if (ends_with(host, ".azuredatabricks.net") || ends_with(host, ".databricks.azure.us") ||
        ends_with(host, ".databricks.azure.cn"))
        return CONFIG_CLOUD_AZURE;
    return ends_with(host, ".gcp.databricks.com") ? CONFIG_CLOUD_GCP : CONFIG_CLOUD_AWS;
}

static bool loopback(const char *host)
{
    struct in_addr v4;

    if (strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0)
        return true;
    return inet_pton(AF_INET, host, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127;
}

static bool digits_only(const char *host)
{
    return strspn(host, "0123456789.") == strlen(host);
}

/* Hosts that are Databricks', but no workspace. */
static int check_kind(const char *host, struct err *err)
{
    static const char *const sites[] = {"databricks.com",
                                        "www.databricks.com",
                                        "docs.databricks.com",
                                        "login.databricks.com",
                                        "community.cloud.databricks.com",
                                        "portal.azure.com",
                                        "azuredatabricks.net",
                                        "cloud.databricks.com",
                                        "gcp.databricks.com",
                                        "signup.databricks.com"};
    struct in_addr v4;

    if (strncmp(host, "accounts.", 9) == 0 || strncmp(host, "accounts-dod.", 13) == 0) {
        base_err_set(err, ERR_SRC_TOKEN_ENDPOINT_WRONG,
                     "workspace address: \"%s\" is the account console", host);
        base_err_hint(err, "Open the workspace from the account console and copy the address of "
                           "its page.");
        return -1;
    }
    for (size_t i = 0; i < base_countof(sites); i++)
        if (strcmp(host, sites[i]) == 0)
            return wrong(err, "this is a site of Databricks, but no workspace");
    if (digits_only(host) && inet_pton(AF_INET, host, &v4) != 1)
        return wrong(err, "the number is no IPv4 address");
    if (!strchr(host, '.') && host[0] != '[' && !loopback(host))
        return wrong(err, "a full host name is needed, like <name>.cloud.databricks.com");
    return 0;
}

int config_host_parse(const char *pasted, struct config_host *out, struct err *err)
{
    static const char digits[] = "0123456789";
    static const char account[] = "0123456789abcdefABCDEF-";
    static const char *const workspace_keys[] = {"o", "workspace_id", "w", NULL};
    static const char *const account_keys[] = {"a", "account_id", NULL};
    struct parts parts = {0};
    char *text = trimmed(pasted);
    bool local;
    int result = -1;

    *out = (struct config_host){0};
    if (!*text) {
        wrong(err, "nothing was given");
        goto end;
    }
    if (split(text, &parts, err) || check_kind(parts.host, err))
        goto end;
    local = loopback(parts.host);
    /* What is pasted with http:// from anywhere else is meant as https: browsers hide the
     * difference. */
    if (!local)
        parts.https = true;
    if (parts.port == (parts.https ? 443 : 80))
        parts.port = 0;
    if (!local && parts.port == 80)
        parts.port = 0;
    out->origin = parts.port ? base_printf("%s://%s:%ld", parts.https ? "https" : "http",
                                           parts.host, parts.port)
                             : base_printf("%s://%s", parts.https ? "https" : "http", parts.host);
    out->cloud = local ? CONFIG_CLOUD_LOCAL : cloud_of(parts.host);
    out->workspace_id = either_value(parts.query, workspace_keys, digits);
    if (!out->workspace_id)
        out->workspace_id = azure_id(parts.host);
    out->account_id = either_value(parts.query, account_keys, account);
    result = 0;
end:
    free(text);
    return result;
}

void config_host_free(struct config_host *host)
{
    free(host->origin);
    free(host->workspace_id);
    free(host->account_id);
    *host = (struct config_host){0};
}
