/* What was asked of the engine and is not answered yet. */
#include "ui/screen/console_private.h"

#include "base/alloc.h"
#include "base/json.h"

#include <stdlib.h>
#include <string.h>

static struct console_asked *asked_new(struct console *console, const struct screen *screen,
                                       const char *verb, cJSON *take_params)
{
    struct console_asked *asked = base_alloc_zero(1, sizeof *asked);
    struct console_asked **end = &console->asked;
    while (*end)
        end = &(*end)->next;
    *end = asked;
    asked->id = ++console->asks_made;
    asked->screen = screen ? screen->number : 0;
    asked->verb = base_strdup(verb);
    asked->params = take_params ? take_params : base_json_object();
    return asked;
}

static void asked_free(struct console_asked *asked)
{
    cJSON_Delete(asked->params);
    free(asked->verb);
    free(asked);
}

static void asked_send(struct console *console, struct console_asked *asked)
{
    cJSON *params = asked->params;
    asked->params = NULL;
    asked->sent = true;
    console->config.send(console->config.user, asked->id, asked->verb, params);
}

static void asked_go(struct console *console, struct console_asked *asked)
{
    if (console->link == CONSOLE_UP) {
        asked_send(console, asked);
    } else if (console->link == CONSOLE_DOWN) {
        asked->failed = true;
        asked->err = console->engine_error;
    } /* else it waits for the link */
}

void console_ask(struct screen *screen, const char *verb, cJSON *take_params, int64_t tag,
                 console_answer_fn *answer)
{
    struct console_asked *asked = asked_new(screen->console, screen, verb, take_params);
    asked->tag = tag;
    asked->answer = answer;
    asked_go(screen->console, asked);
}

void console_asks_send(struct console *console)
{
    for (struct console_asked *asked = console->asked; asked; asked = asked->next)
        if (!asked->sent && !asked->failed)
            asked_send(console, asked);
}

void console_asks_fail(struct console *console, const struct err *err)
{
    for (struct console_asked *asked = console->asked; asked; asked = asked->next) {
        if (!asked->failed)
            asked->err = *err;
        asked->failed = true;
    }
}

static struct console_asked *asked_take(struct console_asked **at)
{
    struct console_asked *asked = *at;
    *at = asked->next;
    return asked;
}

static void status_answer(struct console *console, const cJSON *result)
{
    console->status_asked = false;
    if (result)
        console_status_take(console, cJSON_Duplicate(result, true));
}

/* Hands an answer to who asked, if it is still there. */
static void deliver(struct console *console, struct console_asked *asked, const cJSON *result,
                    const struct err *err)
{
    if (asked->screen == 0) {
        if (strcmp(asked->verb, "status") == 0)
            status_answer(console, err ? NULL : result);
    } else {
        struct screen *screen = console_screen_by_number(console, asked->screen);
        if (screen && asked->answer)
            asked->answer(screen, asked->tag, err ? NULL : result, err);
    }
    console->dirty = true;
    asked_free(asked);
}

void console_asks_settle(struct console *console)
{
    uint64_t last = console->asks_made; /* what the answers ask anew is for the next turn */
    for (struct console_asked **at = &console->asked; *at;) {
        if (!(*at)->failed || (*at)->id > last) {
            at = &(*at)->next;
            continue;
        }
        struct console_asked *asked = asked_take(at);
        struct err err = asked->err;
        deliver(console, asked, NULL, &err);
        at = &console->asked;
    }
}

bool console_asks_unsettled(const struct console *console)
{
    for (const struct console_asked *asked = console->asked; asked; asked = asked->next)
        if (asked->failed)
            return true;
    return false;
}

void console_answer(struct console *console, uint64_t id, const cJSON *result,
                    const struct err *err)
{
    for (struct console_asked **at = &console->asked; *at; at = &(*at)->next) {
        if ((*at)->id == id && (*at)->sent) {
            deliver(console, asked_take(at), result, err);
            break;
        }
    }
    console_turn_end(console);
}

/* Takes out what a screen waits for; the engine is told where it was asked. */
static bool forget(struct console *console, uint64_t screen)
{
    bool any = false;
    for (struct console_asked **at = &console->asked; *at;) {
        if ((*at)->screen != screen) {
            at = &(*at)->next;
            continue;
        }
        struct console_asked *asked = asked_take(at);
        any = true;
        if (asked->sent && !asked->failed && console->link == CONSOLE_UP) {
            cJSON *params = base_json_object();
            base_json_add_i64(params, "id", (int64_t)asked->id);
            asked_send(console, asked_new(console, NULL, "cancel", params));
        }
        asked_free(asked);
    }
    return any;
}

void console_asks_forget(struct console *console, uint64_t screen)
{
    (void)forget(console, screen);
}

bool console_forget(struct screen *screen)
{
    return forget(screen->console, screen->number);
}

bool console_waiting(const struct screen *screen)
{
    for (struct console_asked *asked = screen->console->asked; asked; asked = asked->next)
        if (asked->screen == screen->number)
            return true;
    return false;
}

void console_asks_free(struct console *console)
{
    while (console->asked)
        asked_free(asked_take(&console->asked));
}

void console_status_ask(struct console *console)
{
    if (console->link != CONSOLE_UP || console->status_asked)
        return;
    console->status_asked = true;
    console->status_wanted = false;
    console->status_us = console_now_us(console);
    asked_send(console, asked_new(console, NULL, "status", NULL));
}
