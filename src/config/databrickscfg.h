/* ~/.databrickscfg and DATABRICKS_* by the rules of the official SDKs (databricks-api.md 10), and a
 * byte-exact edit of one section. Read by the console as the admin's uid; secrets leave only as
 * struct secret. */
#ifndef AAMPE_CONFIG_DATABRICKSCFG_H
#define AAMPE_CONFIG_DATABRICKSCFG_H

#include "base/buf.h"
#include "base/err.h"
#include "base/secret.h"

#include <stdbool.h>
#include <stddef.h>

struct config_ini; /* the parsed file */
/* CONFIG_INVALID names the first line that is neither a section, a comment nor key = value. */
struct config_ini *config_ini_parse(const char *text, size_t len, struct err *err);
void config_ini_free(struct config_ini **ini); /* wipes */
size_t config_ini_section_count(const struct config_ini *ini);
bool config_ini_has(const struct config_ini *ini, const char *section);
/* Borrowed; NULL when absent. Nothing is inherited from DEFAULT, as in
 * the Go SDK. */
const char *config_ini_get(const struct config_ini *ini, const char *section, const char *key);

struct config_ini_value {
    const char *key, *value; /* value NULL removes the key */
};
/* The file with one section changed (added at the end when new) and every other byte as it was. */
int config_ini_edit(const char *text, size_t len, const char *section,
                    const struct config_ini_value *values, size_t count, struct buf *out,
                    struct err *err) must_check;
/* The same on disk: atomically, mode 0600, made when absent. */
int config_ini_edit_file(const char *path, const char *section,
                         const struct config_ini_value *values, size_t count,
                         struct err *err) must_check;

/* An operator's credential after precedence explicit > environment > file. */
enum config_auth {
    CONFIG_AUTH_NONE,
    CONFIG_AUTH_PAT,
    CONFIG_AUTH_OAUTH_M2M,
    CONFIG_AUTH_AZURE_SECRET
};
struct config_operator {
    enum config_auth auth;
    char *host;      /* as found, not normalised; NULL */
    char *client_id; /* or Azure client id */
    char *tenant_id; /* Azure */
    char *warehouse_id;
    struct secret *secret; /* token, client secret or Azure client secret */
    char *profile;         /* section used; NULL: none */
    char *source; /* "environment", "profile DEFAULT of /home/x/.databrickscfg": for people, no
                     secret */
};
void config_operator_free(struct config_operator *op);

/* The environment is passed in so that tests own it; lookup is getenv in the product. profile NULL
 * = by the rules. Conflicting auth groups, a missing named profile, an auth_type we cannot serve:
 * CONFIG_INVALID. Nothing found is CONFIG_AUTH_NONE without an error. */
int config_operator_find(const char *profile, const char *(*lookup)(void *user, const char *name),
                         void *user, struct config_operator *out, struct err *err) must_check;

#endif
