#define _GNU_SOURCE
#include "net/gateway.h"

#include "base/alloc.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

enum err_code net_gateway_code(const char *text)
{
    static const struct {
        const char *words;
        enum err_code code;
    } table[] = {
        {"Databricks IP ACL", ERR_SRC_IP_BLOCKED},
        {"IP access list", ERR_SRC_IP_BLOCKED},
        {"Unauthorized network access", ERR_SRC_PRIVATE_LINK_ONLY},
        {"private-link-validation-error", ERR_SRC_PRIVATE_LINK_ONLY},
        {"PRIVATE_LINK_VALIDATION_ERROR", ERR_SRC_PRIVATE_LINK_ONLY},
        {"public access is not allowed", ERR_SRC_PRIVATE_LINK_ONLY},
        {"Unauthorized access to Org", ERR_SRC_SP_NOT_IN_WORKSPACE},
        {"not a member of this workspace", ERR_SRC_SP_NOT_IN_WORKSPACE},
        {"not assigned to this workspace", ERR_SRC_SP_NOT_IN_WORKSPACE},
        {"User is inactive", ERR_SRC_SP_DISABLED},
        {"User is deactivated", ERR_SRC_SP_DISABLED},
        {"User is disabled", ERR_SRC_SP_DISABLED},
        {"principal is inactive", ERR_SRC_SP_DISABLED},
        {"principal is disabled", ERR_SRC_SP_DISABLED},
    };

    for (size_t i = 0; i < base_countof(table); i++)
        if (strcasestr(text, table[i].words))
            return table[i].code;
    return ERR_OK;
}

/* The word after "IP address: ", if it is an address. */
static void read_address(const char *text, char out[48])
{
    const char *at = strcasestr(text, "address");
    unsigned char raw[16];
    size_t len;

    out[0] = '\0';
    at = at ? at + strcspn(at, " :") : "";
    at += strspn(at, " :");
    len = strspn(at, "0123456789abcdefABCDEF.:");
    while (len && (at[len - 1] == '.' || at[len - 1] == ':'))
        len--;
    if (len == 0 || len >= 48)
        return;
    memcpy(out, at, len);
    out[len] = '\0';
    if (inet_pton(AF_INET, out, raw) != 1 && inet_pton(AF_INET6, out, raw) != 1)
        out[0] = '\0';
}

/* The number of the workspace ("for workspace: 42", "to Org: 42"). */
static void read_workspace(const char *text, char out[32])
{
    static const char *const marks[] = {"workspace:", "workspace ", "Org:", "Org "};

    out[0] = '\0';
    for (size_t i = 0; i < base_countof(marks) && !*out; i++) {
        const char *at = strcasestr(text, marks[i]);
        size_t len;

        at = at ? at + strlen(marks[i]) : "";
        at += strspn(at, " ");
        len = strspn(at, "0123456789");
        if (len && len < 32)
            snprintf(out, 32, "%.*s", (int)len, at);
    }
}

void net_gateway_explain(struct err *err, const char *text)
{
    char address[48], workspace[32];

    if (err->code != ERR_SRC_IP_BLOCKED && err->code != ERR_SRC_PRIVATE_LINK_ONLY &&
        err->code != ERR_SRC_SP_NOT_IN_WORKSPACE && err->code != ERR_SRC_SP_DISABLED)
        return;
    read_address(text, address);
    read_workspace(text, workspace);
    if (err->code == ERR_SRC_IP_BLOCKED) {
        base_err_fact(err, "source_address", "%s", address);
        if (*address)
            base_err_hint(
                err, "Ask for %s to be added to the IP access list of workspace %s (IPv4 only).",
                address, *workspace ? workspace : "that refuses it");
    } else if (err->code == ERR_SRC_SP_NOT_IN_WORKSPACE && *workspace) {
        base_err_hint(err, "Ask an admin to add the service principal to workspace %s.", workspace);
    }
    base_err_fact(err, "workspace_id", "%s", workspace);
}
