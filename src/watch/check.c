#include "watch/check.h"

#include "net/limit.h"
#include "watch/private.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define EVIDENCE_TEXT_MAX 400
#define EVIDENCE_ITEMS_MAX 100

const char *watch_state_name(enum watch_state state)
{
    static const char *const names[] = {"ok", "FAIL", "WARN", "MISSING", "not reached", "none"};
    return names[state];
}

const char *watch_state_id(enum watch_state state)
{
    static const char *const ids[] = {"ok", "fail", "warn", "fail", "not_reached", "none"};
    return ids[state];
}

static const struct watch_step *steps_of(enum watch_kind kind)
{
    static const struct watch_step *const steps[WATCH_KINDS] = {
        watch_steps_workspace, watch_steps_principal, watch_steps_secret,
        watch_steps_warehouse, watch_steps_tables,    watch_steps_destination,
        watch_chain_here,      watch_chain_workspace, watch_chain_destination};
    return steps[kind];
}

const char *watch_layer_name(enum watch_kind kind, size_t index)
{
    const struct watch_step *step = steps_of(kind);
    while (index > 0 && step->name) {
        step++;
        index--;
    }
    return step->name;
}

/* What the other side says of itself is as long as it likes; a report has to fit into a message. */
static void evidence_trim(cJSON *item)
{
    if (cJSON_IsString(item) && strlen(item->valuestring) > EVIDENCE_TEXT_MAX) {
        char *cut = base_text_clean_dup(item->valuestring, EVIDENCE_TEXT_MAX);
        if (cJSON_SetValuestring(item, cut) == NULL)
            bug("out of memory");
        free(cut);
    }
    while (cJSON_IsArray(item) && cJSON_GetArraySize(item) > EVIDENCE_ITEMS_MAX)
        cJSON_DeleteItemFromArray(item, EVIDENCE_ITEMS_MAX);
    for (cJSON *child = item ? item->child : NULL; child; child = child->next)
        evidence_trim(child);
}

static void tell(struct watch_check *check, const char *name, enum watch_state state,
                 const struct err *err, int64_t us, const char *text)
{
    char *clean = base_text_clean_dup(text, 400);
    evidence_trim(check->evidence);
    struct watch_layer layer = {
        .name = name, .state = state, .text = clean, .ms = us / 1000, .evidence = check->evidence};
    if (err)
        layer.err = *err;
    check->listener.layer(check->listener.user, &layer);
    free(clean);
}

/* What a layer has under way, whoever began it. */
static void stop(struct watch_check *check)
{
    net_loop_cancel_timer(check->loop, check->timer);
    net_loop_cancel_timer(check->loop, check->again);
    check->timer = check->again = 0;
    net_token_cancel(&check->wait);
    net_http_cancel(&check->call);
    databricks_cancel(&check->ask);
    watch_job_drop(&check->job);
    if (check->place)
        check->place->check = NULL;
    check->place = NULL;
}

cJSON *watch_evidence(struct watch_check *check)
{
    if (check->evidence == NULL)
        check->evidence = base_json_object();
    return check->evidence;
}

static void evidence_forget(struct watch_check *check)
{
    cJSON_Delete(check->evidence);
    check->evidence = NULL;
}

static void rest_not_reached(struct watch_check *check)
{
    evidence_forget(check);
    for (check->at++; check->at < check->count; check->at++)
        tell(check, check->steps[check->at].name, WATCH_NOT_REACHED, NULL, 0, "");
}

static void finish(void *user)
{
    struct watch_check *check = user;
    check->timer = 0;
    check->listener.done(check->listener.user);
}

static void too_late(void *user)
{
    struct watch_check *check = user;
    struct err err = ERR_INIT;
    check->timer = 0;
    if (check->limit && net_limit_look(check->limit).paused_until_us) {
        base_err_set(&err, ERR_SRC_RATE_LIMIT, "the workspace has asked us to wait");
        watch_end(check, WATCH_FAIL, &err, "not asked: the workspace wants us to wait");
        return;
    }
    base_err_set(&err, ERR_NET_STALL, "no answer within %d s", WATCH_LAYER_MS / 1000);
    base_err_hint(&err, "Check again with `c`; if it stays so, what answers here is down or far "
                        "too slow.");
    watch_end(check, WATCH_FAIL, &err, "no answer within %d s", WATCH_LAYER_MS / 1000);
}

static void next(void *user)
{
    struct watch_check *check = user;
    check->timer = net_loop_after(check->loop, WATCH_LAYER_MS, too_late, check);
    check->began_us = base_seam_mono_us(check->seam);
    check->took_us = -1;
    evidence_forget(check);
    if (check->listener.begin)
        check->listener.begin(check->listener.user, check->steps[check->at].name);
    check->steps[check->at].look(check);
}

void watch_end(struct watch_check *check, enum watch_state state, const struct err *err,
               const char *fmt, ...)
{
    struct err kept = err ? *err : ERR_INIT; /* may lie in what stop() frees */
    int64_t took =
        check->took_us >= 0 ? check->took_us : base_seam_mono_us(check->seam) - check->began_us;
    va_list args;
    va_start(args, fmt);
    char *text = base_vprintf(fmt, args);
    va_end(args);
    stop(check);
    tell(check, check->steps[check->at].name, state, &kept, took, text);
    free(text);
    if (state == WATCH_FAIL || state == WATCH_MISSING)
        rest_not_reached(check);
    else
        check->at++;
    check->over = check->at == check->count;
    check->timer = net_loop_after(check->loop, 0, check->over ? finish : next, check);
}

void watch_more(struct watch_check *check, const char *name, enum watch_state state,
                const struct err *err, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *text = base_vprintf(fmt, args);
    va_end(args);
    tell(check, name, state, err, 0, text);
    free(text);
}

struct watch_check *watch_check_new(enum watch_kind kind, const struct watch_target *target,
                                    const struct watch_listener *listener)
{
    struct watch_check *check = base_alloc_zero(1, sizeof *check);
    check->kind = kind;
    check->listener = *listener;
    check->loop = target->loop;
    check->seam = target->seam;
    check->log = target->log;
    check->limit = target->limit;
    check->steps = steps_of(kind);
    while (check->steps[check->count].name && (!target->layers || check->count < target->layers))
        check->count++;
    check->self = target->self;
    check->host = base_strdup(target->host);
    check->ca_file = base_strdup(target->ca_file);
    check->proxy = base_strdup(target->proxy);
    check->user_agent = base_strdup(target->user_agent);
    check->client_id = base_strdup(target->client_id);
    check->warehouse_id = base_strdup(target->warehouse);
    check->destination = base_strdup(target->destination);
    check->proxy_login = target->proxy_login ? base_secret_dup(target->proxy_login) : NULL;
    check->secret = target->secret ? base_secret_dup(target->secret) : NULL;
    check->secret_expires_us = target->secret_expires_us;
    check->may_start = target->may_start;
    check->start = target->start;
    if (target->share)
        check->share = model_share_dup(target->share);
    check->timer = net_loop_after(check->loop, 0, next, check);
    return check;
}

void watch_check_free(struct watch_check **check)
{
    struct watch_check *gone = *check;
    if (gone == NULL)
        return;
    stop(gone);
    evidence_forget(gone);
    watch_chain_forget(gone);
    net_token_free(&gone->token);
    databricks_free(&gone->db);
    databricks_warehouse_free(&gone->warehouse);
    model_share_free(&gone->share);
    base_secret_free(&gone->secret);
    base_secret_free(&gone->proxy_login);
    free(gone->host);
    free(gone->origin);
    free(gone->url_workspace_id);
    free(gone->ca_file);
    free(gone->proxy);
    free(gone->user_agent);
    free(gone->client_id);
    free(gone->warehouse_id);
    free(gone->destination);
    base_free(check);
}
