#include "ui/view/doctor_page.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/layer.h"
#include "base/seam.h"
#include "base/text.h"
#include "ui/view/explain.h"
#include "ui/view/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LABEL 12
#define FACTS_MAX 64 /* of one layer; more is no evidence but noise */
#define ITEMS_MAX 20 /* of one list in it */

const struct view_doctor_layer *view_doctor_find(const struct view_doctor *doctor, const char *id)
{
    for (size_t i = 0; id && i < doctor->count; i++)
        for (size_t k = 0; k < doctor->chains[i].count; k++)
            if (strcmp(doctor->chains[i].layers[k].id, id) == 0)
                return &doctor->chains[i].layers[k];
    return NULL;
}

/* A number that is bytes or a long time, as people read it; NULL: another one. malloc'd. */
static char *measure(const char *key, const cJSON *value)
{
    size_t len = key ? strlen(key) : 0;
    char text[24];
    if (!cJSON_IsNumber(value) || value->valuedouble < 0)
        return NULL;
    if (len >= 5 && strstr(key, "bytes")) {
        base_text_bytes((int64_t)value->valuedouble, text);
        return base_strdup(text);
    }
    if (len > 8 && strcmp(key + len - 8, "_seconds") == 0 && value->valuedouble >= 120)
        return base_strdup(view_age_us((int64_t)value->valuedouble * 1000000, text));
    return NULL;
}

/* A scalar as text; malloc'd. */
static char *scalar(const char *key, const cJSON *value)
{
    char *text = measure(key, value);
    if (text)
        return text;
    text = cJSON_IsString(value) ? base_strdup(value->valuestring) : NULL;
    if (text == NULL && !cJSON_IsObject(value) && !cJSON_IsArray(value))
        text = base_json_print(value);
    return text ? text : base_strdup("");
}

/* "name wh-small, state STOPPED" of an object, "a, b" of a list. */
static void flat_put(struct buf *out, const cJSON *value)
{
    const cJSON *item;
    int count = 0;
    if (!cJSON_IsObject(value) && !cJSON_IsArray(value)) {
        char *text = scalar(value->string, value);
        (void)base_buf_text(out, text);
        free(text);
        return;
    }
    cJSON_ArrayForEach(item, value)
    {
        char title[32];
        if (count == ITEMS_MAX) {
            (void)base_buf_printf(out, " and %d more", cJSON_GetArraySize(value) - count);
            return;
        }
        if (count++ > 0)
            (void)base_buf_text(out, ", ");
        if (item->string)
            (void)base_buf_printf(out, "%s ", base_layer_title(item->string, title));
        char *text = scalar(item->string, item); /* deeper than this is no evidence for people */
        (void)base_buf_text(out, text);
        free(text);
    }
}

void view_doctor_evidence(struct buf *out, const struct view_doctor_layer *layer)
{
    const cJSON *evidence = base_json_get(layer->error, "evidence");
    if (evidence)
        flat_put(out, evidence);
}

static void fact_put(struct view_page *page, const char *key, const cJSON *value)
{
    struct buf text;
    char title[32];
    base_buf_init(&text, 1 << 16);
    flat_put(&text, value);
    if (text.len > 0)
        view_page_fact(page, LABEL, base_layer_title(key, title), STYLE_PLAIN, "%s", text.data);
    base_buf_free(&text);
}

/* A list of objects is a line each. */
static void facts_put(struct view_page *page, const cJSON *facts, int *count)
{
    const cJSON *item, *one;
    cJSON_ArrayForEach(item, facts)
    {
        const char *key = item->string ? item->string : "";
        if ((*count)++ >= FACTS_MAX)
            return;
        if (!cJSON_IsArray(item) || !cJSON_IsObject(cJSON_GetArrayItem(item, 0))) {
            fact_put(page, key, item);
            continue;
        }
        int lines = 0;
        cJSON_ArrayForEach(one, item)
        {
            if (lines < ITEMS_MAX)
                fact_put(page, lines == 0 ? key : "", one);
            lines++;
        }
        if (lines > ITEMS_MAX)
            view_page_fact(page, LABEL, "", STYLE_FAINT, "and %d more", lines - ITEMS_MAX);
    }
}

static void seen_put(struct view_page *page, const struct view_doctor_layer *layer, int64_t now_us)
{
    char took[16], age[24], time[32];
    const char *code = base_json_str(layer->error, "code");
    const char *message = base_json_str(layer->error, "message");
    view_page_fact(page, LABEL, "state", view_doctor_style(layer->state), "%s%s%s",
                   view_doctor_word(layer->state), layer->ms >= 0 ? ", looked at in " : "",
                   view_doctor_ms(layer->ms, took));
    if (layer->text[0])
        view_page_fact(page, LABEL, "found", STYLE_PLAIN, "%s", layer->text);
    if (code)
        view_page_fact(page, LABEL, "code", STYLE_PLAIN, "%s", code);
    if (message && strcmp(message, layer->text) != 0)
        view_page_fact(page, LABEL, "says", STYLE_PLAIN, "%s", message);
    if (base_json_str(layer->error, "hint"))
        view_page_fact(page, LABEL, "fix", STYLE_PLAIN, "%s", base_json_str(layer->error, "hint"));
    if (layer->state == VIEW_DOCTOR_NOT_REACHED)
        view_page_fact(page, LABEL, "why", STYLE_PLAIN,
                       "a layer above it in its chain fails; this one waits for that");
    if (layer->state != VIEW_DOCTOR_OK && layer->has_last && layer->last_us > 0) {
        base_time_format(layer->last_us, time);
        view_page_fact(page, LABEL, "last known", STYLE_PLAIN, "%s%s%s, %s, %s ago%s%s",
                       view_doctor_word(layer->last_state), layer->last_text[0] ? ": " : "",
                       layer->last_text, view_time(time, (char[32]){0}),
                       view_age_us(now_us - layer->last_us, age), layer->last_about ? " of " : "",
                       layer->last_about ? layer->last_about : "");
    }
}

void view_doctor_layer_page(struct view_page *page, const struct view_doctor_layer *layer,
                            bool explain, int64_t now_us)
{
    int count = 0;
    enum base_layer known = base_layer_by_name(layer->id);
    const char *code = base_json_str(layer->error, "code");
    const cJSON *more = base_json_get(layer->error, "evidence");
    view_page_rule(page, "%s", layer->title);
    if (known != BASE_LAYER_NONE)
        view_page_fact(page, LABEL, "asks", STYLE_PLAIN, "%s", base_layer_what(known));
    seen_put(page, layer, now_us);
    if (cJSON_GetArraySize(layer->evidence) > 0 || cJSON_GetArraySize(more) > 0)
        view_page_rule(page, "EVIDENCE");
    facts_put(page, layer->evidence, &count);
    facts_put(page, more, &count);
    if (explain && view_explain_code(code) != ERR_COUNT)
        view_explain(page, view_explain_code(code));
}

char *view_doctor_text(const struct view_doctor *doctor, int64_t now_us)
{
    char *text = NULL;
    size_t len = 0;
    FILE *file = open_memstream(&text, &len);
    if (file == NULL)
        return base_strdup("");
    struct view_out out = {.text = file, .diag = file, .ascii = true};
    view_doctor_print(&out, doctor, now_us);
    fclose(file);
    return text ? text : base_strdup("");
}
