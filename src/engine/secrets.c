#include "engine/observe.h"

#include "base/alloc.h"
#include "base/json.h"
#include "databricks/principal.h"
#include "databricks/workspace.h"
#include "net/token.h"
#include "watch/secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_US INT64_C(1000000)
#define FIRST_AFTER_US (3 * SECOND_US)
#define AGAIN_AFTER_US (6 * 3600 * SECOND_US)
#define RETRY_AFTER_US (3600 * SECOND_US)
#define LOOK_EVERY_US (60 * SECOND_US)
#define KNOWN_FACT "secrets.workspace"
#define WARNED_FACT "secrets.warned"

struct secrets_ask {
    struct engine_ask ask;
    struct secrets_ask *next;
};

struct engine_secrets {
    char *client_id;    /* whose they are */
    char *principal_id; /* numeric; NULL: not known yet */
    struct databricks_secret_infos list;
    enum databricks_identity as;
    int64_t read_us;  /* when `list` was read; 0: never */
    int64_t tried_us; /* the last attempt; 0: none yet with these settings */
    int64_t seen_us;  /* when a connection was first seen */
    int64_t looked_us;
    struct err err; /* why the last attempt failed */
    struct databricks_call *call;
    struct secrets_ask *waiting;
};

static void list_drop(struct engine_secrets *secrets)
{
    databricks_secret_infos_free(&secrets->list);
    base_free(&secrets->client_id);
    base_free(&secrets->principal_id);
    secrets->read_us = secrets->tried_us = 0;
    secrets->err = ERR_INIT;
}

static int64_t time_of(const cJSON *json, const char *key)
{
    const char *text = base_json_str(json, key);
    int64_t us = 0;
    return text && base_time_parse(text, &us) == 0 ? us : 0;
}

/* What was known before the restart. */
static void known_load(struct engine *engine, struct engine_secrets *secrets)
{
    cJSON *json = engine_fact_get(engine, KNOWN_FACT);
    const cJSON *items = base_json_array(json, "items"), *item;
    if (json) {
        secrets->client_id = base_strdup(base_json_str(json, "client_id"));
        secrets->principal_id = base_strdup(base_json_str(json, "principal_id"));
        secrets->read_us = time_of(json, "read");
        secrets->as = strcmp(base_json_str_or(json, "as", ""), "observer") == 0
                          ? DATABRICKS_OBSERVER
                          : DATABRICKS_PRINCIPAL;
        secrets->list.items =
            base_alloc_zero((size_t)cJSON_GetArraySize(items) + 1, sizeof *secrets->list.items);
    }
    cJSON_ArrayForEach(item, items)
    {
        struct databricks_secret_info *info = &secrets->list.items[secrets->list.count++];
        info->id = base_strdup(base_json_str_or(item, "id", ""));
        snprintf(info->fingerprint, sizeof info->fingerprint, "%s",
                 base_json_str_or(item, "fingerprint", ""));
        info->created_us = time_of(item, "created");
        info->expires_us = time_of(item, "expires");
    }
    cJSON_Delete(json);
}

static void known_store(struct engine *engine, const struct engine_secrets *secrets)
{
    cJSON *json = base_json_object();
    base_json_add_str(json, "client_id", secrets->client_id);
    base_json_add_str(json, "principal_id", secrets->principal_id);
    base_json_add_str(json, "as", databricks_identity_name(secrets->as));
    base_json_add_time(json, "read", secrets->read_us);
    cJSON *items = base_json_add_array(json, "items");
    for (size_t i = 0; i < secrets->list.count; i++) {
        const struct databricks_secret_info *info = &secrets->list.items[i];
        cJSON *item = base_json_object();
        base_json_add_str(item, "id", info->id);
        base_json_add_str(item, "fingerprint", info->fingerprint);
        base_json_add_time(item, "created", info->created_us);
        base_json_add_time(item, "expires", info->expires_us);
        base_json_push_take(items, item);
    }
    engine_fact_put(engine, KNOWN_FACT, json);
    cJSON_Delete(json);
}

/* The one struct, made when it is first wanted; what belongs to another principal is dropped. */
static struct engine_secrets *secrets_of(struct engine *engine)
{
    const char *id = config_get(engine->profile, CONFIG_PRINCIPAL_CLIENT_ID);
    if (engine->secrets == NULL) {
        engine->secrets = base_alloc_zero(1, sizeof *engine->secrets);
        known_load(engine, engine->secrets);
    }
    if (engine->secrets->client_id && (id == NULL || strcmp(id, engine->secrets->client_id) != 0))
        list_drop(engine->secrets);
    return engine->secrets;
}

/* --- which is which --- */

static bool vault_find(struct engine *engine, const char *name, struct store_vault_entry *out)
{
    for (size_t i = 0; engine->vault && store_vault_at(engine->vault, i, out); i++)
        if (strcmp(out->name, name) == 0)
            return true;
    return false;
}

static void holders_fill(struct engine *engine, const struct engine_secrets *secrets,
                         enum watch_holder holders[])
{
    struct store_vault_entry entry;
    struct watch_secret *all = base_alloc_zero(secrets->list.count + 1, sizeof *all);
    bool have = vault_find(engine, ENGINE_SECRET_PRINCIPAL, &entry);
    struct watch_secret ours = {entry.fingerprint, have ? entry.created_us : 0};
    for (size_t i = 0; i < secrets->list.count; i++)
        all[i] = (struct watch_secret){secrets->list.items[i].fingerprint,
                                       secrets->list.items[i].created_us};
    watch_secret_holders(have ? &ours : NULL, all, secrets->list.count, holders);
    /* A list from before ours was entered may lack it: no date tells anything then. */
    for (size_t i = 0; i < secrets->list.count; i++)
        if (holders[i] == WATCH_OURS_BY_DATE && secrets->read_us < entry.created_us)
            holders[i] = WATCH_UNKNOWN;
    free(all);
}

/* Slots are numbered by age: the service gives them no names. */
static void slot_name(const struct engine_secrets *secrets, size_t index, char out[8])
{
    const struct databricks_secret_info *items = secrets->list.items;
    unsigned slot = 1;
    for (size_t i = 0; i < secrets->list.count; i++)
        slot += items[i].created_us < items[index].created_us ||
                (items[i].created_us == items[index].created_us && i < index);
    snprintf(out, 8, "s%u", slot % 1000);
}

static cJSON *secret_json(struct engine *engine, const struct engine_secrets *secrets, size_t index,
                          enum watch_holder holder)
{
    const struct databricks_secret_info *info = &secrets->list.items[index];
    int64_t now = base_seam_now_us(engine->seam);
    cJSON *json = base_json_object();
    char slot[8];
    slot_name(secrets, index, slot);
    base_json_add_str(json, "slot", slot);
    base_json_add_str(json, "id", info->id);
    base_json_add_str(json, "held", watch_holder_name(holder));
    base_json_add_time(json, "created", info->created_us);
    base_json_add_time(json, "expires", info->expires_us);
    if (info->expires_us)
        base_json_add_i64(json, "expires_days", watch_secret_days(info->expires_us, now));
    base_json_add_str(json, "state", watch_secret_state(info->expires_us, now));
    return json;
}

/* The end of the secret we hold, when the workspace's list tells it; 0: not known. *endless. */
static int64_t our_end(struct engine *engine, const struct engine_secrets *secrets, bool *endless)
{
    enum watch_holder *holders = base_alloc_zero(secrets->list.count + 1, sizeof *holders);
    int64_t end = 0;
    *endless = false;
    holders_fill(engine, secrets, holders);
    for (size_t i = 0; i < secrets->list.count; i++) {
        if (holders[i] != WATCH_OURS && holders[i] != WATCH_OURS_BY_DATE)
            continue;
        end = secrets->list.items[i].expires_us;
        *endless = end == 0;
    }
    free(holders);
    return end;
}

int64_t engine_secrets_end_us(struct engine *engine)
{
    struct store_vault_entry entry;
    bool endless = false;
    int64_t end = engine->state ? our_end(engine, secrets_of(engine), &endless) : 0;
    for (size_t i = 0;
         !end && !endless && engine->vault && store_vault_at(engine->vault, i, &entry); i++)
        if (strcmp(entry.name, ENGINE_SECRET_PRINCIPAL) == 0)
            end = entry.expires_us;
    return end;
}

static void end_add(struct engine *engine, cJSON *json, int64_t expires_us)
{
    base_json_add_time(json, "expires", expires_us);
    if (expires_us)
        base_json_add_i64(json, "expires_days",
                          watch_secret_days(expires_us, base_seam_now_us(engine->seam)));
}

static void vault_add(struct engine *engine, const struct engine_secrets *secrets, cJSON *array,
                      bool all)
{
    struct store_vault_entry entry;
    for (size_t i = 0; engine->vault && store_vault_at(engine->vault, i, &entry); i++) {
        cJSON *item = base_json_object();
        bool principal = strcmp(entry.name, ENGINE_SECRET_PRINCIPAL) == 0, endless = false;
        int64_t end = principal ? our_end(engine, secrets, &endless) : 0;
        base_json_add_str(item, "name", entry.name);
        if (all) {
            base_json_add_str(item, "fingerprint", entry.fingerprint);
            base_json_add_time(item, "created", entry.created_us);
        }
        end_add(engine, item, end ? end : entry.expires_us);
        if (endless)
            base_json_add_bool(item, "endless", true);
        base_json_push_take(array, item);
    }
}

void engine_secrets_snapshot(struct engine *engine, cJSON *array)
{
    struct engine_secrets *secrets = secrets_of(engine);
    enum watch_holder *holders = base_alloc_zero(secrets->list.count + 1, sizeof *holders);
    vault_add(engine, secrets, array, false);
    holders_fill(engine, secrets, holders);
    for (size_t i = 0; i < secrets->list.count; i++) {
        char slot[8];
        if (holders[i] == WATCH_OURS || holders[i] == WATCH_OURS_BY_DATE ||
            secrets->list.items[i].expires_us == 0)
            continue;
        cJSON *item = base_json_object();
        slot_name(secrets, i, slot);
        base_json_add_str(item, "name", slot);
        base_json_add_str(item, "held", watch_holder_name(holders[i]));
        end_add(engine, item, secrets->list.items[i].expires_us);
        base_json_push_take(array, item);
    }
    free(holders);
}

/* --- warnings --- */

static void warn(struct engine *engine, const struct engine_secrets *secrets, size_t index,
                 enum watch_holder holder, int threshold)
{
    cJSON *json = secret_json(engine, secrets, index, holder);
    base_json_add_i64(json, "threshold", threshold);
    base_log_event(engine->log, LOG_WARN_, "secret.expiry", "name",
                   base_json_str_or(json, "slot", ""), "expires", base_json_str(json, "expires"),
                   "limit", base_log_i64(engine->log, threshold), NULL);
    engine_event(engine, "secret.expiry", json);
}

/* Each threshold is said once for each secret, also across restarts. */
static void look(struct engine *engine, struct engine_secrets *secrets)
{
    int64_t now = base_seam_now_us(engine->seam);
    cJSON *warned = NULL, *kept = base_json_object();
    enum watch_holder *holders = base_alloc_zero(secrets->list.count + 1, sizeof *holders);
    bool changed = false;
    secrets->looked_us = now;
    if (secrets->list.count)
        warned = engine_fact_get(engine, WARNED_FACT);
    holders_fill(engine, secrets, holders);
    for (size_t i = 0; i < secrets->list.count; i++) {
        const struct databricks_secret_info *info = &secrets->list.items[i];
        int threshold = watch_secret_threshold(info->expires_us, now);
        int64_t before = base_json_i64_or(warned, info->id, -1);
        if (threshold < 0)
            continue;
        if (before < 0 || threshold < before) {
            warn(engine, secrets, i, holders[i], threshold);
            changed = true;
        }
        base_json_add_i64(kept, info->id, threshold);
    }
    if (changed) {
        engine_fact_put(engine, WARNED_FACT, kept);
        engine_snapshot_soon(engine);
    }
    free(holders);
    cJSON_Delete(warned);
    cJSON_Delete(kept);
}

/* --- reading --- */

static cJSON *answer_json(struct engine *engine);

static void waiting_answer(struct engine *engine, struct engine_secrets *secrets)
{
    struct secrets_ask *waiting = secrets->waiting;
    secrets->waiting = NULL;
    while (waiting) {
        struct secrets_ask *next = waiting->next;
        engine_ask_reply(&waiting->ask, answer_json(engine));
        waiting = next;
    }
}

static void read_end(struct engine *engine, struct engine_secrets *secrets, const struct err *err)
{
    secrets->call = NULL;
    secrets->err = err ? *err : ERR_INIT;
    if (err)
        base_log_event(engine->log, LOG_INFO_, "secrets.unread", "code", base_err_name(err->code),
                       "message", err->message, NULL);
    look(engine, secrets);
    waiting_answer(engine, secrets);
}

static void on_list(void *user, const struct err *err, struct databricks_secret_infos *list)
{
    struct engine *engine = user;
    struct engine_secrets *secrets = engine->secrets;
    if (list) {
        databricks_secret_infos_free(&secrets->list);
        secrets->list = *list;
        *list = (struct databricks_secret_infos){0};
        secrets->read_us = base_seam_now_us(engine->seam);
        known_store(engine, secrets);
        databricks_identity_secret_ends(engine->db, DATABRICKS_PRINCIPAL,
                                        engine_secrets_end_us(engine));
        engine_snapshot_soon(engine);
    }
    read_end(engine, secrets, err);
}

static void list_start(struct engine *engine, struct engine_secrets *secrets)
{
    secrets->call = databricks_principal_secrets(engine->db, secrets->as, secrets->principal_id,
                                                 on_list, engine);
}

static void id_known(struct engine *engine, const char *id, const struct err *err)
{
    struct engine_secrets *secrets = engine->secrets;
    secrets->call = NULL;
    if (err || id == NULL) {
        read_end(engine, secrets, err);
        return;
    }
    secrets->principal_id = base_strdup(id);
    list_start(engine, secrets);
}

static void on_principal(void *user, const struct err *err, struct databricks_principal *principal)
{
    id_known(user, principal ? principal->id : NULL, err);
}

static void on_me(void *user, const struct err *err, struct databricks_me *me)
{
    id_known(user, me ? me->id : NULL, err);
}

/* Starts reading unless it is under way. -1 with err: there is nobody to read as. */
static int read_start(struct engine *engine, struct engine_secrets *secrets, struct err *err)
{
    const char *client_id = config_get(engine->profile, CONFIG_PRINCIPAL_CLIENT_ID);
    const char *id = config_get(engine->profile, CONFIG_PRINCIPAL_ID);
    if (secrets->call)
        return 0;
    if (engine_need(engine, ENGINE_NEED_WORKSPACE, err) != 0)
        return -1;
    secrets->tried_us = base_seam_now_us(engine->seam);
    secrets->as = databricks_identity_known(engine->db, DATABRICKS_OBSERVER) ? DATABRICKS_OBSERVER
                                                                             : DATABRICKS_PRINCIPAL;
    free(secrets->client_id);
    secrets->client_id = base_strdup(client_id);
    if (secrets->principal_id == NULL)
        secrets->principal_id = base_strdup(id && *id ? id : NULL);
    if (secrets->principal_id)
        list_start(engine, secrets);
    else if (secrets->as == DATABRICKS_OBSERVER)
        secrets->call =
            databricks_principal_find(engine->db, secrets->as, client_id, on_principal, engine);
    else
        secrets->call = databricks_workspace_me(engine->db, secrets->as, on_me, engine);
    return 0;
}

void engine_secrets_tick(struct engine *engine)
{
    struct engine_secrets *secrets = secrets_of(engine);
    struct err err = ERR_INIT;
    int64_t now = base_seam_now_us(engine->seam);
    if (now - secrets->looked_us >= LOOK_EVERY_US || now < secrets->looked_us)
        look(engine, secrets);
    if (engine->db == NULL || engine->rebuild_wanted || engine->stopping || engine->recovering ||
        !databricks_identity_known(engine->db, DATABRICKS_PRINCIPAL))
        return;
    if (secrets->seen_us == 0)
        secrets->seen_us = now;
    int64_t after = secrets->err.code != ERR_OK ? RETRY_AFTER_US : AGAIN_AFTER_US;
    bool due = secrets->tried_us == 0 ? now - secrets->seen_us >= FIRST_AFTER_US
                                      : now - secrets->tried_us >= after;
    if (due && read_start(engine, secrets, &err) != 0)
        secrets->tried_us = now;
}

void engine_secrets_disconnect(struct engine *engine)
{
    struct engine_secrets *secrets = engine->secrets;
    if (secrets == NULL)
        return;
    databricks_cancel(&secrets->call);
    secrets->seen_us = secrets->tried_us = 0;
    waiting_answer(engine, secrets);
}

void engine_secrets_free(struct engine *engine)
{
    if (engine->secrets == NULL)
        return;
    list_drop(engine->secrets);
    base_free(&engine->secrets);
}

/* --- verbs --- */

static void workspace_add(struct engine *engine, const struct engine_secrets *secrets, cJSON *json)
{
    enum watch_holder *holders = base_alloc_zero(secrets->list.count + 1, sizeof *holders);
    cJSON *array = base_json_add_array(json, "workspace");
    holders_fill(engine, secrets, holders);
    for (size_t i = 0; secrets->read_us && i < secrets->list.count; i++)
        base_json_push_take(array, secret_json(engine, secrets, i, holders[i]));
    free(holders);
    base_json_add_time(json, "read", secrets->read_us);
    base_json_add_str(json, "read_as",
                      secrets->read_us ? databricks_identity_name(secrets->as) : NULL);
    base_json_add_i64(json, "slots_max", WATCH_SECRET_SLOTS);
    if (secrets->err.code != ERR_OK)
        base_json_add_take(json, "not_readable", base_err_to_json(&secrets->err));
    base_json_add_bool(json, "observer",
                       engine->db && databricks_identity_known(engine->db, DATABRICKS_OBSERVER));
}

static cJSON *answer_json(struct engine *engine)
{
    struct engine_secrets *secrets = secrets_of(engine);
    cJSON *json = base_json_object();
    base_json_add_time(json, "time", base_seam_now_us(engine->seam));
    base_json_add_str(json, "vault", store_vault_kind_name(store_vault_kind(engine->vault)));
    vault_add(engine, secrets, base_json_add_array(json, "secrets"), true);
    cJSON *principal = base_json_add_object(json, "principal");
    base_json_add_str(principal, "application_id",
                      config_get(engine->profile, CONFIG_PRINCIPAL_CLIENT_ID));
    base_json_add_str(principal, "id",
                      secrets->principal_id ? secrets->principal_id
                                            : config_get(engine->profile, CONFIG_PRINCIPAL_ID));
    workspace_add(engine, secrets, json);
    return json;
}

void engine_verb_secrets_list(struct engine *engine, struct ipc_call *call, const cJSON *params)
{
    struct engine_secrets *secrets = secrets_of(engine);
    struct err err = ERR_INIT;
    /* known: what is known, at once; it may be read anew by the next call. */
    bool refresh = !base_json_bool_or(params, "known", false) &&
                   (base_json_bool_or(params, "refresh", false) || secrets->tried_us == 0);
    if (engine->vault == NULL) {
        engine_fail(engine, call, &engine->vault_err);
        return;
    }
    if (refresh && read_start(engine, secrets, &err) != 0)
        secrets->err = err;
    if (!refresh || secrets->call == NULL) {
        engine_reply(engine, call, answer_json(engine));
        return;
    }
    struct secrets_ask *ask = engine_ask_new(engine, call, sizeof *ask, NULL);
    ask->next = secrets->waiting;
    secrets->waiting = ask;
}

/* secrets.check: a token is asked for with the secret as it lies in the vault, past every token
 * that is still good. */
struct secret_check {
    struct engine_ask ask;
    struct net_token *token;
    struct net_token_wait *wait;
    uint64_t answer; /* timer */
    char name[64];
    int64_t began_us;
    struct err err;
    bool good;
};

static void check_free(struct engine_ask *ask)
{
    struct secret_check *check = (struct secret_check *)ask;
    net_loop_cancel_timer(ask->engine->loop, check->answer);
    net_token_cancel(&check->wait);
    net_token_free(&check->token);
}

/* Not from inside the token's own callback. */
static void check_answer(void *user)
{
    struct secret_check *check = user;
    struct engine *engine = check->ask.engine;
    cJSON *json = base_json_object();
    base_json_add_str(json, "name", check->name);
    base_json_add_bool(json, "good", check->good);
    base_json_add_i64(json, "ms", (base_seam_mono_us(engine->seam) - check->began_us) / 1000);
    if (!check->good)
        base_json_add_take(json, "error", base_err_to_json(&check->err));
    engine_ask_reply(&check->ask, json);
}

static void on_token(void *user, const struct secret *bearer, const struct err *err)
{
    struct secret_check *check = user;
    check->wait = NULL;
    check->good = bearer != NULL;
    if (err)
        check->err = *err;
    check->answer = net_loop_after(check->ask.engine->loop, 0, check_answer, check);
}

void engine_verb_secrets_check(struct engine *engine, struct ipc_call *call, const cJSON *params)
{
    const char *name = base_json_str_or(params, "name", ENGINE_SECRET_PRINCIPAL);
    bool observer = strcmp(name, ENGINE_SECRET_OBSERVER) == 0;
    const struct secret *secret = engine->vault ? store_vault_peek(engine->vault, name) : NULL;
    const char *id = config_get(engine->profile,
                                observer ? CONFIG_OBSERVER_CLIENT_ID : CONFIG_PRINCIPAL_CLIENT_ID);
    struct err err = ERR_INIT;
    if (!observer && strcmp(name, ENGINE_SECRET_PRINCIPAL) != 0)
        base_err_set(&err, ERR_USAGE, "there is no secret \"%s\" to ask a token with", name);
    else if (engine_need(engine, ENGINE_NEED_WORKSPACE, &err) == 0 && (!secret || !id))
        base_err_set(&err, ERR_CONFIG_MISSING, "the %s is not set up", name);
    if (err.code != ERR_OK) {
        engine_fail(engine, call, &err);
        return;
    }
    struct secret_check *check = engine_ask_new(engine, call, sizeof *check, check_free);
    snprintf(check->name, sizeof check->name, "%s", name);
    check->began_us = base_seam_mono_us(engine->seam);
    check->token = net_token_oauth(databricks_http(engine->db), id, secret);
    if (!observer)
        net_token_secret_ends(check->token, engine_secrets_end_us(engine));
    check->wait = net_token_get(check->token, on_token, check);
}
