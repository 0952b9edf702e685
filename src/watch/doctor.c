#include "watch/doctor.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"
#include "watch/private.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define KEPT_MAX 8

static const struct {
    const char *id;
    enum watch_kind kind;
} chains[WATCH_CHAINS] = {{"here", WATCH_CHAIN_HERE},
                          {"workspace", WATCH_CHAIN_WORKSPACE},
                          {"destination", WATCH_CHAIN_DESTINATION}};

/* A layer as it was told, kept until it is known what to make of it. */
struct kept {
    const char *name;
    char *text;
    struct watch_layer layer;
    cJSON *evidence;
};

struct watch_part {
    struct watch_doctor *doctor;
    size_t chain;
    struct watch_check *check;
    bool over;
};

struct watch_doctor {
    struct watch_doctor_listener listener;
    struct net_loop *loop;
    uint64_t timer;
    struct watch_part parts[WATCH_CHAINS];
    const struct watch_self *self;
    /* The engine fails: what is behind it is looked at before a word is said of it, because it may
     * be the reason, and does not need it. */
    bool hold;
    struct kept kept[KEPT_MAX];
    size_t kept_count;
};

const char *watch_chain_id(size_t chain)
{
    return chains[chain].id;
}

enum watch_kind watch_chain_kind(size_t chain)
{
    return chains[chain].kind;
}

static size_t layers_of(size_t chain)
{
    size_t count = 0;
    while (watch_layer_name(chains[chain].kind, count))
        count++;
    return count;
}

int watch_doctor_asked(const char *only, size_t asked[WATCH_CHAINS], struct err *err)
{
    bool found = only == NULL;
    for (size_t i = 0; i < WATCH_CHAINS; i++) {
        bool whole = only == NULL || strcmp(only, chains[i].id) == 0;
        asked[i] = whole ? layers_of(i) : 0;
        found = found || whole;
        for (size_t j = 0; !whole && watch_layer_name(chains[i].kind, j); j++) {
            if (strcmp(only, watch_layer_name(chains[i].kind, j)) != 0)
                continue;
            asked[i] = j + 1;
            found = true;
        }
    }
    if (found)
        return 0;
    base_err_set(err, ERR_USAGE, "the doctor has no layer and no chain \"%s\"", only);
    base_err_hint(err, "here: engine host state vault; workspace: dns proxy tcp tls ip_list token "
                       "assignment entitlement warehouse unity_catalog result_hosts; destination: "
                       "access data");
    return -1;
}

void watch_fail(struct watch_check *check, const struct err *err)
{
    struct err kept = *err;
    watch_end(check, WATCH_FAIL, &kept, "%s", kept.message);
}

void watch_chain_forget(struct watch_check *check)
{
    watch_landing_free(&check->landing);
    databricks_me_free(&check->me);
    databricks_statement_free(&check->statement);
    cJSON_Delete(check->warehouses);
    check->warehouses = NULL;
}

/* --- what is behind an engine that does not answer */

static void keep(struct watch_doctor *doctor, const struct watch_layer *layer)
{
    if (doctor->kept_count == KEPT_MAX)
        return;
    struct kept *kept = &doctor->kept[doctor->kept_count++];
    kept->layer = *layer;
    kept->text = base_strdup(layer->text);
    kept->evidence = layer->evidence ? cJSON_Duplicate(layer->evidence, true) : NULL;
    kept->layer.text = kept->text;
    kept->layer.evidence = kept->evidence;
}

static const struct watch_layer *kept_failure(const struct watch_doctor *doctor)
{
    for (size_t i = 1;
         doctor->kept[0].layer.err.code == ERR_ENGINE_UNREACHABLE && i < doctor->kept_count; i++)
        if (doctor->kept[i].layer.state == WATCH_FAIL)
            return &doctor->kept[i].layer;
    return NULL;
}

/* The engine is the first failure, unless something behind it fails: then that keeps it from
 * running, and the engine is only the sign of it. */
static void kept_tell(struct watch_doctor *doctor)
{
    const struct watch_layer *cause = kept_failure(doctor);
    for (size_t i = 0; i < doctor->kept_count; i++) {
        struct watch_layer layer = doctor->kept[i].layer;
        char *text = NULL;
        if (i == 0 && cause) {
            layer.state = WATCH_WARN;
            text = base_printf("%s; see %s below", layer.text, cause->name);
            layer.text = text;
        } else if (i == 0) {
            layer.state = WATCH_FAIL;
        }
        bool known = i > 0 && !cause && layer.state != WATCH_NOT_REACHED;
        doctor->listener.layer(doctor->listener.user, 0, &layer, known);
        free(text);
    }
}

static void kept_free(struct watch_doctor *doctor)
{
    for (size_t i = 0; i < doctor->kept_count; i++) {
        free(doctor->kept[i].text);
        cJSON_Delete(doctor->kept[i].evidence);
    }
    doctor->kept_count = 0;
}

/* --- the chains */

static void on_begin(void *user, const char *name)
{
    struct watch_part *part = user;
    struct watch_doctor *doctor = part->doctor;
    if (doctor->listener.begin && !(doctor->hold && part->chain == 0))
        doctor->listener.begin(doctor->listener.user, part->chain, name);
}

static void on_layer(void *user, const struct watch_layer *layer)
{
    struct watch_part *part = user;
    struct watch_doctor *doctor = part->doctor;
    if (doctor->hold && part->chain == 0)
        keep(doctor, layer);
    else
        doctor->listener.layer(doctor->listener.user, part->chain, layer, false);
}

static void over(void *user)
{
    struct watch_doctor *doctor = user;
    doctor->timer = 0;
    doctor->listener.done(doctor->listener.user);
}

static void part_over(struct watch_part *part)
{
    struct watch_doctor *doctor = part->doctor;
    bool all = true;
    part->over = true;
    for (size_t i = 0; i < WATCH_CHAINS; i++)
        all &= doctor->parts[i].over;
    if (all && doctor->timer == 0)
        doctor->timer = net_loop_after(doctor->loop, 0, over, doctor);
}

static void on_done(void *user)
{
    struct watch_part *part = user;
    struct watch_doctor *doctor = part->doctor;
    if (doctor->hold && part->chain == 0)
        kept_tell(doctor);
    part_over(part);
}

static void part_begin(struct watch_doctor *doctor, size_t chain, const struct watch_target *target,
                       size_t asked)
{
    struct watch_part *part = &doctor->parts[chain];
    struct watch_listener listener = {on_layer, on_done, part, on_begin};
    struct watch_target mine = *target;
    part->doctor = doctor;
    part->chain = chain;
    mine.layers = asked;
    if (asked)
        part->check = watch_check_new(chains[chain].kind, &mine, &listener);
    else
        part->over = true;
}

struct watch_doctor *watch_doctor_new(const struct watch_target *target,
                                      const size_t asked[WATCH_CHAINS],
                                      const struct watch_doctor_listener *listener)
{
    struct watch_doctor *doctor = base_alloc_zero(1, sizeof *doctor);
    const struct watch_engine *engine = target->self->engine;
    doctor->listener = *listener;
    doctor->loop = target->loop;
    doctor->self = target->self;
    const struct err *profile_err = target->self->profile_err;
    doctor->hold = asked[0] > 1 && ((engine && engine->err.code != ERR_OK) ||
                                    (profile_err && profile_err->code != ERR_OK));
    for (size_t i = 0; i < WATCH_CHAINS; i++)
        part_begin(doctor, i, target, asked[i]);
    if (!asked[0] && !asked[1] && !asked[2])
        doctor->timer = net_loop_after(doctor->loop, 0, over, doctor);
    return doctor;
}

void watch_doctor_free(struct watch_doctor **doctor_ptr)
{
    struct watch_doctor *doctor = *doctor_ptr;
    if (doctor == NULL)
        return;
    net_loop_cancel_timer(doctor->loop, doctor->timer);
    for (size_t i = 0; i < WATCH_CHAINS; i++)
        watch_check_free(&doctor->parts[i].check);
    kept_free(doctor);
    base_free(doctor_ptr);
}
