/* Private to ui/screen: what the palette finds. */
#ifndef AAMPE_UI_SCREEN_PALETTE_H
#define AAMPE_UI_SCREEN_PALETTE_H

#include "ui/screen/screen.h"
#include "ui/view/action.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

/* Words of a command and the screen that shows the same. */
struct palette_word {
    const char *words;
    int digit;               /* 0: none */
    const char *argument;    /* member of the arguments that takes what is typed behind the words */
    bool number;             /* it is one */
    const char *tab;         /* or NULL */
    enum view_action action; /* done after that, or NONE */
    /* Or this; NULL. */
    void (*run)(struct console *console, const struct palette_word *word, const char *rest);
    const char *help;
};
extern const struct palette_word palette_words[];
extern const size_t palette_word_count;

/* How well `typed` fits `text`: 0 not at all; more is better. Letters in order, any case. */
int palette_score(const char *text, const char *typed);
/* The words the typed line begins with, the longest; *rest: what follows. NULL: none. */
const struct palette_word *palette_words_of(const char *typed, const char **rest);
/* Arguments for the screen; caller deletes. NULL: none, or *wrong when the rest is no number. */
cJSON *palette_arguments(const struct palette_word *word, const char *rest, bool *wrong);

#endif
