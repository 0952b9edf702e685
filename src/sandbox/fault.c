#include "sandbox/fault.h"

#include "sandbox/fault_access.h"
#include "sandbox/statement.h"

#include "base/text.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

/* FAULT_STATE: on from the moment it is made until it is cleared; fault_access.c. */
enum fault_class {
    FAULT_HTTP,
    FAULT_LINK,
    FAULT_RESULT,
    FAULT_STATEMENT,
    FAULT_WORKSPACE,
    FAULT_STATE
};

struct fault_kind {
    const char *name;
    enum fault_class class;
    const char *keys; /* beside those that every fault has */
    const char *help;
};

/* Table of kinds: `fault KIND`, --help and validation are made from it. */
static const struct fault_kind kinds[] = {
    {"expired_token", FAULT_HTTP, "", "the presented token is over: 403 with a numeric error_code"},
    {"rate_limit", FAULT_HTTP, "retry_after", "429; Retry-After only when retry_after= is given"},
    {"unavailable", FAULT_HTTP, "retry_after", "503"},
    {"server_error", FAULT_HTTP, "", "500 INTERNAL_ERROR"},
    {"html_login", FAULT_HTTP, "redirect", "login page instead of JSON (redirect=1: by a 302)"},
    {"drop", FAULT_HTTP, "", "connection closed before the request is looked at"},
    {"lost_reply", FAULT_HTTP, "", "request carried out, connection closed without the answer"},
    {"slow", FAULT_HTTP, "bytes_per_second", "answers late or slowly"},
    {"cut", FAULT_LINK, "at",
     "body cut at byte at= (default: the middle), connection closed; result links unless "
     "endpoint="},
    {"invalid_client", FAULT_HTTP, "", "token endpoint: 401 invalid_client"},
    {"empty_page", FAULT_HTTP, "schema",
     "listing begins with a page without items but with a token"},
    {"link_expired", FAULT_LINK, "", "result link answers 403 Request has expired"},
    {"corrupt_chunk", FAULT_LINK, "at", "one byte of the chunk is flipped (default: the middle)"},
    {"wrong_schema", FAULT_LINK, "", "chunk's Arrow schema has another column name"},
    /* wire */
    {"unknown_error", FAULT_HTTP, "status body content_type",
     "an error nobody has described (default: 409 with an unknown error_code)"},
    {"numeric_error", FAULT_HTTP, "status message",
     "a gateway's refusal: error_code is the number of the status (default 403)"},
    {"empty_body", FAULT_HTTP, "status", "an answer without a body (default: status 400)"},
    {"redirect", FAULT_HTTP, "to status", "302 to another place"},
    {"clock_skew", FAULT_HTTP, "seconds",
     "the Date header is seconds= ahead (default 7200, may be negative); Retry-After becomes a "
     "date"},
    {"link_forbidden", FAULT_LINK, "", "result link answers 403 AccessDenied though it is fresh"},
    {"link_host", FAULT_LINK, "host port scheme",
     "links name another host (default https://storage.sandbox.invalid)"},
    {"link_slow", FAULT_LINK, "bytes_per_second",
     "result links answer slowly (default 512 bytes a second)"},
    /* results */
    {"fail_statement", FAULT_RESULT, "error_code message", "statement ends FAILED"},
    {"missing_chunk", FAULT_RESULT, "where", "manifest (default) or where=link leaves chunk= out"},
    {"doubled_chunk", FAULT_RESULT, "where",
     "manifest lists chunk= twice; where=body: rows come twice"},
    {"wrong_row_count", FAULT_RESULT, "where delta", "where=total (default), chunk or rows"},
    {"truncated", FAULT_RESULT, "", "manifest says truncated"},
    {"lie", FAULT_RESULT, "target delta",
     "target=manifest.total_row_count, manifest.total_chunk_count, manifest.truncated, "
     "manifest.chunks[K].row_count|row_offset|chunk_index, link.row_count|row_offset|chunk_index, "
     "chunk_rows (delta>0: last batch twice, delta<0: last batch missing)"},
    {"cold_warehouse", FAULT_WORKSPACE, "seconds warehouse",
     "warehouses stop; start takes seconds="},
    {"start_denied", FAULT_WORKSPACE, "warehouse", "warehouses stop; only admins may start them"},
    {"missing_grant", FAULT_WORKSPACE, "level table",
     "level=catalog|schema|table is missing, for table= or everywhere; for all but metastore "
     "admins"},
    /* statements; disposition=EXTERNAL_LINKS (default), INLINE or any */
    {"statement_timeout", FAULT_STATEMENT, "disposition seconds sqlstate",
     "statement ends FAILED: it ran longer than STATEMENT_TIMEOUT"},
    {"statement_canceled", FAULT_STATEMENT, "disposition", "an admin cancels the statement"},
    {"statement_closed", FAULT_STATEMENT, "disposition",
     "statement ends CLOSED; with chunk= it succeeds and is closed when that chunk is asked for"},
    {"files_gone", FAULT_STATEMENT, "disposition class",
     "statement ends FAILED: files of that version were vacuumed (class=, default "
     "FAILED_READ_FILE.DBR_FILE_NOT_EXIST)"},
    {"table_changed", FAULT_STATEMENT, "disposition",
     "statement ends FAILED: the table's schema changed while it ran"},
    {"sql_error", FAULT_STATEMENT, "disposition class sqlstate message error_code",
     "statement ends FAILED with this error class"},
    {"external_links_off", FAULT_STATEMENT, "status",
     "disposition EXTERNAL_LINKS is refused when a statement is submitted"},
    {"view_chain", FAULT_WORKSPACE, "view table",
     "the owner of view= (default: of all) may no longer read table= (default: any) below it"},
    /* The state of accounts, networks and the workspace. */
    {"ip_blocked", FAULT_STATE, "ip principal",
     "an IP access list leaves the callers out; ip= is the address they seem to come from"},
    {"private_link", FAULT_STATE, "mode",
     "only the private network is let in: mode=redirect (to the login page) or text"},
    {"not_assigned", FAULT_STATE, "principal mode",
     "principal= is not assigned to the workspace: mode=token (invalid_client) or api (403)"},
    {"sp_disabled", FAULT_STATE, "principal mode",
     "principal= is deactivated: mode=token (invalid_client) or api (403)"},
    {"no_entitlement", FAULT_STATE, "principal", "principal= has no databricks-sql-access"},
    {"no_can_use", FAULT_STATE, "warehouse principal", "principal= has no CAN USE"},
    {"warehouse_missing", FAULT_STATE, "warehouse", "warehouses are deleted"},
    {"warehouse_failed", FAULT_STATE, "warehouse seconds reason mode",
     "warehouses stop and every start fails after seconds=; health FAILED with reason=; "
     "mode=stops or retries (stays STARTING)"},
    {"warehouse_queued", FAULT_STATE, "warehouse seconds",
     "warehouses run, statements stay PENDING for seconds= (default: until cleared)"},
    {"catalog_unbound", FAULT_STATE, "catalog",
     "catalog= is isolated and not bound to this workspace"},
    {"no_metastore", FAULT_STATE, "mode",
     "mode=detached (no metastore is assigned) or tier (Unity Catalog is not sold with it)"},
    {"account_host", FAULT_STATE, "",
     "the address is that of an account: no workspace token endpoint, no workspace APIs"},
    {"external_access_off", FAULT_STATE, "", "no credentials for tables are given out"},
};

static const char common_keys[] = "endpoint principal nth every times statement chunk";

struct fault {
    int64_t id;
    const struct fault_kind *kind;
    cJSON *options;
    int64_t nth, every, times; /* times 0: until cleared */
    int64_t seen, fired;
    cJSON *was; /* states: what is put back when it is cleared */
};

struct sandbox_faults {
    pthread_mutex_t lock;
    int64_t next_id;
    vec_of(struct fault *) list;
};

struct sandbox_faults *sandbox_faults_new(void)
{
    struct sandbox_faults *faults = base_alloc_zero(1, sizeof *faults);

    pthread_mutex_init(&faults->lock, NULL);
    return faults;
}

static void fault_free(struct fault *fault)
{
    cJSON_Delete(fault->options);
    cJSON_Delete(fault->was);
    free(fault);
}

void sandbox_faults_free(struct sandbox_faults **held)
{
    struct sandbox_faults *faults = *held;

    if (!faults)
        return;
    for (size_t i = 0; i < faults->list.count; i++)
        fault_free(faults->list.items[i]);
    vec_free(&faults->list);
    pthread_mutex_destroy(&faults->lock);
    free(faults);
    *held = NULL;
}

int64_t sandbox_option_i64(const cJSON *options, const char *key, int64_t fallback)
{
    const char *text = base_json_str(options, key);

    return text ? strtoll(text, NULL, 10) : base_json_i64_or(options, key, fallback);
}

static bool listed(const char *keys, const char *key)
{
    size_t wanted = strlen(key);

    while (*keys) {
        size_t len = strcspn(keys, " ");

        if (len == wanted && strncmp(keys, key, len) == 0)
            return true;
        keys += len + (keys[len] == ' ');
    }
    return false;
}

static bool numeric_key(const char *key)
{
    return listed("nth every times chunk retry_after delay_ms bytes_per_second at delta seconds "
                  "status port",
                  key);
}

/* HTTP statuses and ports that cannot be are refused here, not found out by a client. */
static bool number_good(const char *key, int64_t value)
{
    if (strcmp(key, "status") == 0)
        return value >= 200 && value <= 599;
    return strcmp(key, "port") != 0 || (value > 0 && value <= 65535);
}

static bool option_known(const struct fault_kind *kind, const char *key)
{
    bool timed = kind->class == FAULT_HTTP || kind->class == FAULT_LINK;

    return (kind->class != FAULT_STATE && listed(common_keys, key)) || listed(kind->keys, key) ||
           (timed && strcmp(key, "delay_ms") == 0);
}

static int options_check(const struct fault_kind *kind, const cJSON *options, struct err *err)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, options)
    {
        char *end = NULL;

        if (!option_known(kind, item->string))
            return base_err_set(err, ERR_USAGE, "fault '%s' has no option '%s'", kind->name,
                                item->string);
        if (!cJSON_IsString(item))
            return base_err_set(err, ERR_USAGE, "option '%s' is not a text", item->string);
        if (!numeric_key(item->string))
            continue;
        if (!number_good(item->string, strtoll(item->valuestring, &end, 10)) ||
            end == item->valuestring || *end)
            return base_err_set(err, ERR_USAGE, "option '%s' needs a whole number that can be",
                                item->string);
    }
    return 0;
}

static const struct fault_kind *kind_find(const char *name)
{
    for (size_t i = 0; i < base_countof(kinds); i++) {
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    }
    return NULL;
}

const char *sandbox_fault_help(size_t index, const char **name)
{
    if (index >= base_countof(kinds))
        return NULL;
    *name = kinds[index].name;
    return kinds[index].help;
}

static void warehouses_stop(struct sandbox_server *server, const cJSON *options, bool deny)
{
    const char *only = base_json_str(options, "warehouse");
    int64_t seconds = sandbox_option_i64(
        options, "seconds", sandbox_server_setting(server, SANDBOX_COLD_START_SECONDS));
    struct sandbox_warehouse *warehouse;

    sandbox_workspace_lock(server->workspace);
    for (size_t i = 0; (warehouse = sandbox_workspace_warehouse_at(server->workspace, i)); i++) {
        if (only && strcmp(only, warehouse->id) != 0)
            continue;
        warehouse->stopped_by_fault |= strcmp(warehouse->state, "STOPPED") != 0;
        free(warehouse->state);
        warehouse->state = base_strdup("STOPPED");
        if (deny)
            warehouse->start_denied = true;
        else
            warehouse->start_delay_us = seconds * 1000000;
    }
    sandbox_workspace_unlock(server->workspace);
}

/* The securable of the level that the table lies in: "a.b.c" -> "a", "a.b", "a.b.c". */
static int grant_take(struct sandbox_server *server, const cJSON *options, struct err *err)
{
    const char *level = base_json_str_or(options, "level", "table");
    const char *table = base_json_str(options, "table");
    struct sandbox_securable *at = NULL;
    int kind = strcmp(level, "catalog") == 0  ? 'C'
               : strcmp(level, "schema") == 0 ? 'S'
               : strcmp(level, "table") == 0  ? 'T'
                                              : 0;

    if (!kind)
        return base_err_set(err, ERR_USAGE, "level must be catalog, schema or table");
    if (table) {
        at = sandbox_workspace_find(server->workspace, 'T', table);
        if (!at)
            return base_err_set(err, ERR_USAGE, "no table '%s'", table);
        while (at->kind != kind)
            at = at->parent;
    }
    sandbox_workspace_deny(server->workspace, kind, at ? at->full_name : NULL);
    return 0;
}

static int workspace_effect(struct sandbox_server *server, const struct fault_kind *kind,
                            const cJSON *options, struct err *err)
{
    if (strcmp(kind->name, "missing_grant") == 0)
        return grant_take(server, options, err);
    if (strcmp(kind->name, "view_chain") == 0)
        return sandbox_fault_view_chain(server, options, err);
    warehouses_stop(server, options, strcmp(kind->name, "start_denied") == 0);
    return 0;
}

int sandbox_fault_add(struct sandbox_server *server, const char *name, const cJSON *options,
                      int64_t *id, struct err *err)
{
    const struct fault_kind *kind = kind_find(name);
    struct sandbox_faults *faults = server->faults;
    struct fault *fault;
    cJSON *was = NULL;

    if (!kind)
        return base_err_set(err, ERR_USAGE, "no fault is called '%s'", name);
    if (options_check(kind, options, err) != 0)
        return -1;
    if (strcmp(name, "lie") == 0 &&
        !sandbox_lie_target_good(base_json_str_or(options, "target", "")))
        return base_err_set(err, ERR_USAGE, "a lie needs a target= of those in --help");
    if (kind->class == FAULT_WORKSPACE && workspace_effect(server, kind, options, err) != 0)
        return -1;
    if (kind->class == FAULT_STATE) {
        was = base_json_object();
        if (sandbox_fault_access_make(server, name, options, was, err) != 0) {
            cJSON_Delete(was);
            return -1;
        }
    }
    fault = base_alloc_zero(1, sizeof *fault);
    fault->kind = kind;
    fault->was = was;
    fault->options = options ? cJSON_Duplicate(options, true) : base_json_object();
    fault->nth = sandbox_option_i64(options, "nth", 1);
    fault->every = sandbox_option_i64(options, "every", 1);
    fault->times = sandbox_option_i64(options, "times", base_json_str(options, "nth") ? 1 : 0);
    if (strcmp(name, "expired_token") == 0 && !base_json_str(options, "times"))
        fault->times = 1;
    if (fault->every < 1)
        fault->every = 1;
    pthread_mutex_lock(&faults->lock);
    fault->id = ++faults->next_id;
    *id = fault->id;
    vec_push(&faults->list, fault);
    pthread_mutex_unlock(&faults->lock);
    return 0;
}

/* What workspace faults did is taken back. The two about warehouses go together. */
static void workspace_restore(struct sandbox_server *server, const char *kind)
{
    struct sandbox_warehouse *warehouse;

    if (!kind || strcmp(kind, "missing_grant") == 0)
        sandbox_workspace_deny_clear(server->workspace);
    if (!kind || strcmp(kind, "view_chain") == 0)
        sandbox_workspace_chain_clear(server->workspace);
    if (kind && strcmp(kind, "start_denied") != 0 && strcmp(kind, "cold_warehouse") != 0)
        return;
    sandbox_workspace_lock(server->workspace);
    for (size_t i = 0; (warehouse = sandbox_workspace_warehouse_at(server->workspace, i)); i++) {
        warehouse->start_denied = false;
        warehouse->start_delay_us =
            sandbox_server_setting(server, SANDBOX_COLD_START_SECONDS) * 1000000;
        if (!warehouse->stopped_by_fault)
            continue;
        warehouse->stopped_by_fault = false;
        free(warehouse->state);
        warehouse->state = base_strdup("RUNNING");
    }
    sandbox_workspace_unlock(server->workspace);
    sandbox_statements_wake(server);
}

void sandbox_fault_clear(struct sandbox_server *server, const char *kind)
{
    struct sandbox_faults *faults = server->faults;
    vec_of(struct fault *) gone = {0};
    size_t kept = 0;

    pthread_mutex_lock(&faults->lock);
    for (size_t i = 0; i < faults->list.count; i++) {
        struct fault *fault = faults->list.items[i];

        if (kind && strcmp(kind, fault->kind->name) != 0)
            faults->list.items[kept++] = fault;
        else
            vec_push(&gone, fault);
    }
    faults->list.count = kept;
    pthread_mutex_unlock(&faults->lock);
    /* Newest first: each puts back what it found. */
    for (size_t i = gone.count; i-- > 0;) {
        if (gone.items[i]->was)
            sandbox_fault_access_undo(server, gone.items[i]->kind->name, gone.items[i]->was);
        fault_free(gone.items[i]);
    }
    vec_free(&gone);
    workspace_restore(server, kind);
}

cJSON *sandbox_fault_list(struct sandbox_server *server)
{
    struct sandbox_faults *faults = server->faults;
    cJSON *array = cJSON_CreateArray();

    pthread_mutex_lock(&faults->lock);
    for (size_t i = 0; i < faults->list.count; i++) {
        const struct fault *fault = faults->list.items[i];
        cJSON *item = base_json_object();

        base_json_add_i64(item, "id", fault->id);
        base_json_add_str(item, "kind", fault->kind->name);
        base_json_add_take(item, "options", cJSON_Duplicate(fault->options, true));
        base_json_add_i64(item, "seen", fault->seen);
        base_json_add_i64(item, "fired", fault->fired);
        base_json_push_take(array, item);
    }
    pthread_mutex_unlock(&faults->lock);
    return array;
}

static bool text_matches(const cJSON *options, const char *key, const char *value)
{
    const char *wanted = base_json_str(options, key);

    return !wanted || (value && base_text_equal_nocase(wanted, value));
}

static bool matches(const struct fault *fault, const struct sandbox_fault_probe *probe)
{
    const char *endpoint = base_json_str(fault->options, "endpoint");
    const char *statement = base_json_str(fault->options, "statement");
    int64_t chunk = sandbox_option_i64(fault->options, "chunk", -1);

    if (!endpoint && fault->kind->class == FAULT_LINK)
        endpoint = "link";
    if (endpoint && endpoint[0] == '/') {
        if (!probe->path || strncmp(probe->path, endpoint, strlen(endpoint)) != 0)
            return false;
    } else if (endpoint && (!probe->endpoint || strcmp(endpoint, probe->endpoint) != 0)) {
        return false;
    }
    if (!text_matches(fault->options, "principal", probe->principal) ||
        !text_matches(fault->options, "schema", probe->scope))
        return false;
    if (statement && (!probe->statement || !strstr(probe->statement, statement)))
        return false;
    if (fault->kind->class == FAULT_STATEMENT)
        return chunk == probe->chunk && sandbox_fault_disposition(fault->options, probe);
    return fault->kind->class == FAULT_RESULT || chunk < 0 || chunk == probe->chunk;
}

/* Counts the call and says whether this one is hit. */
static bool fires(struct fault *fault)
{
    fault->seen++;
    if (fault->seen < fault->nth || (fault->seen - fault->nth) % fault->every != 0 ||
        (fault->times && fault->fired >= fault->times))
        return false;
    fault->fired++;
    return true;
}

/* In slices, so that a sandbox that is told to stop does not wait for a late answer. */
static void wait_ms(struct sandbox_server *server, int64_t ms)
{
    struct timespec slice = {.tv_nsec = 20000000};

    for (; ms > 0 && !atomic_load(&server->stopping); ms -= 20)
        nanosleep(&slice, NULL);
}

cJSON *sandbox_fault_hit(struct sandbox_server *server, const char *kind,
                         const struct sandbox_fault_probe *probe)
{
    struct sandbox_faults *faults = server->faults;
    cJSON *options = NULL;

    pthread_mutex_lock(&faults->lock);
    for (size_t i = 0; i < faults->list.count && !options; i++) {
        struct fault *fault = faults->list.items[i];

        if (strcmp(fault->kind->name, kind) == 0 && matches(fault, probe) && fires(fault))
            options = cJSON_Duplicate(fault->options, true);
    }
    pthread_mutex_unlock(&faults->lock);
    wait_ms(server, sandbox_option_i64(options, "delay_ms", 0));
    return options;
}

cJSON *sandbox_fault_results(struct sandbox_server *server, const struct sandbox_fault_probe *probe)
{
    struct sandbox_faults *faults = server->faults;
    cJSON *array = cJSON_CreateArray();

    pthread_mutex_lock(&faults->lock);
    for (size_t i = 0; i < faults->list.count; i++) {
        struct fault *fault = faults->list.items[i];
        cJSON *item;

        if (fault->kind->class != FAULT_RESULT || !matches(fault, probe) || !fires(fault))
            continue;
        item = cJSON_Duplicate(fault->options, true);
        base_json_add_str(item, "kind", fault->kind->name);
        base_json_push_take(array, item);
    }
    pthread_mutex_unlock(&faults->lock);
    return array;
}
