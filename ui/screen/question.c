/* A question over the whole screen: buttons with Cancel focused, or a word to type. */
#include "ui/screen/console_private.h"
#include "ui/view/page.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

#define WORD_MAX 256
#define FOOT_ROWS 4 /* blank, the answer, blank, rule */

struct question {
    struct screen screen;
    char *title, *button, *word;
    struct view_page *page;
    struct draw_edit *edit; /* NULL: buttons */
    bool on_button;         /* else on Cancel */
    int top;
    struct screen *owner;
    console_question_fn *done; /* NULL: has run */
    void *user;
};

static void finish(struct question *question, bool yes)
{
    console_question_fn *done = question->done;
    question->done = NULL;
    if (done)
        done(question->owner, yes, question->user);
}

static void question_close(struct screen *screen)
{
    struct question *question = (struct question *)screen;
    finish(question, false);
    view_page_free(&question->page);
    draw_edit_free(&question->edit);
    free(question->title);
    free(question->button);
    free(question->word);
}

/* Off the screen first: what `done` opens comes on top of the owner. */
static void answer(struct question *question, bool yes)
{
    console_pop(&question->screen);
    finish(question, yes);
}

static bool question_key(struct screen *screen, const struct term_key *key)
{
    struct question *question = (struct question *)screen;
    if (question->edit == NULL)
        return false;
    if (!console_key_enter(key))
        return draw_edit_key(question->edit, key);
    if (strcmp(draw_edit_text(question->edit), question->word) == 0)
        answer(question, true);
    else
        console_say(screen->console, "not sent: type exactly  %s  or press Esc", question->word);
    return true;
}

static const char *question_refuse(const struct screen *screen, enum view_action action)
{
    const struct question *question = (const struct question *)screen;
    bool buttons = question->edit == NULL;
    return buttons && (action == VIEW_ACTION_OPEN || action == VIEW_ACTION_NEXT_TAB ||
                       action == VIEW_ACTION_PREVIOUS_TAB)
               ? NULL
               : "";
}

static void question_act(struct screen *screen, enum view_action action)
{
    struct question *question = (struct question *)screen;
    if (action == VIEW_ACTION_OPEN)
        answer(question, question->on_button);
    else
        question->on_button = !question->on_button;
}

/* Rows of the title: a blank one before and after the rule where there is room. */
static int head_rows(const struct screen *screen)
{
    return screen->height >= 12 ? 3 : 1;
}

static int page_rows(const struct question *question)
{
    int rows = question->screen.height - head_rows(&question->screen) - FOOT_ROWS;
    if (rows > (int)question->page->count)
        rows = (int)question->page->count;
    return rows > 0 ? rows : 0;
}

static void question_move(struct screen *screen, enum draw_move move)
{
    struct question *question = (struct question *)screen;
    if (move == DRAW_MOVE_LEFT || move == DRAW_MOVE_RIGHT)
        question->on_button = move == DRAW_MOVE_RIGHT;
    else
        question->top = console_page_top(question->top, page_rows(question), move);
}

static void question_layout(struct screen *screen)
{
    struct question *question = (struct question *)screen;
    int most = (int)question->page->count - page_rows(question);
    question->top = question->top > most ? most : question->top;
    question->top = question->top < 0 ? 0 : question->top;
}

/* The focused one has a mark before it, not only another colour. */
static int button_draw(struct draw_box box, int x, const char *name, bool focused)
{
    int width = draw_width(name) + 6;
    struct draw_box place = draw_box_sub(box, x, 0, width, 1);
    draw_text(place, 0, 0, DRAW_PLAIN, focused ? "> [ " : "  [ ");
    int used = 4 + draw_text(place, 4, 0, DRAW_PLAIN, name);
    draw_text(place, used, 0, DRAW_PLAIN, " ]");
    if (focused)
        draw_select(place, 0);
    return width;
}

static void answer_draw(const struct question *question, struct draw_box row)
{
    int x = row.width >= 40 ? 6 : 0;
    if (question->edit == NULL) {
        x += button_draw(row, x, "Cancel", !question->on_button) + (row.width >= 40 ? 4 : 1);
        button_draw(row, x, question->button, question->on_button);
        return;
    }
    x = row.width >= 40 ? 2 : 0;
    x += draw_text(row, x, 0, DRAW_PLAIN, "Type  ");
    x += draw_text(row, x, 0, DRAW_HEAD, question->word);
    x += draw_text(row, x, 0, DRAW_PLAIN, "  and press Enter:  ");
    int room = row.width - x, wanted = draw_width(question->word) + 8;
    draw_edit_draw(question->edit, row, x, 0, room > wanted ? wanted : room);
}

static void question_draw(const struct screen *screen, struct draw_box body)
{
    const struct question *question = (const struct question *)screen;
    int head = head_rows(screen), rows = page_rows(question);
    int at = head + rows + 1;
    if (at > body.height - 1)
        at = body.height - 1; /* the answer is seen whatever else is not */
    draw_rule(body, head == 3 ? 1 : 0, question->title);
    console_page_draw(question->page, draw_box_sub(body, 0, head, body.width, rows), question->top,
                      -1);
    if (question->top + rows < (int)question->page->count && rows > 0)
        draw_field(body, body.width - 12, head + rows, 12, DRAW_FAINT, DRAW_RIGHT, "PgDn: more");
    draw_field(body, 0, at, body.width, DRAW_PLAIN, DRAW_LEFT, "");
    answer_draw(question, draw_box_sub(body, 0, at, body.width, 1));
    if (at + 2 < body.height)
        draw_rule(body, at + 2, NULL);
}

static void question_status(const struct screen *screen, struct buf *out)
{
    (void)screen;
    (void)base_buf_text(out, "nothing has been done yet");
}

static void question_crumb(const struct screen *screen, struct buf *out)
{
    const struct question *question = (const struct question *)screen;
    for (const char *at = question->title; *at; at++)
        (void)base_buf_byte(out, (uint8_t)(*at >= 'A' && *at <= 'Z' ? *at - 'A' + 'a' : *at));
}

static size_t question_hints(const struct screen *screen, enum view_action out[], size_t max)
{
    const struct question *question = (const struct question *)screen;
    size_t count = 0;
    if (question->edit == NULL && count < max)
        out[count++] = VIEW_ACTION_NEXT_TAB;
    if (count < max)
        out[count++] = VIEW_ACTION_OPEN;
    if (count < max)
        out[count++] = VIEW_ACTION_CLOSE;
    return count;
}

static const char *question_label(const struct screen *screen, enum view_action action)
{
    const struct question *question = (const struct question *)screen;
    switch (action) {
    case VIEW_ACTION_NEXT_TAB:
        return "buttons";
    case VIEW_ACTION_OPEN:
        return question->edit ? "send" : "press button";
    case VIEW_ACTION_CLOSE:
        return "cancel";
    default:
        return NULL;
    }
}

const struct screen_ops screen_question = {
    .name = "Question",
    .size = sizeof(struct question),
    .help = "A question. Nothing happens before it is answered; Esc cancels. Where a word is asked "
            "for it must be typed, so that neither a stuck key nor a paste answers.",
    .question = true,
    .close = question_close,
    .key = question_key,
    .refuse = question_refuse,
    .act = question_act,
    .move = question_move,
    .layout = question_layout,
    .draw = question_draw,
    .status = question_status,
    .crumb = question_crumb,
    .hints = question_hints,
    .label = question_label,
};

void console_question(struct screen *screen, const char *title, struct view_page *take_body,
                      const char *button, const char *word, console_question_fn *done, void *user)
{
    struct console *console = screen->console;
    uint64_t before = console->screens_made;
    base_free(&console->said); /* it belongs to what was shown before */
    console_push(console, &screen_question, NULL);
    if (console->screens_made == before) { /* too many views: that has been said */
        view_page_free(&take_body);
        done(screen, false, user);
        return;
    }
    struct question *question = (struct question *)console_top(console);
    question->title = base_strdup(title);
    question->button = base_strdup(button ? button : "Go on");
    question->word = base_strdup(word);
    question->page = take_body ? take_body : view_page_new(screen->width);
    question->edit = word ? draw_edit_new("", WORD_MAX, false) : NULL;
    question->owner = screen;
    question->done = done;
    question->user = user;
}

void console_question_focus(struct console *console)
{
    if (console_top(console)->ops == &screen_question)
        ((struct question *)console_top(console))->on_button = true;
}
