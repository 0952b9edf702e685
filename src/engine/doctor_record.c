#include "engine/doctor.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/layer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct doctor_record {
    cJSON *json, *known;
    int64_t began_us;
};

/* A layer nobody has looked at. */
static cJSON *layer_new(const char *id, const char *state)
{
    char title[32];
    cJSON *json = base_json_object();
    base_json_add_str(json, "layer", id);
    base_json_add_str(json, "title", base_layer_title(id, title));
    base_json_add_str(json, "state", state);
    base_json_add_str(json, "text", "");
    return json;
}

static void known_add(const struct doctor_record *record, cJSON *layer, const char *id)
{
    const cJSON *known = base_json_get(record->known, id);
    base_json_add_take(layer, "last_known",
                       cJSON_IsObject(known) ? cJSON_Duplicate(known, true) : cJSON_CreateNull());
}

struct doctor_record *doctor_record_new(const char *profile, const char *by, int64_t job,
                                        int64_t began_us, const char *const about[WATCH_CHAINS],
                                        const cJSON *known)
{
    struct doctor_record *record = base_alloc_zero(1, sizeof *record);
    cJSON *json = record->json = base_json_object();
    record->known = cJSON_IsObject(known) ? cJSON_Duplicate(known, true) : base_json_object();
    record->began_us = began_us;
    base_json_add_str(json, "profile", profile);
    base_json_add_bool(json, "running", began_us != 0);
    base_json_add_i64(json, "job", job);
    base_json_add_time(json, "began", began_us);
    base_json_add_str(json, "by", by);
    base_json_add_take(json, "first_failure", cJSON_CreateNull());
    cJSON *chains = base_json_add_array(json, "chains");
    for (size_t i = 0; i < WATCH_CHAINS; i++) {
        cJSON *chain = base_json_object();
        base_json_add_str(chain, "chain", watch_chain_id(i));
        if (about && about[i])
            base_json_add_str(chain, "about", about[i]);
        else
            base_json_add_take(chain, "about", cJSON_CreateNull());
        cJSON *layers = base_json_add_array(chain, "layers");
        const char *id;
        for (size_t j = 0; (id = watch_layer_name(watch_chain_kind(i), j)) != NULL; j++) {
            cJSON *layer = layer_new(id, "not_asked");
            base_json_add_take(layer, "error", cJSON_CreateNull());
            base_json_add_take(layer, "evidence", base_json_object());
            known_add(record, layer, id);
            base_json_push_take(layers, layer);
        }
        base_json_push_take(chains, chain);
    }
    return record;
}

void doctor_record_free(struct doctor_record **record_ptr)
{
    struct doctor_record *record = *record_ptr;
    if (record == NULL)
        return;
    cJSON_Delete(record->json);
    cJSON_Delete(record->known);
    base_free(record_ptr);
}

static cJSON *chain_of(const struct doctor_record *record, size_t chain)
{
    cJSON *chains = cJSON_GetObjectItemCaseSensitive(record->json, "chains");
    return cJSON_GetArrayItem(chains, (int)chain);
}

static cJSON *layers_of(struct doctor_record *record, size_t chain)
{
    return cJSON_GetObjectItemCaseSensitive(chain_of(record, chain), "layers");
}

static const cJSON *layer_put(struct doctor_record *record, size_t chain, cJSON *take_layer)
{
    const char *id = base_json_str(take_layer, "layer");
    cJSON *layers = layers_of(record, chain), *one;
    int index = 0;
    cJSON_ArrayForEach(one, layers)
    {
        if (strcmp(base_json_str_or(one, "layer", ""), id) == 0)
            break;
        index++;
    }
    if (one == NULL)
        bug("the doctor has no layer \"%s\"", id);
    cJSON_ReplaceItemInArray(layers, index, take_layer);
    return take_layer;
}

const cJSON *doctor_record_begin(struct doctor_record *record, size_t chain, const char *layer)
{
    cJSON *json = layer_new(layer, "running");
    base_json_add_take(json, "error", cJSON_CreateNull());
    base_json_add_take(json, "evidence", base_json_object());
    known_add(record, json, layer);
    return layer_put(record, chain, json);
}

/* What is said on the telephone; the layer's own text is for the list. */
static const char *phrase_of(const struct watch_layer *layer)
{
    switch (layer->err.code) {
    case ERR_SRC_IP_BLOCKED:
        return "this host is refused";
    case ERR_ENGINE_UNREACHABLE:
    case ERR_OK:
        return layer->text;
    default:
        return layer->err.message;
    }
}

static int rank(size_t chain, int index)
{
    return (int)chain * 100 + index;
}

static int index_of(size_t chain, const char *layer)
{
    const char *id;
    for (size_t i = 0; (id = watch_layer_name(watch_chain_kind(chain), i)) != NULL; i++)
        if (strcmp(id, layer) == 0)
            return (int)i;
    return -1;
}

static size_t chain_by_id(const char *id)
{
    size_t chain = 0;
    while (chain + 1 < WATCH_CHAINS && strcmp(watch_chain_id(chain), id) != 0)
        chain++;
    return chain;
}

/* The chains run at the same time: the first in the order of the list counts, not the first seen.
 */
static void first_failure(struct doctor_record *record, size_t chain,
                          const struct watch_layer *layer)
{
    const cJSON *now = base_json_get(record->json, "first_failure");
    if (cJSON_IsObject(now)) {
        size_t before = chain_by_id(base_json_str_or(now, "chain", ""));
        if (rank(before, index_of(before, base_json_str_or(now, "layer", ""))) <
            rank(chain, index_of(chain, layer->name)))
            return;
    }
    cJSON *json = base_json_object();
    base_json_add_str(json, "chain", watch_chain_id(chain));
    base_json_add_str(json, "layer", layer->name);
    base_json_add_str(json, "code", base_err_name(layer->err.code));
    base_json_add_str(json, "class", base_err_class_name(base_err_class(layer->err.code)));
    base_json_add_str(json, "text", phrase_of(layer));
    base_json_add_str(json, "hint", base_err_hint_text(&layer->err));
    cJSON_ReplaceItemInObjectCaseSensitive(record->json, "first_failure", json);
}

static cJSON *error_json(const struct err *err)
{
    return err->code == ERR_OK ? cJSON_CreateNull() : base_err_to_json(err);
}

/* Remembered for the times when it cannot be reached; with the address that it was seen of. */
static void known_keep(struct doctor_record *record, size_t chain, const struct watch_layer *layer,
                       int64_t now_us)
{
    const char *about = base_json_str(chain_of(record, chain), "about");
    cJSON *known = base_json_object();
    base_json_add_str(known, "state", watch_state_id(layer->state));
    base_json_add_str(known, "text", layer->text);
    base_json_add_time(known, "at", now_us);
    if (about)
        base_json_add_str(known, "about", about);
    cJSON_DeleteItemFromObjectCaseSensitive(record->known, layer->name);
    base_json_add_take(record->known, layer->name, known);
}

const cJSON *doctor_record_layer(struct doctor_record *record, size_t chain,
                                 const struct watch_layer *layer, bool known, int64_t now_us)
{
    bool reached = layer->state != WATCH_NOT_REACHED && !known;
    cJSON *json =
        layer_new(layer->name, watch_state_id(reached ? layer->state : WATCH_NOT_REACHED));
    bool fails = reached && (layer->state == WATCH_FAIL || layer->state == WATCH_MISSING);
    if (reached) {
        cJSON_ReplaceItemInObjectCaseSensitive(json, "text", cJSON_CreateString(layer->text));
        base_json_add_i64(json, "ms", layer->ms);
    }
    base_json_add_take(json, "error", reached ? error_json(&layer->err) : cJSON_CreateNull());
    base_json_add_take(json, "evidence",
                       layer->evidence ? cJSON_Duplicate(layer->evidence, true)
                                       : base_json_object());
    if (known)
        known_keep(record, chain, layer, now_us);
    known_add(record, json, layer->name);
    if (reached)
        known_keep(record, chain, layer, now_us);
    if (fails)
        first_failure(record, chain, layer);
    return layer_put(record, chain, json);
}

void doctor_record_end(struct doctor_record *record, int64_t now_us)
{
    cJSON_ReplaceItemInObjectCaseSensitive(record->json, "running", cJSON_CreateFalse());
    base_json_add_time(record->json, "ended", now_us);
    base_json_add_i64(record->json, "took_ms", (now_us - record->began_us) / 1000);
}

const cJSON *doctor_record_json(const struct doctor_record *record)
{
    return record->json;
}

const cJSON *doctor_record_known(const struct doctor_record *record)
{
    return record->known;
}

int doctor_record_exit(const struct doctor_record *record)
{
    const cJSON *first = base_json_get(record->json, "first_failure"), *chain, *layer;
    if (cJSON_IsObject(first))
        return strcmp(base_json_str_or(first, "class", ""), "perm") == 0 ? 4 : 1;
    cJSON_ArrayForEach(chain, base_json_array(record->json, "chains"))
    {
        cJSON_ArrayForEach(layer, base_json_array(chain, "layers"))
        {
            if (strcmp(base_json_str_or(layer, "state", ""), "warn") == 0)
                return 3;
        }
    }
    return 0;
}
