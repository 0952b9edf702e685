/* What 8 Doctor looks like. */
#include "ui/screen/doctor.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"
#include "ui/view/words.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE_US (INT64_C(60) * 1000000)
#define AGES_US (5 * MINUTE_US) /* so often those in the rows are made anew */
#define TITLE_X 2
#define STATE_X 17
#define TEXT_X 30
#define NARROW_LESS 1   /* columns closer together where there are few */
#define MS_FROM 70      /* columns from which on there is room for the times at the right */
#define BESIDE_FROM 130 /* columns from which on the layer stands beside the list */
#define LIST_WIDTH 84
#define BELOW_ROWS 9 /* at least, or nothing stands below the list */
#define FIX_ROWS 3
#define FIRST_LONG "FIRST FAILURE  "
#define FIRST_SHORT "FAIL  "

static bool is_narrow(int width)
{
    return width < MS_FROM;
}

/* --- what is known --- */

bool doctor_running(const struct doctor *doctor)
{
    bool engine = console_engine(doctor->screen.console);
    return doctor->offline || (engine && doctor->data && doctor->data->running);
}

bool doctor_known(const struct doctor *doctor)
{
    const struct view_doctor *data = doctor->data;
    return data && data->count > 0 && (data->began_us > 0 || data->running);
}

int doctor_lines(const struct doctor *doctor)
{
    int lines = 0;
    for (size_t i = 0; doctor_known(doctor) && i < doctor->data->count; i++)
        lines += 1 + (int)doctor->data->chains[i].count;
    return lines;
}

/* The n-th layer of the list; *line: where it stands in it. */
static const struct view_doctor_layer *layer_at(const struct doctor *doctor, int64_t n, int *line)
{
    int at = 0;
    for (size_t i = 0; doctor_known(doctor) && i < doctor->data->count; i++) {
        const struct view_doctor_chain *chain = &doctor->data->chains[i];
        if (n < (int64_t)chain->count) {
            *line = at + 1 + (int)n;
            return &chain->layers[n];
        }
        n -= (int64_t)chain->count;
        at += 1 + (int)chain->count;
    }
    *line = -1;
    return NULL;
}

static int64_t index_of(const struct doctor *doctor, const char *id)
{
    int line;
    const struct view_doctor_layer *layer;
    for (int64_t n = 0; id && (layer = layer_at(doctor, n, &line)); n++)
        if (strcmp(layer->id, id) == 0)
            return n;
    return -1;
}

const struct view_doctor_layer *doctor_selected(const struct doctor *doctor)
{
    int line;
    return layer_at(doctor, doctor->rows.at, &line);
}

const struct view_doctor_layer *doctor_broken(const struct doctor *doctor)
{
    const struct view_doctor_layer *layer = doctor_selected(doctor);
    int line;
    if (view_doctor_fixable(layer))
        return layer;
    if (!doctor_known(doctor) || view_doctor_fixable(doctor->data->first))
        return doctor->data ? doctor->data->first : NULL;
    for (int64_t n = 0; (layer = layer_at(doctor, n, &line)); n++)
        if (view_doctor_fixable(layer))
            return layer;
    return NULL;
}

/* --- layout --- */

static void progress_count(const struct doctor *doctor, int *known, int *all)
{
    const struct view_doctor_layer *layer;
    int line;
    *known = *all = 0;
    for (; (layer = layer_at(doctor, *all, &line)); ++*all)
        *known += layer->state != VIEW_DOCTOR_RUNNING && layer->state != VIEW_DOCTOR_NOT_ASKED;
}

static char *right_make(const struct doctor *doctor, int64_t now, int width)
{
    const struct view_doctor *data = doctor->data;
    char age[24], took[16];
    int known, all;
    if (doctor->offline)
        return base_strdup("running");
    if (doctor_running(doctor)) {
        progress_count(doctor, &known, &all);
        return base_printf("running, %d of %d", known, all);
    }
    if (!doctor_known(doctor))
        return base_strdup("");
    int64_t at = data->ended_us > 0 ? data->ended_us : data->began_us;
    view_age_us(now > at ? now - at : 0, age);
    if (data->took_ms < 0 || is_narrow(width))
        return base_printf("%s ago", age);
    return base_printf("%s ago, took %s", age, view_doctor_ms(data->took_ms, took));
}

static char *head_make(const struct doctor *doctor)
{
    struct buf text;
    base_buf_init(&text, 1 << 16);
    (void)base_buf_text(&text, "");
    if (doctor_known(doctor))
        view_doctor_sentence(&text, doctor->data);
    return base_buf_take(&text, NULL);
}

/* The fix above the list when the status line cannot hold it; it must never be cut. */
static struct view_page *fix_make(const struct doctor *doctor, int width, int height)
{
    const struct view_doctor_layer *broken = doctor_broken(doctor);
    const char *hint = broken ? base_json_str_or(broken->error, "hint", "") : "";
    if (hint[0] == '\0' || 5 + draw_width(hint) <= width || height < 8)
        return NULL;
    struct view_page *page = view_page_new(width);
    view_page_wrap(page, 2, STYLE_PLAIN, "fix: %s", hint);
    if (page->count > FIX_ROWS) {
        while (page->count >= FIX_ROWS)
            view_page_cut(page);
        view_page_line(page, STYLE_FAINT, "  f shows all of it");
    }
    return page;
}

static struct view_page *page_make(const struct doctor *doctor, int width, int64_t now)
{
    struct view_page *page = view_page_new(width);
    const struct view_doctor_layer *layer = doctor_selected(doctor);
    if (doctor->view == DOCTOR_FIX && doctor_broken(doctor))
        view_doctor_fix_page(page, doctor->data, doctor_broken(doctor), doctor->unit);
    else if (layer)
        view_doctor_layer_page(page, layer, doctor->view == DOCTOR_LAYER, now);
    return page;
}

/* Nothing known: why, and what to do. */
static struct view_page *empty_make(const struct doctor *doctor, int width)
{
    struct view_page *page = view_page_new(width);
    struct console *console = doctor->screen.console;
    const struct err *down = console_engine_error(console);
    if (doctor->offline) {
        view_page_line(page, STYLE_HEAD, "RUNNING WITHOUT THE ENGINE");
        view_page_wrap(page, 2, STYLE_PLAIN,
                       "aampe-syncd --doctor looks at this host, the workspace and the "
                       "destination; the list comes when it is done, at most ten seconds a layer.");
        return page;
    }
    if (doctor->err.code != ERR_OK) {
        view_page_wrap(page, 2, STYLE_BAD, "%s (%s)", doctor->err.message,
                       base_err_name(doctor->err.code));
        view_page_wrap(page, 2, STYLE_PLAIN, "%s", base_err_hint_text(&doctor->err));
        return page;
    }
    if (down) {
        view_page_line(page, STYLE_BAD, "THE ENGINE DOES NOT ANSWER");
        view_page_wrap(page, 2, STYLE_PLAIN,
                       "c runs the doctor without it: aampe-syncd --doctor, as you.");
    } else if (doctor->data == NULL) {
        view_page_line(page, STYLE_PLAIN, "  not loaded yet: asking the engine");
        return page;
    } else {
        view_page_line(page, STYLE_HEAD, "NOT RUN YET   c runs it");
    }
    view_page_blank(page);
    view_page_fact(page, 11, "here", STYLE_PLAIN, "engine, host, state, vault");
    view_page_fact(page, 11, "workspace", STYLE_PLAIN,
                   "name, connection, address, token, rights, warehouse, tables, result hosts");
    view_page_fact(page, 11, "destination", STYLE_PLAIN,
                   "whether files can be written there, and whether what was written is whole");
    view_page_blank(page);
    view_page_wrap(page, 2, STYLE_PLAIN,
                   "It changes nothing, starts no warehouse, and takes some seconds.");
    return page;
}

/* The row that is selected: where the user went, else the first that fails. */
static void select_again(struct doctor *doctor)
{
    int line, known, all;
    int64_t at = -1;
    if (!doctor->moved && doctor->data && doctor->data->first)
        at = index_of(doctor, doctor->data->first->id);
    if (at < 0)
        at = index_of(doctor, doctor->selected);
    if (at >= 0)
        doctor->rows.at = at;
    progress_count(doctor, &known, &all);
    draw_scroll_fit(&doctor->rows, all, doctor->list_height > 0 ? doctor->list_height : 1);
    const struct view_doctor_layer *layer = layer_at(doctor, doctor->rows.at, &line);
    if (layer && (doctor->selected == NULL || strcmp(doctor->selected, layer->id) != 0)) {
        free(doctor->selected);
        doctor->selected = base_strdup(layer->id);
    }
}

static void measure(struct doctor *doctor)
{
    const struct screen *screen = &doctor->screen;
    int lines = doctor_lines(doctor), line;
    int head = 1 + (doctor->fix ? (int)doctor->fix->count : 0);
    int room = screen->height - head;
    bool beside = screen->width >= BESIDE_FROM;
    doctor->list_y = head;
    doctor->list_width = beside ? LIST_WIDTH : screen->width;
    doctor->page_x = beside ? LIST_WIDTH + 2 : 0;
    doctor->page_y = beside ? head : head + lines;
    doctor->page_height = beside ? room : room - lines;
    if (!beside && doctor->page_height < BELOW_ROWS)
        doctor->page_height = 0;
    doctor->list_height = lines <= room ? lines : room > 2 ? room - 1 : room; /* "more" below */
    if (layer_at(doctor, doctor->rows.at, &line) == NULL) {
        doctor->list_top = 0;
        return;
    }
    int first = line > 0 && doctor->rows.at == 0 ? 0 : line - 1; /* with what stands above it */
    if (doctor->list_top > first)
        doctor->list_top = first;
    if (doctor->list_top < line - doctor->list_height + 2)
        doctor->list_top = line - doctor->list_height + 2;
    if (doctor->list_top > lines - doctor->list_height)
        doctor->list_top = lines - doctor->list_height;
    if (doctor->list_top < 0)
        doctor->list_top = 0;
    if (line >= doctor->list_top + doctor->list_height)
        doctor->list_top = line - doctor->list_height + 1;
}

static int page_width(const struct doctor *doctor)
{
    int width = doctor->screen.width;
    bool beside = doctor->view == DOCTOR_LIST && doctor_known(doctor) && width >= BESIDE_FROM;
    return beside ? width - LIST_WIDTH - 2 : width;
}

static void make(struct doctor *doctor, int64_t now)
{
    const struct screen *screen = &doctor->screen;
    if (doctor->aged_us == 0 || now - doctor->aged_us >= AGES_US || now < doctor->aged_us)
        doctor->aged_us = now;
    select_again(doctor);
    free(doctor->head);
    free(doctor->right);
    doctor->head = head_make(doctor);
    doctor->right = right_make(doctor, now, screen->width);
    view_page_free(&doctor->fix);
    view_page_free(&doctor->page);
    doctor->fix = fix_make(doctor, screen->width, screen->height);
    doctor->page = doctor_known(doctor) ? page_make(doctor, page_width(doctor), doctor->aged_us)
                                        : empty_make(doctor, screen->width);
    doctor->stale = false;
    doctor->made_width = screen->width;
    doctor->made_height = screen->height;
    doctor->minute = now / MINUTE_US;
}

void doctor_layout(struct screen *screen)
{
    struct doctor *doctor = (struct doctor *)screen;
    int64_t now = console_now_us(screen->console);
    if (doctor->view != DOCTOR_LIST && !doctor_known(doctor))
        doctor->view = DOCTOR_LIST;
    if (doctor->view == DOCTOR_FIX && doctor_broken(doctor) == NULL)
        doctor->view = DOCTOR_LIST; /* it is repaired */
    if (doctor->stale || doctor->page == NULL || doctor->made_width != screen->width ||
        doctor->made_height != screen->height || doctor->minute != now / MINUTE_US)
        make(doctor, now);
    measure(doctor);
    int last = (int)doctor->page->count - screen->height;
    if (doctor->view == DOCTOR_LIST && doctor_known(doctor))
        last = 0;
    if (doctor->page_scroll.top > last)
        doctor->page_scroll.top = last;
    if (doctor->page_scroll.top < 0)
        doctor->page_scroll.top = 0;
}

/* --- drawing --- */

static enum draw_style style_of(enum view_doctor_state state)
{
    switch (view_doctor_style(state)) {
    case STYLE_GOOD:
        return DRAW_GOOD;
    case STYLE_WARN:
        return DRAW_WARN;
    case STYLE_BAD:
        return DRAW_BAD;
    case STYLE_FAINT:
        return DRAW_FAINT;
    default:
        return DRAW_PLAIN;
    }
}

/* The age goes only when the short form of the title does not make room for it either. */
static void head_draw(const struct doctor *doctor, struct draw_box body)
{
    bool failed = doctor->data->first != NULL;
    int right = draw_width(doctor->right), x = 0;
    int wanted = draw_width(FIRST_LONG) + draw_width(doctor->head) + 2 + right;
    if (failed)
        x = draw_text(body, 0, 0, DRAW_BAD,
                      body.width >= MS_FROM || wanted <= body.width ? FIRST_LONG : FIRST_SHORT);
    int room = body.width - x;
    if (draw_width(doctor->head) + 2 + right <= room) {
        draw_text(body, body.width - right, 0, DRAW_FAINT, doctor->right);
        room -= right + 2;
    }
    draw_field(body, x, 0, room, failed ? DRAW_PLAIN : DRAW_HEAD, DRAW_LEFT, doctor->head);
}

static void chain_draw(const struct view_doctor_chain *chain, struct draw_box box, int y)
{
    char title[32] = "";
    for (size_t i = 0; chain->id[i] && i + 1 < sizeof title; i++)
        title[i] = (char)toupper((unsigned char)chain->id[i]);
    char *whole =
        base_printf("%s%s%s", title, chain->about ? "  " : "", chain->about ? chain->about : "");
    draw_rule(box, y, whole);
    free(whole);
}

/* While the doctor runs, what it has not come to yet. */
static bool waits(const struct doctor *doctor, const struct view_doctor_layer *layer)
{
    return doctor_running(doctor) && layer->state == VIEW_DOCTOR_NOT_ASKED;
}

static void layer_draw(const struct doctor *doctor, const struct view_doctor_layer *layer,
                       struct draw_box box, int y)
{
    bool narrow = is_narrow(box.width);
    bool looked = layer->state <= VIEW_DOCTOR_FAIL && layer->state != VIEW_DOCTOR_NONE;
    bool timed = looked && !narrow;
    int less = narrow ? NARROW_LESS : 0, x = TEXT_X - less, right = 0;
    struct buf what;
    char took[16];
    base_buf_init(&what, 1 << 16);
    view_doctor_what(&what, layer, doctor->aged_us);
    if (timed)
        right = draw_width(view_doctor_ms(layer->ms, took)) + 2;
    draw_field(box, TITLE_X, y, STATE_X - TITLE_X - less - 1, DRAW_PLAIN, DRAW_LEFT, layer->title);
    draw_field(box, STATE_X - less, y, x - STATE_X + less - 1, style_of(layer->state), DRAW_LEFT,
               waits(doctor, layer) ? "queued" : view_doctor_word(layer->state));
    bool faint = layer->state == VIEW_DOCTOR_NOT_REACHED || layer->state == VIEW_DOCTOR_NOT_ASKED;
    if (box.width > x)
        draw_field(box, x, y, box.width - x - right, faint ? DRAW_FAINT : DRAW_PLAIN, DRAW_LEFT,
                   what.len ? what.data : "");
    if (timed)
        draw_text(box, box.width - right + 2, y, DRAW_FAINT, took);
    base_buf_free(&what);
}

static void list_draw(const struct doctor *doctor, struct draw_box box)
{
    int at = 0, selected;
    (void)layer_at(doctor, doctor->rows.at, &selected);
    for (size_t i = 0; i < doctor->data->count; i++) {
        const struct view_doctor_chain *chain = &doctor->data->chains[i];
        for (size_t k = 0; k <= chain->count; k++, at++) {
            int y = at - doctor->list_top;
            if (y < 0 || y >= doctor->list_height)
                continue;
            if (k == 0)
                chain_draw(chain, box, y);
            else
                layer_draw(doctor, &chain->layers[k - 1], box, y);
            if (at == selected)
                draw_select(box, y);
        }
    }
    int below = at - doctor->list_top - doctor->list_height;
    if (below > 0 && doctor->list_height < box.height)
        draw_printf(box, 2, doctor->list_height, DRAW_FAINT, "%d more %s below", below,
                    below == 1 ? "line" : "lines");
    else if (doctor->list_top > 0 && doctor->list_height < box.height)
        draw_printf(box, 2, doctor->list_height, DRAW_FAINT, "%d more %s above", doctor->list_top,
                    doctor->list_top == 1 ? "line" : "lines");
}

/* The page in place of the list; its last row says that there is more. */
static void whole_draw(const struct doctor *doctor, struct draw_box body)
{
    int top = (int)doctor->page_scroll.top, height = body.height;
    int below = (int)doctor->page->count - top - height;
    if (below > 0)
        height--, below++;
    console_page_draw(doctor->page, draw_box_sub(body, 0, 0, body.width, height), top, -1);
    if (below > 0)
        draw_printf(body, 2, height, DRAW_FAINT, "%d more %s below: PgDn", below,
                    below == 1 ? "line" : "lines");
    draw_cursor(body, 0, 0);
}

void doctor_draw(const struct screen *screen, struct draw_box body)
{
    const struct doctor *doctor = (const struct doctor *)screen;
    if (doctor->view != DOCTOR_LIST || !doctor_known(doctor)) {
        whole_draw(doctor, body);
        return;
    }
    head_draw(doctor, body);
    if (doctor->fix)
        console_page_draw(doctor->fix,
                          draw_box_sub(body, 0, 1, body.width, (int)doctor->fix->count), 0, -1);
    list_draw(doctor, draw_box_sub(body, 0, doctor->list_y, doctor->list_width,
                                   body.height - doctor->list_y));
    if (doctor->page_height > 0)
        console_page_draw(doctor->page,
                          draw_box_sub(body, doctor->page_x, doctor->page_y,
                                       body.width - doctor->page_x, doctor->page_height),
                          0, -1);
}
