/* The stacks of screens: one for each digit, kept while another is shown. */
#include "ui/screen/console_private.h"

#include "base/alloc.h"

#include <stdlib.h>

struct screen *console_top(const struct console *console)
{
    return console->tops[console->current];
}

struct screen *console_screen_by_number(const struct console *console, uint64_t number)
{
    for (int digit = 0; digit <= CONSOLE_SCREENS; digit++)
        for (struct screen *screen = console->tops[digit]; screen; screen = screen->below)
            if (screen->number == number)
                return screen;
    return NULL;
}

/* Off the stack at once; its memory goes at the end of the turn, because its own code may be
 * running. */
static void close_top(struct console *console, int digit)
{
    struct screen *screen = console->tops[digit];
    console->tops[digit] = screen->below;
    console_asks_forget(console, screen->number);
    screen->below = NULL;
    struct screen **end = &console->dead;
    while (*end)
        end = &(*end)->below;
    *end = screen;
    console->dirty = true;
}

void console_dead_free(struct console *console)
{
    while (console->dead) {
        struct screen *screen = console->dead;
        console->dead = screen->below;
        if (screen->ops->close)
            screen->ops->close(screen);
        free(screen);
    }
}

void console_stack_close(struct console *console, int digit)
{
    while (console->tops[digit])
        close_top(console, digit);
}

void console_resume(struct console *console)
{
    struct screen *top = console_top(console);
    if (top == NULL)
        return;
    top->painted = false;
    console->dirty = true;
    if (top->ops->resume)
        top->ops->resume(top);
}

void console_close_top(struct console *console)
{
    if (console_top(console) == NULL)
        return;
    bool overlay = console_top(console)->ops->overlay;
    close_top(console, console->current);
    if (console_top(console) == NULL)
        console_show(console, console->previous != console->current ? console->previous : 1);
    else if (overlay)
        console_top(console)->painted = false; /* what is below has missed nothing */
    else
        console_resume(console);
}

static void open_on(struct console *console, int digit, const struct screen_ops *ops,
                    const cJSON *args)
{
    if (ops->size < sizeof(struct screen))
        bug("the state of screen %s is too small", ops->name);
    struct screen *screen = base_alloc_zero(1, ops->size);
    screen->ops = ops;
    screen->console = console;
    screen->number = ++console->screens_made;
    screen->below = console->tops[digit];
    screen->width = console->width;
    screen->height =
        console->height > CONSOLE_FRAME_ROWS ? console->height - CONSOLE_FRAME_ROWS : 0;
    console->tops[digit] = screen;
    console->dirty = true;
    if (ops->open)
        ops->open(screen, args);
}

void console_overlay_close(struct console *console)
{
    while (console_top(console) && console_top(console)->ops->overlay &&
           console_top(console)->below)
        close_top(console, console->current);
}

void console_push(struct console *console, const struct screen_ops *ops, cJSON *take_args)
{
    int depth = 0;
    if (ops == NULL) {
        console_say(console, "this view is not in this version");
        cJSON_Delete(take_args);
        return;
    }
    if (!ops->overlay && !ops->question)
        console_overlay_close(console);
    for (struct screen *screen = console_top(console); screen; screen = screen->below)
        depth++;
    if (depth < CONSOLE_STACK_MAX)
        open_on(console, console->current, ops, take_args);
    else
        console_say(console, "too many views are open: q closes this one");
    cJSON_Delete(take_args);
}

/* Makes a digit the one that is seen; where it has no screen yet it is opened. */
static void switch_to(struct console *console, int digit, const cJSON *args)
{
    const struct screen_ops *ops = console_screen_ops(digit);
    if (digit != console->current) {
        console->previous = console->current;
        console->current = digit;
    }
    if (console->tops[digit])
        console_resume(console);
    else
        open_on(console, digit, ops ? ops : &screen_messages, args);
}

/* A digit that can be shown; at least the messages always can. */
static int shown_instead(int digit)
{
    for (int i = 1; i <= CONSOLE_SCREENS && console_screen_ops(digit) == NULL; i++)
        digit = console_screen_ops(i) ? i : digit;
    return digit;
}

void console_show(struct console *console, int digit)
{
    const struct screen *top = console_top(console);
    bool again = digit == console->current && top && !top->ops->overlay;
    console_overlay_close(console);
    /* Its own digit leads back to where it begins. */
    while (again && console->tops[digit] && console->tops[digit]->below)
        close_top(console, digit);
    switch_to(console, shown_instead(digit), NULL);
}

void console_go(struct console *console, int number, cJSON *take_args)
{
    bool there = number >= 1 && number <= CONSOLE_SCREENS && console_screen_ops(number);
    if (!there) {
        static const char *const names[] = {
            [1] = "Overview", [2] = "Browse", [3] = "Share",  [4] = "Conformance", [5] = "Runs",
            [6] = "Access",   [7] = "Audit",  [8] = "Doctor", [9] = "Setup"};
        bool known = number >= 1 && number <= CONSOLE_SCREENS;
        console_say(console, "%d %s is not in this version", number, known ? names[number] : "");
    } else {
        console_overlay_close(console);
        if (take_args)
            console_stack_close(console, number);
        while (console->tops[number] && console->tops[number]->below)
            close_top(console, number);
        switch_to(console, number, take_args);
    }
    cJSON_Delete(take_args);
}

void console_pop(struct screen *screen)
{
    struct console *console = screen->console;
    for (int digit = 0; digit <= CONSOLE_SCREENS; digit++) {
        bool here = false;
        for (struct screen *at = console->tops[digit]; at; at = at->below)
            here = here || at == screen;
        while (here && console->tops[digit]) {
            bool last = console->tops[digit] == screen;
            bool shown = digit == console->current;
            if (last && shown) {
                console_close_top(console);
                return;
            }
            close_top(console, digit);
            if (last)
                return;
        }
    }
}
