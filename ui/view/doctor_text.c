/* What the command `doctor` prints. */
#include "ui/view/doctor.h"

#include "base/json.h"
#include "base/text.h"
#include "ui/view/doctor_page.h"
#include "ui/view/link.h"
#include "ui/view/words.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define TITLE_WIDTH 15
#define STATE_WIDTH 13
#define WHAT_WIDTH 40
#define TOOK_WIDTH 8

static void plain_print(struct view_out *out, const struct view_doctor *doctor, int64_t now_us)
{
    static const char *const columns[] = {"chain", "layer", "state", "what", "took", NULL};
    struct view_table *table = view_table_new(columns);
    for (size_t i = 0; i < doctor->count; i++) {
        const struct view_doctor_chain *chain = &doctor->chains[i];
        for (size_t j = 0; j < chain->count; j++) {
            const struct view_doctor_layer *layer = &chain->layers[j];
            struct buf what;
            char took[16];
            base_buf_init(&what, 4096);
            view_doctor_what(&what, layer, now_us);
            const char *cells[] = {chain->id, layer->id, view_doctor_word(layer->state),
                                   what.len ? what.data : "", view_doctor_ms(layer->ms, took)};
            view_table_row(table, STYLE_PLAIN, cells);
            base_buf_free(&what);
        }
    }
    view_table_print(&table, out);
}

static void layer_print(struct view_out *out, const struct view_doctor_layer *layer, int64_t now_us)
{
    struct buf what;
    char took[16] = "";
    base_buf_init(&what, 4096);
    view_doctor_what(&what, layer, now_us);
    const char *text = what.len ? what.data : "";
    size_t width = base_text_width(text, strlen(text));
    int pad = width < WHAT_WIDTH ? (int)(WHAT_WIDTH - width) : 0;
    view_put(out, STYLE_PLAIN, "  %-*s", TITLE_WIDTH, layer->title);
    view_put(out, view_doctor_style(layer->state), "%-*s", STATE_WIDTH,
             view_doctor_word(layer->state));
    view_put(out, STYLE_PLAIN, "%s", text);
    if (layer->state <= VIEW_DOCTOR_FAIL && layer->state != VIEW_DOCTOR_NONE)
        view_put(out, STYLE_FAINT, "%*s  %*s", pad, "", TOOK_WIDTH,
                 view_doctor_ms(layer->ms, took));
    view_end(out);
    base_buf_free(&what);
}

static void header_print(struct view_out *out, const struct view_doctor *doctor)
{
    struct buf sentence;
    char took[16];
    base_buf_init(&sentence, 4096);
    view_doctor_sentence(&sentence, doctor);
    if (doctor->first)
        view_put(out, STYLE_BAD, "FIRST FAILURE");
    view_put(out, STYLE_HEAD, "%s%s", doctor->first ? "  " : "", sentence.len ? sentence.data : "");
    if (doctor->took_ms >= 0)
        view_put(out, STYLE_FAINT, "  took %s", view_doctor_ms(doctor->took_ms, took));
    view_end(out);
    base_buf_free(&sentence);
}

static void chain_print(struct view_out *out, const struct view_doctor_chain *chain, int64_t now_us)
{
    char title[32] = "";
    for (size_t i = 0; chain->id[i] && i + 1 < sizeof title; i++)
        title[i] = (char)toupper((unsigned char)chain->id[i]);
    view_put(out, STYLE_HEAD, "-- %s%s%s --", title, chain->about ? "  " : "",
             chain->about ? chain->about : "");
    view_end(out);
    for (size_t i = 0; i < chain->count; i++)
        layer_print(out, &chain->layers[i], now_us);
}

/* Who may repair the first failure, with which lines, and what the other side has said. */
static void repair_print(struct view_out *out, const struct view_doctor *doctor, const char *fix)
{
    const char *who = view_doctor_fix_who(doctor->first);
    char *lines =
        view_doctor_fix_lines(doctor, doctor->first, view_profile_unit(doctor->profile), true);
    struct buf evidence;
    base_buf_init(&evidence, 1 << 16);
    view_doctor_evidence(&evidence, doctor->first);
    if (who)
        view_line(out, "who: %s", who);
    for (char *save = NULL, *line = lines ? strtok_r(lines, "\n", &save) : NULL; line;
         line = strtok_r(NULL, "\n", &save))
        if (strcmp(line, fix) != 0)
            view_line(out, "  $ %s", line);
    if (evidence.len > 0)
        view_line(out, "seen: %s", evidence.data);
    base_buf_free(&evidence);
    free(lines);
}

void view_doctor_print(struct view_out *out, const struct view_doctor *doctor, int64_t now_us)
{
    const char *fix = view_doctor_fix(doctor);
    header_print(out, doctor);
    if (out->plain)
        plain_print(out, doctor, now_us);
    for (size_t i = 0; i < doctor->count && !out->plain; i++)
        chain_print(out, &doctor->chains[i], now_us);
    if (fix[0])
        view_line(out, "fix: %s", fix);
    if (doctor->first)
        repair_print(out, doctor, fix);
}
