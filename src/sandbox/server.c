#include "sandbox/server.h"

#include "sandbox/auth.h"
#include "sandbox/data.h"
#include "sandbox/fault.h"
#include "sandbox/history.h"
#include "sandbox/journal.h"
#include "sandbox/network.h"
#include "sandbox/oauth_secret.h"
#include "sandbox/session.h"
#include "sandbox/statement.h"
#include "sandbox/system.h"

#include <string.h>

/* Defaults are the service's own where they are known (databricks-api.md 4.4, 4.5). */
static const struct {
    const char *name;
    int64_t value, min;
} settings[SANDBOX_SETTING_COUNT] = {
    [SANDBOX_PAGE_SIZE] = {"page_size", 50, 1},
    [SANDBOX_CHUNK_ROWS] = {"chunk_rows", 0, 0},
    [SANDBOX_CHUNK_BYTES] = {"chunk_bytes", 0, 0},
    [SANDBOX_LINKS_PER_RESPONSE] = {"links_per_response", 1, 1},
    [SANDBOX_COLD_START_SECONDS] = {"cold_start_seconds", 5, 0},
    [SANDBOX_TOKEN_SECONDS] = {"token_seconds", 3600, 1},
    [SANDBOX_LINK_SECONDS] = {"link_seconds", 899, 1},
    [SANDBOX_RESULT_SECONDS] = {"result_seconds", 3600, 1},
    [SANDBOX_RECORD_SECONDS] = {"record_seconds", 12 * 3600, 1},
    [SANDBOX_INLINE_BYTES] = {"inline_bytes", 26214400, 1},
    [SANDBOX_AUDIT_LAG_SECONDS] = {"audit_lag_seconds", 60, 0},
    [SANDBOX_HISTORY_LAG_SECONDS] = {"history_lag_seconds", 60, 0},
    [SANDBOX_IP_BLOCKED_BODY] = {"ip_blocked_body", 0, 0},
    [SANDBOX_UNASSIGNED_REFUSAL] = {"unassigned_refusal", 0, 0},
    [SANDBOX_INACTIVE_REFUSAL] = {"inactive_refusal", 0, 0},
    [SANDBOX_CLIENT_STATUS] = {"client_status", 401, 400},
    [SANDBOX_ACCOUNT_TOKENS_ONLY] = {"account_tokens_only", 1, 0},
    [SANDBOX_HOST_TYPE] = {"host_type", 0, 0},
    [SANDBOX_INVISIBLE_STATUS] = {"invisible_status", 403, 403},
    [SANDBOX_BARE_LIFETIME] = {"bare_lifetime", 0, 0},
    [SANDBOX_SIXTH_SECRET] = {"sixth_secret", 0, 0},
    [SANDBOX_FEATURE_DISABLED_STATUS] = {"feature_disabled_status", 400, 400},
};

struct sandbox_server *sandbox_server_new(struct base_seam *seam)
{
    struct sandbox_server *server = base_alloc_zero(1, sizeof *server);

    server->seam = seam;
    server->workspace = sandbox_workspace_new(seam);
    server->tokens = sandbox_tokens_new();
    server->secrets = sandbox_secrets_new();
    server->faults = sandbox_faults_new();
    server->network = sandbox_network_new();
    server->journal = sandbox_journal_new();
    server->history = sandbox_history_new();
    server->sessions = sandbox_sessions_new();
    server->statements = sandbox_statements_new();
    for (size_t i = 0; i < base_countof(settings); i++)
        atomic_store(&server->settings[i], settings[i].value);
    base_seam_random(seam, server->link_key, sizeof server->link_key);
    return server;
}

void sandbox_server_free(struct sandbox_server **held)
{
    struct sandbox_server *server = *held;

    if (!server)
        return;
    atomic_store(&server->stopping, true);
    sandbox_statements_free(&server->statements);
    sandbox_sessions_free(&server->sessions);
    sandbox_faults_free(&server->faults);
    sandbox_network_free(&server->network);
    sandbox_journal_free(&server->journal);
    sandbox_history_free(&server->history);
    sandbox_tokens_free(&server->tokens);
    sandbox_secrets_free(&server->secrets);
    sandbox_world_unload(server->workspace);
    sandbox_system_free(&server->system);
    sandbox_workspace_free(&server->workspace);
    free(server->address);
    free(server->state_folder);
    free(server->principal);
    free(server);
    *held = NULL;
}

int64_t sandbox_server_setting(struct sandbox_server *server, enum sandbox_setting setting)
{
    return atomic_load(&server->settings[setting]);
}

int sandbox_server_set(struct sandbox_server *server, const char *name, int64_t value,
                       struct err *err)
{
    for (size_t i = 0; i < base_countof(settings); i++) {
        if (strcmp(settings[i].name, name) != 0)
            continue;
        if (value < settings[i].min)
            return base_err_set(err, ERR_USAGE, "'%s' must be at least %lld", name,
                                (long long)settings[i].min);
        atomic_store(&server->settings[i], value);
        return 0;
    }
    return base_err_set(err, ERR_USAGE, "no setting is called '%s'", name);
}

void sandbox_server_settings_json(struct sandbox_server *server, cJSON *out)
{
    for (size_t i = 0; i < base_countof(settings); i++)
        base_json_add_i64(out, settings[i].name, atomic_load(&server->settings[i]));
}
