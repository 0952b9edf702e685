/* aampe-sandbox: a whole Databricks workspace on loopback. */
#include "sandbox/auth.h"
#include "sandbox/command.h"
#include "sandbox/control.h"
#include "sandbox/data.h"
#include "sandbox/fault.h"
#include "sandbox/http.h"
#include "sandbox/information_schema.h"
#include "sandbox/kept.h"
#include "sandbox/oauth_secret.h"
#include "sandbox/server.h"
#include "sandbox/system.h"
#include "sandbox/tls.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/secret.h"
#include "config.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define ADMIN "admin@sandbox.example"
#define SECRET_SECONDS 63072000 /* 730 days, what the service gives when nothing is said */

struct options {
    const char *listen, *world, *state;
    const char *public; /* scheme, host and port it is known by, when something stands in front */
    int64_t rows;
    bool tls, die_with_parent, help, version;
    vec_of(const char *) settings; /* NAME=VALUE */
};

/* What the first line tells, as far as it is made on the way. */
struct ready {
    cJSON *json;
    struct sandbox_http *http;
    struct sandbox_control *control;
    bool own_state; /* the folder is ours to remove */
};

static void help(void)
{
    puts("usage: aampe-sandbox [--listen 127.0.0.1:0] [--world shop|bench|types|hostile|big] "
         "[--rows N] "
         "[--state DIR]\n"
         "                     [--tls] [--public URL] [--die-with-parent] [--set NAME=VALUE]...\n"
         "       aampe-sandbox COMMAND ... --state DIR\n"
         "\n"
         "Prints one JSON line with its address and credentials when it is ready, then serves "
         "until SIGTERM.");
    sandbox_command_help();
}

static bool options_read(struct options *options, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        char *end;

        if (strcmp(argv[i], "--tls") == 0) {
            options->tls = true;
        } else if (strcmp(argv[i], "--die-with-parent") == 0) {
            options->die_with_parent = true;
        } else if (strcmp(argv[i], "--help") == 0) {
            options->help = true;
        } else if (strcmp(argv[i], "--version") == 0) {
            options->version = true;
        } else if (!value) {
            return false;
        } else if (strcmp(argv[i], "--listen") == 0) {
            options->listen = argv[++i];
        } else if (strcmp(argv[i], "--public") == 0) {
            options->public = argv[++i];
        } else if (strcmp(argv[i], "--world") == 0) {
            options->world = argv[++i];
        } else if (strcmp(argv[i], "--state") == 0) {
            options->state = argv[++i];
        } else if (strcmp(argv[i], "--set") == 0) {
            vec_push(&options->settings, argv[++i]);
        } else if (strcmp(argv[i], "--rows") == 0) {
            options->rows = strtoll(argv[++i], &end, 10);
            if (end == argv[i] || *end || options->rows < 0)
                return false;
        } else {
            return false;
        }
    }
    return true;
}

static int settings_apply(struct sandbox_server *server, const struct options *options,
                          struct err *err)
{
    for (size_t i = 0; i < options->settings.count; i++) {
        const char *equals = strchr(options->settings.items[i], '=');
        char *name, *end = NULL;
        int64_t value = equals ? strtoll(equals + 1, &end, 10) : 0;
        int result;

        if (!equals || end == equals + 1 || *end)
            return base_err_set(err, ERR_USAGE, "'%s' is not NAME=VALUE",
                                options->settings.items[i]);
        name =
            base_strndup(options->settings.items[i], (size_t)(equals - options->settings.items[i]));
        result = sandbox_server_set(server, name, value, err);
        free(name);
        if (result != 0)
            return -1;
    }
    return 0;
}

static int state_make(struct sandbox_server *server, const struct options *options,
                      struct ready *ready, struct err *err)
{
    const char *tmp = getenv("TMPDIR");

    if (options->state) {
        char *full;

        if (base_file_mkdir_all(options->state, 0700, err) != 0)
            return -1;
        full = realpath(options->state, NULL);
        server->state_folder = base_strdup(full ? full : options->state);
        free(full);
        return 0;
    }
    server->state_folder = base_printf("%s/aampe-sandbox-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (!mkdtemp(server->state_folder))
        return base_err_errno(err, errno, "cannot make a state folder '%s'", server->state_folder);
    ready->own_state = true;
    return 0;
}

/* A service principal with a secret; its ids and secret go into the first line under the given
 * keys. The ids are kept, the secret is another one each time. */
static char *service_principal(struct sandbox_server *server, struct sandbox_kept *kept,
                               const char *display, const char *const keys[3], cJSON *json)
{
    struct sandbox_principal *principal;
    char fresh[37];
    const char *id;
    char *secret;

    base_seam_uuid(server->seam, fresh);
    id = sandbox_kept_id(kept, keys[0], fresh);
    principal =
        sandbox_workspace_principal(server->workspace, SANDBOX_SERVICE_PRINCIPAL, id, display);
    sandbox_kept_put(kept, keys[2], &principal->scim_id);
    secret = sandbox_secrets_add(server, id, SECRET_SECONDS, NULL, NULL);
    base_json_add_str(json, keys[0], id);
    base_json_add_str(json, keys[1], secret);
    base_json_add_str(json, keys[2], principal->scim_id);
    free(secret);
    return base_strdup(id);
}

static struct sandbox_warehouse *warehouse_make(struct sandbox_server *server,
                                                struct sandbox_kept *kept, const char *name,
                                                const char *state, const char *key, cJSON *json)
{
    struct sandbox_warehouse *warehouse;
    unsigned char random[8];
    char fresh[17];
    const char *id;

    base_seam_random(server->seam, random, sizeof random);
    base_hex(random, sizeof random, fresh);
    id = sandbox_kept_id(kept, key, fresh);
    warehouse = sandbox_workspace_warehouse(server->workspace, id, name);
    free(warehouse->state);
    warehouse->state = base_strdup(state);
    warehouse->start_delay_us =
        sandbox_server_setting(server, SANDBOX_COLD_START_SECONDS) * 1000000;
    base_json_add_str(json, key, id);
    return warehouse;
}

static void ids_keep(struct sandbox_server *server, struct sandbox_kept *kept)
{
    struct sandbox_identity *identity = sandbox_workspace_identity(server->workspace);
    struct sandbox_securable *metastore = sandbox_workspace_metastore(server->workspace);

    sandbox_kept_put(kept, "account_id", &identity->account_id);
    sandbox_kept_put(kept, "workspace_id", &identity->workspace_id);
    sandbox_kept_put(kept, "metastore_id", &metastore->id);
    sandbox_kept_put(kept, "metastore_id", &metastore->full_name);
}

static void people_make(struct sandbox_server *server, struct sandbox_kept *kept, cJSON *json)
{
    static const char *const reader_keys[] = {"client_id", "client_secret", "principal_id"};
    static const char *const observer_keys[] = {"observer_client_id", "observer_client_secret",
                                                "observer_principal_id"};
    struct sandbox_workspace *workspace = server->workspace;
    struct sandbox_principal *admin =
        sandbox_workspace_principal(workspace, SANDBOX_USER, ADMIN, "Workspace Admin");
    struct sandbox_warehouse *warehouse;
    char *observer, *token;

    admin->workspace_admin = true;
    admin->metastore_admin = true;
    admin->account_admin = true;
    sandbox_workspace_metastore(workspace)->owner = base_strdup(ADMIN);
    sandbox_workspace_group_add(workspace, "admins", ADMIN);
    sandbox_workspace_find_principal(workspace, "admins")->entitlements =
        SANDBOX_WORKSPACE_ACCESS | SANDBOX_SQL_ACCESS | SANDBOX_CLUSTER_CREATE;
    sandbox_workspace_principal(workspace, SANDBOX_GROUP, "users", "users");
    token = sandbox_tokens_pat(server, ADMIN);
    base_json_add_str(json, "admin_user", ADMIN);
    base_json_add_str(json, "admin_token", token);
    free(token);
    server->principal = service_principal(server, kept, "aampe-reader", reader_keys, json);
    base_json_add_str(json, "application_id", server->principal);
    observer = service_principal(server, kept, "aampe-observer", observer_keys, json);
    warehouse = warehouse_make(server, kept, "Serverless Starter Warehouse", "RUNNING",
                               "warehouse_id", json);
    free(sandbox_warehouse_access_set(warehouse, server->principal, "CAN_USE"));
    free(sandbox_warehouse_access_set(warehouse, observer, "CAN_USE"));
    free(observer);
    warehouse =
        warehouse_make(server, kept, "Finance (stopped)", "STOPPED", "warehouse_stopped_id", json);
    free(sandbox_warehouse_access_set(warehouse, server->principal, "CAN_USE"));
    vec_push(&warehouse->may_not_start, base_strdup(server->principal));
}

/* The observer sees metadata and grants of all catalogs, the audit log, the secrets' ends, and no
 * rows. */
static void observer_grants(struct sandbox_server *server, const char *observer)
{
    static const char *const privileges[] = {"BROWSE", "USE_CATALOG", "USE_SCHEMA", "MANAGE"};
    struct sandbox_securable *metastore = sandbox_workspace_metastore(server->workspace);

    for (size_t i = 0; i < metastore->children.count; i++) {
        for (size_t k = 0; k < base_countof(privileges); k++)
            sandbox_workspace_grant(server->workspace, metastore->children.items[i], observer,
                                    privileges[k]);
    }
    sandbox_workspace_grant(server->workspace,
                            sandbox_workspace_find(server->workspace, 'S', "system.access"),
                            observer, "SELECT");
    vec_push(&sandbox_workspace_find_principal(server->workspace, server->principal)->managers,
             base_strdup(observer));
}

static int world_make(struct sandbox_server *server, const struct options *options, cJSON *json,
                      struct err *err)
{
    struct sandbox_securable *metastore = sandbox_workspace_metastore(server->workspace);
    struct sandbox_identity *identity = sandbox_workspace_identity(server->workspace);
    cJSON *fault = NULL;
    int64_t id;
    int result = 0;

    if (sandbox_world_load(server->workspace, options->world, options->rows, server->principal,
                           server->state_folder, err) != 0)
        return -1;
    if (metastore->children.count) {
        free(identity->default_catalog);
        identity->default_catalog = base_strdup(metastore->children.items[0]->name);
    }
    server->system = sandbox_system_new(server);
    sandbox_information_add(server->workspace);
    observer_grants(server, base_json_str(json, "observer_client_id"));
    /* One listing always has a page without items: clients must go by the token alone. */
    if (sandbox_workspace_find(server->workspace, 'S', "shop.web")) {
        fault = base_json_object();
        base_json_add_str(fault, "schema", "shop.web");
        result = sandbox_fault_add(server, "empty_page", fault, &id, err);
        cJSON_Delete(fault);
    }
    return result;
}

static int listen_start(struct sandbox_server *server, const struct options *options,
                        struct ready *ready, struct err *err)
{
    char *ca = NULL, *certificate = NULL, *key = NULL, *path = NULL, *host;
    int port = 0;

    if (options->tls) {
        path = base_file_join(server->state_folder, "ca.pem");
        if (sandbox_tls_make(base_seam_now_us(server->seam), &ca, &certificate, &key, err) != 0 ||
            base_file_write_atomic(path, ca, strlen(ca), 0644, err) != 0)
            goto out;
    }
    ready->http = sandbox_http_new(server, options->listen, certificate, key, &port, err);
    if (!ready->http)
        goto out;
    host = base_strndup(options->listen, (size_t)(strrchr(options->listen, ':') - options->listen));
    base_json_add_str(ready->json, "address", server->address);
    base_json_add_str(ready->json, "host", host);
    base_json_add_i64(ready->json, "port", port);
    base_json_add_str(ready->json, "ca_file", path);
    if (options->public) {
        free(server->address);
        server->address = base_strdup(options->public);
    }
    free(host);
out:
    if (key)
        base_secret_wipe(key, strlen(key));
    free(ca);
    free(certificate);
    free(key);
    free(path);
    return ready->http ? 0 : -1;
}

static int start(struct sandbox_server *server, const struct options *options, struct ready *ready,
                 struct err *err)
{
    const struct sandbox_identity *identity = sandbox_workspace_identity(server->workspace);
    struct sandbox_kept *kept;
    char *line;

    if (settings_apply(server, options, err) != 0 || state_make(server, options, ready, err) != 0 ||
        !(kept = sandbox_kept_open(server->state_folder, err)))
        return -1;
    ids_keep(server, kept);
    people_make(server, kept, ready->json);
    if (sandbox_kept_close(&kept, err) != 0 || world_make(server, options, ready->json, err) != 0 ||
        listen_start(server, options, ready, err) != 0)
        return -1;
    base_json_add_str(ready->json, "account_id", identity->account_id);
    base_json_add_str(ready->json, "workspace_id", identity->workspace_id);
    base_json_add_str(ready->json, "metastore_id",
                      sandbox_workspace_metastore(server->workspace)->id);
    base_json_add_str(ready->json, "world", options->world);
    base_json_add_i64(ready->json, "rows", options->rows);
    base_json_add_str(ready->json, "state", server->state_folder);
    base_json_add_i64(ready->json, "pid", getpid());
    sandbox_server_settings_json(server, base_json_add_object(ready->json, "settings"));
    line = base_json_print(ready->json);
    ready->control = sandbox_control_new(server, line, err);
    if (ready->control) {
        puts(line);
        fflush(stdout);
    }
    free(line);
    return ready->control ? 0 : -1;
}

static int serve(const struct options *options)
{
    struct base_seam *seam = base_seam_new();
    struct sandbox_server *server = sandbox_server_new(seam);
    struct ready ready = {.json = base_json_object()};
    struct err err = ERR_INIT;
    sigset_t signals;
    int code = 0, signal;

    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    if (start(server, options, &ready, &err) != 0) {
        fprintf(stderr, "aampe-sandbox: %s\n", err.message);
        code = err.code == ERR_USAGE ? 2 : 1;
    } else {
        sigwait(&signals, &signal);
    }
    atomic_store(&server->stopping, true);
    sandbox_control_free(&ready.control);
    sandbox_http_free(&ready.http);
    if (ready.own_state && base_file_remove_tree(server->state_folder, &err) != 0)
        fprintf(stderr, "aampe-sandbox: %s\n", err.message);
    sandbox_server_free(&server);
    cJSON_Delete(ready.json);
    base_seam_free(&seam);
    return code;
}

/* Every chunk passes through a few buffers of some 20 MB. From fresh mappings their page faults
 * cost more than the rows in them, so freed memory is kept in one heap and used again. */
static void memory_keep(void)
{
    mallopt(M_ARENA_MAX, 1);
    mallopt(M_MMAP_MAX, 0);
    mallopt(M_TRIM_THRESHOLD, 512 << 20);
    mallopt(M_TOP_PAD, 4 << 20);
}

int main(int argc, char **argv)
{
    struct options options = {.listen = "127.0.0.1:0", .world = "shop"};
    pid_t parent = getppid();
    int code;

    if (argc > 1 && sandbox_command_known(argv[1]))
        return sandbox_command_main(argc - 1, argv + 1);
    if (!options_read(&options, argc, argv)) {
        fputs("usage: aampe-sandbox [--help] ...\n", stderr);
        return 2;
    }
    if (options.help) {
        help();
        return 0;
    }
    if (options.version) {
        puts("aampe-sandbox " PACKAGE_VERSION);
        return 0;
    }
    if (options.die_with_parent && (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != parent))
        return 1;
    signal(SIGPIPE, SIG_IGN);
    umask(0077);
    memory_keep();
    code = serve(&options);
    vec_free(&options.settings);
    return code;
}
