/* 6 Access, tab Secrets: who holds which secret of the principal, until when, and what stops then.
 */
#include "ui/screen/console.h"
#include "ui/view/page.h"
#include "ui/view/secret.h"
#include "ui/view/words.h"

#include "base/alloc.h"
#include "base/json.h"

#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 64
#define MINUTE_US (INT64_C(60) * 1000000)

enum { TAG_KNOWN = 1, TAG_LIST, TAG_AGAIN, TAG_CHECK };

struct access {
    struct screen screen;
    cJSON *data; /* answer of secrets.list; NULL: none yet */
    struct err err;
    struct view_page *page; /* made in layout */
    char *slots;
    bool stale;
    int made_width, made_height;
    int64_t minute;
    struct draw_scroll rows; /* over the workspace's secrets */
    int top;                 /* first line of the page that is shown */
    bool follow;             /* the selected row has moved: it has to be seen */
    char *wanted;            /* name of a secret to select once it is there */
};

static const char *const tabs[] = {"Secrets", NULL};

/* Rows of the page: the tab row above and the line below it go when there is hardly any room. */
static int page_height(int height)
{
    return height > 5 ? height - 2 : height > 1 ? height : 1;
}

static struct access *of(const struct screen *screen)
{
    return (struct access *)(uintptr_t)screen;
}

static const cJSON *selected(const struct access *access)
{
    const cJSON *rows[ROWS_MAX];
    size_t count = view_secrets_rows(access->data, rows, ROWS_MAX);
    size_t at = (size_t)access->rows.at;
    return at < count ? rows[at] : NULL;
}

static void select_wanted(struct access *access)
{
    const cJSON *rows[ROWS_MAX];
    size_t count = view_secrets_rows(access->data, rows, ROWS_MAX);
    for (size_t i = 0; access->wanted && i < count; i++) {
        bool ours = strncmp(base_json_str_or(rows[i], "held", ""), "engine", 6) == 0;
        if (strcmp(access->wanted, base_json_str_or(rows[i], "slot", "")) != 0 &&
            (!ours || strcmp(access->wanted, "principal") != 0))
            continue;
        access->rows.at = (int64_t)i;
        access->follow = true;
        base_free(&access->wanted);
    }
}

static void list_ask(struct access *access, int64_t tag);

static void on_list(struct screen *screen, int64_t tag, const cJSON *result, const struct err *err)
{
    struct access *access = of(screen);
    access->err = err ? *err : ERR_INIT;
    access->stale = true;
    if (result == NULL) {
        if (access->data)
            console_say_error(screen->console, err);
        return;
    }
    access->follow = access->follow || access->data == NULL;
    cJSON_Delete(access->data);
    access->data = cJSON_Duplicate(result, true);
    select_wanted(access);
    if (tag == TAG_KNOWN)
        list_ask(access, TAG_LIST);
    if (tag == TAG_AGAIN)
        console_say(screen->console, base_json_get(result, "not_readable")
                                         ? "asked again: they could not be read"
                                         : "asked again; nothing was changed");
}

/* First what the engine knows, which it answers at once; then, when it has never asked the
 * workspace, what it hears from there. */
static void list_ask(struct access *access, int64_t tag)
{
    cJSON *params = base_json_object();
    if (tag != TAG_LIST)
        base_json_add_bool(params, tag == TAG_KNOWN ? "known" : "refresh", true);
    console_ask(&access->screen, "secrets.list", params, tag, on_list);
}

static void access_open(struct screen *screen, const cJSON *args)
{
    struct access *access = of(screen);
    access->wanted = base_strdup(base_json_str(args, "secret"));
    access->stale = true;
    list_ask(access, TAG_KNOWN);
}

static void access_close(struct screen *screen)
{
    struct access *access = of(screen);
    cJSON_Delete(access->data);
    view_page_free(&access->page);
    free(access->slots);
    free(access->wanted);
}

static void access_resume(struct screen *screen)
{
    list_ask(of(screen), TAG_KNOWN);
}

static void access_event(struct screen *screen, const char *name, const cJSON *payload)
{
    (void)payload;
    if (strcmp(name, "secret.expiry") == 0)
        list_ask(of(screen), TAG_KNOWN);
}

/* --- what is done --- */

static void on_check(struct screen *screen, int64_t tag, const cJSON *result, const struct err *err)
{
    (void)tag;
    if (result == NULL) {
        console_say_error(screen->console, err);
        return;
    }
    char *text = view_secret_check(result);
    console_say(screen->console, "%s", text);
    free(text);
}

static void check(struct access *access)
{
    cJSON *params = base_json_object();
    base_json_add_str(params, "name", "principal");
    console_say(access->screen.console,
                "asking for a token with the secret in the vault; changes nothing, costs nothing");
    console_ask(&access->screen, "secrets.check", params, TAG_CHECK, on_check);
}

static const char *access_refuse(const struct screen *screen, enum view_action action)
{
    const struct access *access = of(screen);
    switch (action) {
    case VIEW_ACTION_COPY_COMMAND:
        return NULL;
    case VIEW_ACTION_COPY:
        return selected(access) ? NULL : "no secret is selected";
    case VIEW_ACTION_REFRESH:
    case VIEW_ACTION_CHECK:
        return console_engine(screen->console) ? NULL : "there is no engine to ask";
    default:
        return "";
    }
}

static void access_act(struct screen *screen, enum view_action action)
{
    struct access *access = of(screen);
    if (action == VIEW_ACTION_CHECK) {
        check(access);
    } else if (action == VIEW_ACTION_REFRESH) {
        list_ask(access, TAG_AGAIN);
    } else if (action == VIEW_ACTION_COPY) {
        console_copy(screen->console, base_json_str_or(selected(access), "id", ""));
    } else if (action == VIEW_ACTION_COPY_COMMAND) {
        char *text = base_printf("aampe-console --profile %s secrets list",
                                 console_profile(screen->console));
        console_copy(screen->console, text);
        free(text);
    }
}

/* Rows first; past the last one the text below them comes into view. */
static void access_move(struct screen *screen, enum draw_move move)
{
    struct access *access = of(screen);
    bool steps = move == DRAW_MOVE_UP || move == DRAW_MOVE_DOWN;
    bool back = access->top > 0 && move == DRAW_MOVE_UP && access->rows.at == 0;
    if (steps && !back && draw_scroll_move(&access->rows, move))
        access->follow = true;
    else
        access->top = console_page_top(access->top, page_height(screen->height), move);
}

/* --- what is seen --- */

static int line_of(const struct view_page *page, int target)
{
    for (size_t i = 0; i < page->count; i++)
        if (page->lines[i].target == target)
            return (int)i;
    return -1;
}

static struct view_page *page_make(const struct access *access, int64_t now_us, int width)
{
    if (access->data)
        return view_secrets_page(access->data, now_us, width);
    struct view_page *page = view_page_new(width);
    if (access->err.code != ERR_OK) {
        view_page_wrap(page, 2, STYLE_BAD, "%s", access->err.message);
        view_page_wrap(page, 2, STYLE_PLAIN, "%s", base_err_hint_text(&access->err));
    } else {
        view_page_line(page, STYLE_FAINT, "  not loaded yet: asking the engine");
    }
    return page;
}

static void access_layout(struct screen *screen)
{
    struct access *access = of(screen);
    const cJSON *rows[ROWS_MAX];
    int64_t now = console_now_us(screen->console);
    int height = page_height(screen->height);
    if (access->stale || access->page == NULL || access->made_width != screen->width ||
        access->minute != now / MINUTE_US) {
        view_page_free(&access->page);
        access->page = page_make(access, now, screen->width);
        free(access->slots);
        access->slots = view_secrets_slots(access->data);
        access->made_width = screen->width;
        access->minute = now / MINUTE_US;
        access->stale = false;
    }
    draw_scroll_fit(&access->rows, (int64_t)view_secrets_rows(access->data, rows, ROWS_MAX),
                    height);
    access->follow = access->follow || access->made_height != screen->height;
    access->made_height = screen->height;
    int line = line_of(access->page, (int)access->rows.at + 1);
    int last = (int)access->page->count - height;
    if (access->follow && line >= 0 && line < access->top)
        access->top = line < height / 2 ? 0 : line;
    if (access->follow && line >= access->top + height)
        access->top = line - height + 1;
    access->follow = false;
    if (access->top > last)
        access->top = last;
    if (access->top < 0)
        access->top = 0;
}

static void access_draw(const struct screen *screen, struct draw_box body)
{
    const struct access *access = of(screen);
    int height = page_height(body.height), line = line_of(access->page, (int)access->rows.at + 1);
    int more = (int)access->page->count - access->top - height;
    bool roomy = height < body.height;
    if (roomy)
        draw_tabs(body, 0, tabs, 0, access->slots);
    console_page_draw(access->page, draw_box_sub(body, 0, roomy, body.width, height), access->top,
                      line);
    if (roomy && more > 0)
        draw_printf(body, 2, body.height - 1, DRAW_FAINT, "%d more lines below", more);
}

static void access_status(const struct screen *screen, struct buf *out)
{
    const struct access *access = of(screen);
    const cJSON *row = selected(access);
    if (row == NULL) {
        if (console_waiting(screen))
            (void)base_buf_text(out, "asking the workspace which secrets there are");
        return;
    }
    char *why = view_secret_why(row, console_now_us(screen->console));
    (void)base_buf_text(out, why);
    free(why);
}

static size_t access_hints(const struct screen *screen, enum view_action out[], size_t max)
{
    static const enum view_action all[] = {VIEW_ACTION_CHECK, VIEW_ACTION_REFRESH, VIEW_ACTION_COPY,
                                           VIEW_ACTION_COPY_COMMAND, VIEW_ACTION_SCREEN_7};
    size_t used = 0;
    for (size_t i = 0; i < base_countof(all) && used < max; i++)
        if (all[i] != VIEW_ACTION_COPY || selected(of(screen)))
            out[used++] = all[i];
    return used;
}

static const char *access_label(const struct screen *screen, enum view_action action)
{
    (void)screen;
    return action == VIEW_ACTION_CHECK  ? "test secret"
           : action == VIEW_ACTION_COPY ? "copy id"
                                        : NULL;
}

static const char *access_reads(const struct screen *screen)
{
    return base_json_str(of(screen)->data, "read_as");
}

const struct screen_ops screen_access = {
    .name = "Access",
    .number = 6,
    .size = sizeof(struct access),
    .help = "Who holds which secret of the principal, and until when; what ends first stands\n"
            "first. Aampe and this engine hold separate secrets, so that replacing one never\n"
            "stops the other. Which one is this engine's is told by its fingerprint, else by\n"
            "its date, and then says so. No screen and no command ever shows a secret.\n"
            "c asks for a token with the secret in the vault: it changes nothing.",
    .open = access_open,
    .close = access_close,
    .resume = access_resume,
    .event = access_event,
    .refuse = access_refuse,
    .act = access_act,
    .move = access_move,
    .layout = access_layout,
    .draw = access_draw,
    .status = access_status,
    .hints = access_hints,
    .label = access_label,
    .reads = access_reads,
};
