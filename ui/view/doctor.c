#include "ui/view/doctor.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/seam.h"
#include "ui/view/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const state_ids[VIEW_DOCTOR_STATES] = {
    "ok", "none", "warn", "fail", "not_reached", "running", "not_asked"};

static enum view_doctor_state state_of(const cJSON *json)
{
    const char *id = base_json_str_or(json, "state", "");
    for (int i = 0; i < VIEW_DOCTOR_STATES; i++)
        if (strcmp(id, state_ids[i]) == 0)
            return (enum view_doctor_state)i;
    return VIEW_DOCTOR_NOT_ASKED;
}

static int64_t time_of(const cJSON *json, const char *key)
{
    const char *text = base_json_str(json, key);
    int64_t us = 0;
    return text && base_time_parse(text, &us) == 0 ? us : 0;
}

static const cJSON *object_of(const cJSON *json, const char *key)
{
    const cJSON *member = base_json_get(json, key);
    return cJSON_IsObject(member) ? member : NULL;
}

static void layer_read(struct view_doctor_layer *layer, const cJSON *json, const char *about)
{
    const cJSON *last = object_of(json, "last_known");
    const char *seen_of = base_json_str(last, "about");
    bool same = seen_of == NULL || (about && strcmp(seen_of, about) == 0);
    *layer = (struct view_doctor_layer){.id = base_json_str_or(json, "layer", ""),
                                        .title = base_json_str_or(json, "title", ""),
                                        .state = state_of(json),
                                        .text = base_json_str_or(json, "text", ""),
                                        .ms = base_json_i64_or(json, "ms", -1),
                                        .error = object_of(json, "error"),
                                        .evidence = object_of(json, "evidence"),
                                        .has_last = last != NULL,
                                        .last_state = state_of(last),
                                        .last_text = base_json_str_or(last, "text", ""),
                                        .last_about = same ? NULL : seen_of,
                                        .last_us = time_of(last, "at")};
}

static void chain_read(struct view_doctor_chain *chain, const cJSON *json)
{
    const cJSON *item;
    *chain = (struct view_doctor_chain){.id = base_json_str_or(json, "chain", ""),
                                        .about = base_json_str(json, "about")};
    cJSON_ArrayForEach(item, base_json_array(json, "layers"))
    {
        if (chain->count < VIEW_DOCTOR_LAYERS && cJSON_IsObject(item))
            layer_read(&chain->layers[chain->count++], item, chain->about);
    }
}

static void sum_up(struct view_doctor *doctor)
{
    doctor->first = NULL;
    doctor->first_chain = NULL;
    doctor->fails = doctor->warns = 0;
    for (size_t i = 0; i < doctor->count; i++) {
        const struct view_doctor_chain *chain = &doctor->chains[i];
        for (size_t j = 0; j < chain->count; j++) {
            const struct view_doctor_layer *layer = &chain->layers[j];
            doctor->warns += layer->state == VIEW_DOCTOR_WARN;
            if (layer->state != VIEW_DOCTOR_FAIL)
                continue;
            if (doctor->fails++ == 0) {
                doctor->first = layer;
                doctor->first_chain = chain;
            }
        }
    }
}

static void document_read(struct view_doctor *doctor)
{
    const cJSON *json = doctor->json, *item;
    doctor->profile = base_json_str_or(json, "profile", "");
    doctor->by = base_json_str_or(json, "by", "");
    doctor->running = base_json_bool_or(json, "running", false);
    doctor->job = base_json_i64_or(json, "job", 0);
    doctor->began_us = time_of(json, "began");
    doctor->ended_us = time_of(json, "ended");
    doctor->took_ms = base_json_i64_or(json, "took_ms", -1);
    doctor->count = 0;
    cJSON_ArrayForEach(item, base_json_array(json, "chains"))
    {
        if (doctor->count < VIEW_DOCTOR_CHAINS && cJSON_IsObject(item))
            chain_read(&doctor->chains[doctor->count++], item);
    }
    sum_up(doctor);
}

struct view_doctor *view_doctor_new(cJSON *take_json)
{
    struct view_doctor *doctor = base_alloc_zero(1, sizeof *doctor);
    doctor->json = take_json ? take_json : base_json_object();
    document_read(doctor);
    return doctor;
}

void view_doctor_free(struct view_doctor **doctor_ptr)
{
    struct view_doctor *doctor = *doctor_ptr;
    if (doctor == NULL)
        return;
    cJSON_Delete(doctor->json);
    base_free(doctor_ptr);
}

/* The layer of this name in the document, to be replaced. */
static cJSON *place_find(struct view_doctor *doctor, const char *chain, const char *layer,
                         int *index)
{
    cJSON *item;
    cJSON_ArrayForEach(item, base_json_array(doctor->json, "chains"))
    {
        cJSON *layers = cJSON_GetObjectItemCaseSensitive(item, "layers"), *one;
        if (strcmp(base_json_str_or(item, "chain", ""), chain) != 0)
            continue;
        *index = 0;
        cJSON_ArrayForEach(one, layers)
        {
            if (strcmp(base_json_str_or(one, "layer", ""), layer) == 0)
                return layers;
            (*index)++;
        }
    }
    return NULL;
}

bool view_doctor_event(struct view_doctor *doctor, const cJSON *payload, bool *done)
{
    const cJSON *layer = object_of(payload, "layer");
    bool over = base_json_bool_or(payload, "done", false);
    int index = 0;
    if (done)
        *done = false;
    if (base_json_i64_or(payload, "job", 0) != doctor->job)
        return false;
    if (over) {
        if (done)
            *done = true;
        doctor->running = false;
        return true;
    }
    cJSON *layers = place_find(doctor, base_json_str_or(payload, "chain", ""),
                               base_json_str_or(layer, "layer", ""), &index);
    if (layers == NULL)
        return false;
    cJSON_ReplaceItemInArray(layers, index, cJSON_Duplicate(layer, true));
    document_read(doctor);
    return true;
}

const char *view_doctor_word(enum view_doctor_state state)
{
    static const char *const words[VIEW_DOCTOR_STATES] = {
        "ok", "none", "WARN", "FAIL", "not reached", "running", "not asked"};
    return words[state];
}

enum view_style view_doctor_style(enum view_doctor_state state)
{
    static const enum view_style styles[VIEW_DOCTOR_STATES] = {
        STYLE_GOOD, STYLE_FAINT, STYLE_WARN, STYLE_BAD, STYLE_FAINT, STYLE_PLAIN, STYLE_FAINT};
    return styles[state];
}

void view_doctor_what(struct buf *out, const struct view_doctor_layer *layer, int64_t now_us)
{
    const char *code = base_json_str(layer->error, "code");
    bool skipped = layer->state == VIEW_DOCTOR_NOT_REACHED || layer->state == VIEW_DOCTOR_NOT_ASKED;
    if (skipped && layer->has_last) {
        char age[24];
        int64_t span = now_us > layer->last_us ? now_us - layer->last_us : 0;
        (void)base_buf_printf(
            out, "last known %s ago%s%s: %s%s", view_age_us(span, age),
            layer->last_about ? " of " : "", layer->last_about ? layer->last_about : "",
            layer->last_state == VIEW_DOCTOR_FAIL ? "FAIL, " : "", layer->last_text);
        return;
    }
    (void)base_buf_printf(out, "%s%s%s", code ? code : "", code && layer->text[0] ? ", " : "",
                          layer->text);
}

const char *view_doctor_ms(int64_t ms, char out[16])
{
    if (ms < 0)
        out[0] = '\0';
    else if (ms < 1000)
        snprintf(out, 16, "%d ms", (int)ms);
    else
        snprintf(out, 16, "%d.%d s", (int)(ms / 1000 % 100000), (int)(ms / 100 % 10));
    return out;
}

void view_doctor_sentence(struct buf *out, const struct view_doctor *doctor)
{
    const cJSON *first = object_of(doctor->json, "first_failure");
    if (doctor->first) {
        const char *text = doctor->first->text;
        if (first && strcmp(base_json_str_or(first, "layer", ""), doctor->first->id) == 0)
            text = base_json_str_or(first, "text", text);
        (void)base_buf_printf(out, "%s, %s: %s", doctor->first_chain->id, doctor->first->title,
                              text);
    } else if (doctor->running) {
        (void)base_buf_text(out, "nothing fails so far");
    } else if (doctor->warns) {
        (void)base_buf_printf(out, "nothing fails, %zu warning%s", doctor->warns,
                              doctor->warns == 1 ? "" : "s");
    } else {
        (void)base_buf_text(out, "nothing fails");
    }
}

static const struct view_doctor_layer *first_warning(const struct view_doctor *doctor)
{
    for (size_t i = 0; i < doctor->count; i++)
        for (size_t j = 0; j < doctor->chains[i].count; j++)
            if (doctor->chains[i].layers[j].state == VIEW_DOCTOR_WARN)
                return &doctor->chains[i].layers[j];
    return NULL;
}

const char *view_doctor_fix(const struct view_doctor *doctor)
{
    const struct view_doctor_layer *layer = doctor->first ? doctor->first : first_warning(doctor);
    return layer ? base_json_str_or(layer->error, "hint", "") : "";
}

enum view_exit view_doctor_exit(const struct view_doctor *doctor)
{
    if (doctor->first == NULL)
        return doctor->warns ? VIEW_EXIT_FINDINGS : VIEW_EXIT_DONE;
    const char *class = base_json_str_or(doctor->first->error, "class", "");
    return strcmp(class, "perm") == 0 ? VIEW_EXIT_DENIED : VIEW_EXIT_FAILED;
}

bool view_doctor_names(const char *id)
{
    static const char *const ids[] = {"here",          "workspace",    "destination", "engine",
                                      "host",          "state",        "vault",       "dns",
                                      "proxy",         "tcp",          "tls",         "ip_list",
                                      "token",         "assignment",   "entitlement", "warehouse",
                                      "unity_catalog", "result_hosts", "access",      "data"};
    for (size_t i = 0; i < base_countof(ids); i++)
        if (strcmp(id, ids[i]) == 0)
            return true;
    return false;
}
