#include "sandbox/statement.h"

#include "sandbox/fault.h"
#include "sandbox/history.h"
#include "sandbox/system.h"
#include "sandbox/warehouse.h"
#include "sandbox/warehouse_state.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#define SLICE_MS 20 /* how often the sandbox clock is looked at while something waits for it */

struct sandbox_statements {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct base_map *known; /* id -> struct sandbox_statement */
    size_t running;         /* threads */
};

struct sandbox_statements *sandbox_statements_new(void)
{
    struct sandbox_statements *statements = base_alloc_zero(1, sizeof *statements);
    pthread_condattr_t attributes;

    pthread_mutex_init(&statements->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&statements->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    statements->known = base_map_new();
    return statements;
}

static void results_free(struct sandbox_statement *statement)
{
    for (size_t i = 0; i < statement->inline_chunks.count; i++)
        free(statement->inline_chunks.items[i]);
    vec_free(&statement->inline_chunks);
    if (statement->query)
        sandbox_query_free(&statement->query);
}

void sandbox_statement_free(struct sandbox_statement *statement)
{
    results_free(statement);
    sandbox_query_error_free(&statement->error);
    cJSON_Delete(statement->faults);
    cJSON_Delete(statement->body);
    free(statement->agent);
    free(statement->principal);
    free(statement->warehouse_id);
    free(statement->catalog);
    free(statement->schema);
    free(statement->time_zone);
    free(statement);
}

static void wait_slice(struct sandbox_statements *statements, int64_t ms)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += ms % 1000 * 1000000;
    until.tv_sec += ms / 1000 + until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_cond_timedwait(&statements->changed, &statements->lock, &until);
}

void sandbox_statements_free(struct sandbox_statements **held)
{
    struct sandbox_statements *statements = *held;
    const char *key;
    void *value;

    if (!statements)
        return;
    pthread_mutex_lock(&statements->lock);
    for (size_t i = 0; base_map_at(statements->known, i, &key, &value); i++)
        ((struct sandbox_statement *)value)->cancel = true;
    while (statements->running)
        wait_slice(statements, SLICE_MS);
    pthread_mutex_unlock(&statements->lock);
    for (size_t i = 0; base_map_at(statements->known, i, &key, &value); i++)
        sandbox_statement_free(value);
    base_map_free(&statements->known, NULL);
    pthread_mutex_destroy(&statements->lock);
    pthread_cond_destroy(&statements->changed);
    free(statements);
    *held = NULL;
}

static bool terminal(enum sandbox_statement_state state)
{
    return state >= SANDBOX_SUCCEEDED;
}

/* Called locked. Nothing is freed while somebody looks at the statement. */
static void unhold(struct sandbox_statement *statement)
{
    if (--statement->holders)
        return;
    if (terminal(statement->state) && statement->state != SANDBOX_SUCCEEDED)
        results_free(statement);
    if (statement->forgotten)
        sandbox_statement_free(statement);
}

void sandbox_statement_release(struct sandbox_statement **statement)
{
    struct sandbox_statements *statements = (*statement)->server->statements;

    pthread_mutex_lock(&statements->lock);
    unhold(*statement);
    pthread_mutex_unlock(&statements->lock);
    *statement = NULL;
}

static bool ended(const struct sandbox_statement *statement)
{
    return __atomic_load_n(&statement->cancel, __ATOMIC_RELAXED) ||
           atomic_load(&statement->server->stopping);
}

/* What is seen of the statement by others agrees with the history. Called locked. */
static void history_note(struct sandbox_statement *statement, enum sandbox_statement_state state)
{
    struct sandbox_server *server = statement->server;
    bool done = state == SANDBOX_SUCCEEDED || (state == SANDBOX_CLOSED && !ended(statement));

    if (!terminal(state))
        sandbox_history_running(server, statement->past);
    else if (state == SANDBOX_FAILED)
        sandbox_history_end(server, statement->past, "FAILED", 0, 0, statement->error.message);
    else
        sandbox_history_end(server, statement->past, done ? "FINISHED" : "CANCELED",
                            done ? statement->total_rows : 0, done ? statement->total_bytes : 0,
                            NULL);
}

static void state_set(struct sandbox_statement *statement, enum sandbox_statement_state state)
{
    struct sandbox_statements *statements = statement->server->statements;

    pthread_mutex_lock(&statements->lock);
    if (!terminal(statement->state)) {
        statement->state = state;
        if (terminal(state))
            statement->finished_us = base_seam_now_us(statement->server->seam);
        history_note(statement, state);
    }
    pthread_cond_broadcast(&statements->changed);
    pthread_mutex_unlock(&statements->lock);
}

void sandbox_statement_error(struct sandbox_statement *statement, const char *code,
                             const char *sqlstate, char *message)
{
    struct sandbox_query_error *error = &statement->error;

    strncpy(error->error_code, code, sizeof error->error_code - 1);
    strncpy(error->sqlstate, sqlstate, sizeof error->sqlstate - 1);
    free(error->message);
    error->message = message;
}

/* A stopped warehouse is set going by the statement, which stays PENDING meanwhile. 1: it takes the
 * statement, 0: not yet, -1: never, with the error set. */
static int warehouse_takes(struct sandbox_statement *statement, bool first)
{
    struct sandbox_workspace *workspace = statement->server->workspace;
    struct sandbox_warehouse *warehouse;
    int takes = 0;

    sandbox_workspace_lock(workspace);
    warehouse = sandbox_workspace_find_warehouse(workspace, statement->warehouse_id);
    if (!warehouse) {
        sandbox_statement_error(
            statement, "NOT_FOUND", "",
            base_printf("SQL warehouse %s does not exist.", statement->warehouse_id));
        takes = -1;
    } else if (!first && warehouse->start_failed && strcmp(warehouse->state, "STOPPED") == 0) {
        sandbox_statement_error(statement, "TEMPORARILY_UNAVAILABLE", "",
                                sandbox_warehouse_failure(warehouse));
        takes = -1;
    } else if (sandbox_warehouse_may(workspace, warehouse, statement->principal, true)) {
        sandbox_warehouse_go(workspace, warehouse);
        warehouse = sandbox_workspace_find_warehouse(workspace, statement->warehouse_id);
    }
    if (!takes && strcmp(warehouse->state, "RUNNING") == 0)
        takes = base_seam_now_us(sandbox_workspace_seam(workspace)) >= warehouse->busy_until_us;
    sandbox_workspace_unlock(workspace);
    return takes;
}

static int warehouse_await(struct sandbox_statement *statement)
{
    struct sandbox_statements *statements = statement->server->statements;
    int takes = 0;

    for (bool first = true; !ended(statement); first = false) {
        takes = warehouse_takes(statement, first);
        if (takes)
            break;
        pthread_mutex_lock(&statements->lock);
        wait_slice(statements, SLICE_MS);
        pthread_mutex_unlock(&statements->lock);
    }
    return takes < 0 ? -1 : 0;
}

/* Parameters of the request; values stay inside statement->body. */
static size_t parameters_read(const cJSON *body, struct sandbox_parameter **out)
{
    const cJSON *array = base_json_array(body, "parameters");
    struct sandbox_parameter *parameters;
    const cJSON *item;
    size_t count = 0;

    parameters = base_alloc_zero((size_t)cJSON_GetArraySize(array) + 1, sizeof *parameters);
    cJSON_ArrayForEach(item, array)
    {
        const char *name = base_json_str(item, "name");
        bool named = name && *name;

        parameters[count] = (struct sandbox_parameter){
            .name = named ? name : NULL,
            .type = base_json_str_or(item, "type", "STRING"),
            .value = base_json_str(item, "value"),
            .position = named ? 0 : base_json_i64_or(item, "ordinal", (int64_t)count + 1)};
        count++;
    }
    *out = parameters;
    return count;
}

/* A grant by SQL is a change of permissions like one by the API. */
static void on_granted(void *user, const struct sandbox_grant_change *change)
{
    const struct sandbox_statement *statement = user;
    cJSON *array = cJSON_CreateArray(), *item = base_json_object(), *list;
    char *text;

    base_json_add_str(item, "principal", change->principal);
    list = base_json_add_array(item, change->grant ? "add" : "remove");
    for (size_t i = 0; i < change->privilege_count; i++)
        base_json_push_take(list, cJSON_CreateString(change->privileges[i]));
    base_json_push_take(array, item);
    text = base_json_print(array);
    sandbox_audit_grant(statement->server, statement->principal, statement->agent, change->type,
                        change->full_name, text);
    free(text);
    cJSON_Delete(array);
}

static int query_run(struct sandbox_statement *statement)
{
    struct sandbox_server *server = statement->server;
    struct sandbox_parameter *parameters;
    struct sandbox_query_request request = {
        .workspace = server->workspace,
        .principal = statement->principal,
        .statement = statement->text,
        .catalog = statement->catalog,
        .schema = statement->schema,
        .time_zone = statement->time_zone,
        .row_limit = statement->row_limit,
        .granted = on_granted,
        .user = statement,
        .chunk_rows = sandbox_server_setting(server, SANDBOX_CHUNK_ROWS),
        .chunk_bytes = sandbox_server_setting(server, SANDBOX_CHUNK_BYTES),
    };
    int result;

    request.parameter_count = parameters_read(statement->body, &parameters);
    request.parameters = parameters;
    result = sandbox_query_run(&request, &statement->cancel, &statement->query, &statement->error);
    free(parameters);
    return result;
}

/* Chunks that fit the byte limit; what does not fit is cut off and the manifest says truncated. */
static void measure(struct sandbox_statement *statement)
{
    size_t chunks = sandbox_query_chunks(statement->query);
    int64_t offset, rows, bytes;

    statement->truncated = sandbox_query_truncated(statement->query);
    for (size_t i = 0; i < chunks; i++) {
        sandbox_query_chunk(statement->query, i, &offset, &rows, &bytes);
        if (statement->byte_limit && statement->total_bytes + bytes > statement->byte_limit) {
            statement->truncated = true;
            break;
        }
        statement->total_bytes += bytes;
        statement->total_rows += rows;
        statement->chunks++;
    }
}

/* Inline results are made at once: their size decides whether the statement succeeds. */
static int inline_make(struct sandbox_statement *statement)
{
    int64_t cap = sandbox_server_setting(statement->server, SANDBOX_INLINE_BYTES);
    int64_t total = 0;

    for (size_t i = 0; i < statement->chunks && !ended(statement); i++) {
        struct buf out;
        size_t len;

        base_buf_init(&out, BUF_MAX_DEFAULT);
        if (sandbox_query_json(statement->query, i, &out) != 0) {
            base_buf_free(&out);
            sandbox_statement_error(statement, "INTERNAL_ERROR", "XX000",
                                    base_strdup("The result could not be made."));
            return -1;
        }
        total += (int64_t)out.len;
        len = out.len;
        vec_push(&statement->inline_chunks, len ? base_buf_take(&out, NULL) : base_strdup("[]"));
        if (total > cap) {
            sandbox_statement_error(
                statement, "BAD_REQUEST", "54000",
                base_printf("Inline byte limit exceeded. Statements executed with "
                            "disposition=INLINE can have a result size of at most %lld "
                            "bytes. Please execute the statement with "
                            "disposition=EXTERNAL_LINKS if you want to download the full "
                            "result.",
                            (long long)cap));
            return -1;
        }
    }
    return 0;
}

static int fault_fail(struct sandbox_statement *statement)
{
    const cJSON *fault;

    cJSON_ArrayForEach(fault, statement->faults)
    {
        if (strcmp(base_json_str_or(fault, "kind", ""), "fail_statement") != 0)
            continue;
        sandbox_statement_error(
            statement, base_json_str_or(fault, "error_code", "INTERNAL_ERROR"), "XX000",
            base_strdup(base_json_str_or(fault, "message", "The statement failed.")));
        return -1;
    }
    return 0;
}

static enum sandbox_statement_state execute(struct sandbox_statement *statement)
{
    struct sandbox_fault_probe probe = {.endpoint = "statements",
                                        .principal = statement->principal,
                                        .statement = statement->text,
                                        .chunk = -1};
    enum sandbox_statement_state ends;

    if (warehouse_await(statement) != 0)
        return SANDBOX_FAILED;
    if (ended(statement))
        return SANDBOX_CANCELED;
    state_set(statement, SANDBOX_RUNNING);
    if (query_run(statement) != 0)
        return ended(statement) ? SANDBOX_CANCELED : SANDBOX_FAILED;
    measure(statement);
    if (statement->inline_result && inline_make(statement) != 0)
        return SANDBOX_FAILED;
    if (ended(statement))
        return SANDBOX_CANCELED;
    ends = sandbox_statement_fault(statement);
    if (ends != SANDBOX_SUCCEEDED)
        return ends;
    /* Lies are told about downloads; inline results are what tests compare them with. */
    if (!statement->inline_result) {
        statement->faults = sandbox_fault_results(statement->server, &probe);
        if (fault_fail(statement) != 0)
            return SANDBOX_FAILED;
    }
    return SANDBOX_SUCCEEDED;
}

static void *statement_thread(void *user)
{
    struct sandbox_statement *statement = user;
    struct sandbox_statements *statements = statement->server->statements;
    enum sandbox_statement_state end;

    end = execute(statement);
    sandbox_warehouse_used(statement->server->workspace, statement->warehouse_id, -1);
    state_set(statement, end);
    pthread_mutex_lock(&statements->lock);
    unhold(statement);
    statements->running--;
    pthread_cond_broadcast(&statements->changed);
    pthread_mutex_unlock(&statements->lock);
    return NULL;
}

/* By the clock: results go an hour after success, the record twelve hours after the end. Called
 * locked. */
static void age(struct sandbox_statement *statement)
{
    struct sandbox_server *server = statement->server;
    int64_t old;

    if (!terminal(statement->state))
        return;
    old = base_seam_now_us(server->seam) - statement->finished_us;
    if (statement->state == SANDBOX_SUCCEEDED &&
        old > sandbox_server_setting(server, SANDBOX_RESULT_SECONDS) * 1000000)
        statement->state = SANDBOX_CLOSED;
    if (old > sandbox_server_setting(server, SANDBOX_RECORD_SECONDS) * 1000000)
        statement->forgotten = true;
}

/* Called locked. */
static void forget_old(struct sandbox_statements *statements)
{
    vec_of(struct sandbox_statement *) old = {0};
    const char *key;
    void *value;

    for (size_t i = 0; base_map_at(statements->known, i, &key, &value); i++) {
        struct sandbox_statement *statement = value;

        age(statement);
        if (statement->state == SANDBOX_CLOSED && !statement->holders)
            results_free(statement);
        if (statement->forgotten)
            vec_push(&old, statement);
    }
    for (size_t i = 0; i < old.count; i++) {
        base_map_remove(statements->known, old.items[i]->id);
        if (!old.items[i]->holders)
            sandbox_statement_free(old.items[i]);
    }
    vec_free(&old);
}

void sandbox_statement_start(struct sandbox_server *server, struct sandbox_statement *statement)
{
    struct sandbox_statements *statements = server->statements;
    pthread_attr_t attributes;
    pthread_t thread;

    statement->server = server;
    statement->holders = 2; /* the caller and the thread */
    base_seam_uuid(server->seam, statement->id);
    statement->past = sandbox_history_begin(server, statement);
    sandbox_warehouse_used(server->workspace, statement->warehouse_id, 1);
    pthread_mutex_lock(&statements->lock);
    forget_old(statements);
    base_map_put(statements->known, statement->id, statement);
    statements->running++;
    pthread_mutex_unlock(&statements->lock);
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    if (pthread_create(&thread, &attributes, statement_thread, statement) != 0) {
        sandbox_statement_error(statement, "RESOURCE_EXHAUSTED", "53000",
                                base_strdup("The warehouse cannot take another statement."));
        state_set(statement, SANDBOX_FAILED);
        sandbox_warehouse_used(server->workspace, statement->warehouse_id, -1);
        pthread_mutex_lock(&statements->lock);
        unhold(statement);
        statements->running--;
        pthread_mutex_unlock(&statements->lock);
    }
    pthread_attr_destroy(&attributes);
}

struct sandbox_statement *sandbox_statement_hold(struct sandbox_server *server, const char *id)
{
    struct sandbox_statements *statements = server->statements;
    struct sandbox_statement *statement;

    pthread_mutex_lock(&statements->lock);
    statement = base_map_get(statements->known, id);
    if (statement) {
        age(statement);
        if (statement->forgotten)
            statement = NULL;
        else
            statement->holders++;
    }
    pthread_mutex_unlock(&statements->lock);
    return statement;
}

enum sandbox_statement_state sandbox_statement_state(struct sandbox_statement *statement)
{
    struct sandbox_statements *statements = statement->server->statements;
    enum sandbox_statement_state state;

    pthread_mutex_lock(&statements->lock);
    state = statement->state;
    pthread_mutex_unlock(&statements->lock);
    return state;
}

static int64_t mono_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

enum sandbox_statement_state sandbox_statement_wait(struct sandbox_statement *statement, int64_t ms)
{
    struct sandbox_statements *statements = statement->server->statements;
    int64_t until = mono_ms() + ms;
    enum sandbox_statement_state state;

    pthread_mutex_lock(&statements->lock);
    while (!terminal(statement->state) && !atomic_load(&statement->server->stopping)) {
        int64_t left = until - mono_ms();

        if (left <= 0)
            break;
        wait_slice(statements, left < 200 ? left : 200);
    }
    state = statement->state;
    pthread_mutex_unlock(&statements->lock);
    return state;
}

void sandbox_statement_cancel(struct sandbox_statement *statement)
{
    __atomic_store_n(&statement->cancel, true, __ATOMIC_RELAXED);
    state_set(statement, SANDBOX_CANCELED);
}

void sandbox_statement_close(struct sandbox_statement *statement)
{
    struct sandbox_statements *statements = statement->server->statements;

    __atomic_store_n(&statement->cancel, true, __ATOMIC_RELAXED);
    state_set(statement, SANDBOX_CLOSED);
    pthread_mutex_lock(&statements->lock);
    if (statement->state == SANDBOX_SUCCEEDED)
        statement->state = SANDBOX_CLOSED;
    pthread_mutex_unlock(&statements->lock);
}

void sandbox_statements_wake(struct sandbox_server *server)
{
    pthread_mutex_lock(&server->statements->lock);
    pthread_cond_broadcast(&server->statements->changed);
    pthread_mutex_unlock(&server->statements->lock);
}
