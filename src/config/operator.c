/* Which credential the admin uses: explicit > environment > profile file, as the official SDKs
 * decide it. */
#include "config/databrickscfg.h"

#include "base/alloc.h"
#include "base/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX ((size_t)4 << 20)

enum group { GROUP_NONE, GROUP_PAT, GROUP_OAUTH, GROUP_BASIC, GROUP_AZURE, GROUP_GOOGLE };
enum attribute {
    A_HOST,
    A_TOKEN,
    A_CLIENT_ID,
    A_CLIENT_SECRET,
    A_USERNAME,
    A_PASSWORD,
    A_AZURE_TENANT,
    A_AZURE_CLIENT,
    A_AZURE_SECRET,
    A_AZURE_MSI,
    A_AZURE_RESOURCE,
    A_GOOGLE_ACCOUNT,
    A_GOOGLE_CREDENTIALS,
    A_WAREHOUSE,
    A_AUTH_TYPE,
    A_COUNT
};

static const struct {
    const char *key, *variable;
    enum group group;
} attributes[A_COUNT] = {
    [A_HOST] = {"host", "DATABRICKS_HOST", GROUP_NONE},
    [A_TOKEN] = {"token", "DATABRICKS_TOKEN", GROUP_PAT},
    [A_CLIENT_ID] = {"client_id", "DATABRICKS_CLIENT_ID", GROUP_OAUTH},
    [A_CLIENT_SECRET] = {"client_secret", "DATABRICKS_CLIENT_SECRET", GROUP_OAUTH},
    [A_USERNAME] = {"username", "DATABRICKS_USERNAME", GROUP_BASIC},
    [A_PASSWORD] = {"password", "DATABRICKS_PASSWORD", GROUP_BASIC},
    [A_AZURE_TENANT] = {"azure_tenant_id", "ARM_TENANT_ID", GROUP_AZURE},
    [A_AZURE_CLIENT] = {"azure_client_id", "ARM_CLIENT_ID", GROUP_AZURE},
    [A_AZURE_SECRET] = {"azure_client_secret", "ARM_CLIENT_SECRET", GROUP_AZURE},
    [A_AZURE_MSI] = {"azure_use_msi", "ARM_USE_MSI", GROUP_AZURE},
    [A_AZURE_RESOURCE] = {"azure_workspace_resource_id", "DATABRICKS_AZURE_RESOURCE_ID",
                          GROUP_AZURE},
    [A_GOOGLE_ACCOUNT] = {"google_service_account", "DATABRICKS_GOOGLE_SERVICE_ACCOUNT",
                          GROUP_GOOGLE},
    [A_GOOGLE_CREDENTIALS] = {"google_credentials", "GOOGLE_CREDENTIALS", GROUP_GOOGLE},
    [A_WAREHOUSE] = {"warehouse_id", "DATABRICKS_WAREHOUSE_ID", GROUP_NONE},
    [A_AUTH_TYPE] = {"auth_type", "DATABRICKS_AUTH_TYPE", GROUP_NONE},
};

static const char *const auth_names[] = {"none", "pat", "oauth-m2m", "azure-client-secret"};

struct finding {
    const char *(*lookup)(void *user, const char *name);
    void *user;
    char *values[A_COUNT];
    struct config_ini *ini;
    char *path, *profile;
    bool from_file;
};

void config_operator_free(struct config_operator *op)
{
    free(op->host);
    free(op->client_id);
    free(op->tenant_id);
    free(op->warehouse_id);
    base_secret_free(&op->secret);
    free(op->profile);
    free(op->source);
    *op = (struct config_operator){0};
}

static const char *variable(const struct finding *finding, const char *name)
{
    const char *value = finding->lookup(finding->user, name);

    return value && *value ? value : NULL;
}

static void clear(struct finding *finding)
{
    for (int i = 0; i < A_COUNT; i++) {
        if (finding->values[i])
            base_secret_wipe(finding->values[i], strlen(finding->values[i]));
        free(finding->values[i]);
    }
    config_ini_free(&finding->ini);
    free(finding->path);
    free(finding->profile);
}

static void find_path(struct finding *finding)
{
    const char *given = variable(finding, "DATABRICKS_CONFIG_FILE");
    const char *home = variable(finding, "HOME");

    if (given && strncmp(given, "~/", 2) == 0 && home)
        finding->path = base_file_join(home, given + 2);
    else if (given)
        finding->path = base_strdup(given);
    else if (home)
        finding->path = base_file_join(home, ".databrickscfg");
}

/* 1: read, 0: there is none, -1. */
static int read_file(struct finding *finding, struct err *err)
{
    struct err why = ERR_INIT;
    struct buf text;
    int result;

    find_path(finding);
    if (!finding->path)
        return 0;
    base_buf_init(&text, FILE_MAX);
    result = base_file_read(finding->path, FILE_MAX, &text, &why);
    if (result == 0) {
        finding->ini = config_ini_parse(text.len ? text.data : "", text.len, err);
        if (!finding->ini)
            base_err_context(err, "%s", finding->path);
    }
    if (text.len)
        base_secret_wipe(text.data, text.len);
    base_buf_free(&text);
    if (result && why.sys_errno == ENOENT)
        return 0;
    if (result && err)
        *err = why;
    return result || !finding->ini ? -1 : 1;
}

static int choose_profile(struct finding *finding, const char *named, struct err *err)
{
    const char *chosen = named;

    if (!chosen)
        chosen = config_ini_get(finding->ini, "__settings__", "default_profile");
    if (!chosen || !*chosen)
        chosen = "DEFAULT";
    if (strcmp(chosen, "__settings__") == 0)
        return base_err_set(err, ERR_CONFIG_INVALID,
                            "profile \"__settings__\" is reserved and cannot be used");
    if (!config_ini_has(finding->ini, chosen)) {
        if (!named && strcmp(chosen, "DEFAULT") == 0)
            return 0;
        return base_err_set(err, ERR_CONFIG_INVALID, "%s has no profile \"%s\"", finding->path,
                            chosen);
    }
    finding->profile = base_strdup(chosen);
    return 0;
}

static void fill_from_profile(struct finding *finding)
{
    for (int i = 0; i < A_COUNT && finding->profile; i++) {
        const char *value = config_ini_get(finding->ini, finding->profile, attributes[i].key);

        if (finding->values[i] || !value || !*value)
            continue;
        finding->values[i] = base_strdup(value);
        finding->from_file = true;
    }
}

static int load(struct finding *finding, const char *profile, struct err *err)
{
    const char *named = profile ? profile : variable(finding, "DATABRICKS_CONFIG_PROFILE");
    bool given = false;
    int found;

    for (int i = 0; i < A_COUNT; i++) {
        finding->values[i] = base_strdup(variable(finding, attributes[i].variable));
        if (finding->values[i] && (attributes[i].group != GROUP_NONE || i == A_HOST))
            given = true;
    }
    if (!named && given)
        return 0; /* the environment says enough: the file is not looked at */
    found = read_file(finding, err);
    if (found < 0)
        return -1;
    if (found == 0)
        return named ? base_err_set(err, ERR_CONFIG_INVALID,
                                    "there is no file \"%s\" with the profile \"%s\"",
                                    finding->path ? finding->path : "~/.databrickscfg", named)
                     : 0;
    if (choose_profile(finding, named, err))
        return -1;
    fill_from_profile(finding);
    return 0;
}

static int check_groups(const struct finding *finding, struct err *err)
{
    static const char *const names[] = {"", "pat", "oauth", "basic", "azure", "google"};
    enum group first = GROUP_NONE;

    if (finding->values[A_AUTH_TYPE])
        return 0;
    for (int i = 0; i < A_COUNT; i++) {
        enum group group = attributes[i].group;

        if (!finding->values[i] || group == GROUP_NONE || i == A_AZURE_RESOURCE)
            continue;
        if (first != GROUP_NONE && group != first)
            return base_err_set(err, ERR_CONFIG_INVALID,
                                "more than one authorization method is configured: %s and %s",
                                names[first], names[group]);
        first = group;
    }
    return 0;
}

static int choose_auth(const struct finding *finding, enum config_auth *auth, struct err *err)
{
    char *const *v = finding->values;
    const char *wanted = v[A_AUTH_TYPE];
    bool usable[] = {false, v[A_TOKEN] != NULL, v[A_CLIENT_ID] && v[A_CLIENT_SECRET],
                     v[A_AZURE_TENANT] && v[A_AZURE_CLIENT] && v[A_AZURE_SECRET]};

    *auth = CONFIG_AUTH_NONE;
    for (int i = CONFIG_AUTH_PAT; i <= CONFIG_AUTH_AZURE_SECRET; i++) {
        if (wanted && strcmp(wanted, auth_names[i]) != 0)
            continue;
        if (usable[i] && *auth == CONFIG_AUTH_NONE)
            *auth = (enum config_auth)i;
        if (wanted && !usable[i])
            return base_err_set(err, ERR_CONFIG_INVALID,
                                "auth_type is \"%s\", but its credentials are not complete",
                                wanted);
    }
    if (wanted && *auth == CONFIG_AUTH_NONE)
        return base_err_set(err, ERR_CONFIG_INVALID,
                            "auth_type \"%.40s\" is not one this program can use: pat, oauth-m2m "
                            "or azure-client-secret",
                            wanted);
    if (*auth == CONFIG_AUTH_NONE && (v[A_USERNAME] || v[A_PASSWORD]))
        return base_err_set(err, ERR_CONFIG_INVALID,
                            "user name and password are no longer taken by workspaces");
    return 0;
}

static void hand_over(struct finding *finding, struct config_operator *out)
{
    static const enum attribute secrets[] = {A_HOST, A_TOKEN, A_CLIENT_SECRET, A_AZURE_SECRET};
    static const enum attribute ids[] = {A_HOST, A_HOST, A_CLIENT_ID, A_AZURE_CLIENT};
    char *const *v = finding->values;

    out->host = base_strdup(v[A_HOST]);
    out->warehouse_id = base_strdup(v[A_WAREHOUSE]);
    out->profile = base_strdup(finding->profile);
    if (out->auth != CONFIG_AUTH_NONE)
        out->secret = base_secret_new(v[secrets[out->auth]], strlen(v[secrets[out->auth]]));
    if (out->auth > CONFIG_AUTH_PAT)
        out->client_id = base_strdup(v[ids[out->auth]]);
    if (out->auth == CONFIG_AUTH_AZURE_SECRET)
        out->tenant_id = base_strdup(v[A_AZURE_TENANT]);
    out->source = finding->from_file
                      ? base_printf("profile %s of %s", finding->profile, finding->path)
                      : base_strdup("environment");
}

int config_operator_find(const char *profile, const char *(*lookup)(void *user, const char *name),
                         void *user, struct config_operator *out, struct err *err)
{
    struct finding finding = {.lookup = lookup, .user = user};
    int result;

    *out = (struct config_operator){0};
    result = load(&finding, profile, err);
    if (!result)
        result = check_groups(&finding, err);
    if (!result)
        result = choose_auth(&finding, &out->auth, err);
    if (!result)
        hand_over(&finding, out);
    clear(&finding);
    return result;
}
