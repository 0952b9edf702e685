#include "ui/screen/palette.h"
#include "ui/screen/console_private.h"

#include "base/alloc.h"
#include "base/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NONE VIEW_ACTION_NONE

static void run_explain(struct console *console, const struct palette_word *word, const char *rest)
{
    (void)word;
    console_explain(console, rest[0] ? rest : NULL);
}

/* What has no screen is a command: the line is handed over, not run behind anybody's back. */
#define SHELL "for a shell, Enter copies it: "
static void run_shell(struct console *console, const struct palette_word *word, const char *rest)
{
    char *line = base_printf("aampe-console --profile %s %s%s%s", console_profile(console),
                             word->words, rest[0] ? " " : "", rest);
    const char *done = NULL;
    if (console->config.copy)
        done = console->config.copy(console->config.user, line, strlen(line));
    console_say(console, "%s: %s", done ? done : "run it in a shell", line);
    free(line);
}

static void run_dump(struct console *console, const struct palette_word *word, const char *rest)
{
    (void)word;
    (void)rest;
    console_dump(console);
}

static void run_quit(struct console *console, const struct palette_word *word, const char *rest)
{
    (void)word;
    (void)rest;
    console_quit_ask(console);
}

const struct palette_word palette_words[] = {
    {"status", 1, NULL, false, NULL, NONE, NULL, "is anything wrong, what is safe, what is next"},
    {"tree", 2, "filter", false, NULL, NONE, NULL, "catalogs, schemas and tables: PATTERN"},
    {"show", 2, "table", false, NULL, NONE, NULL, "one table: TABLE"},
    {"preview", 2, "table", false, "rows", NONE, NULL, "the first rows of a table, masked: TABLE"},
    {"share list", 3, NULL, false, "tables", NONE, NULL, "the share"},
    {"share plan", 3, NULL, false, "plan", NONE, NULL, "the plan of the draft"},
    {"share add", 2, "table", false, NULL, NONE, NULL, "look at TABLE; Space ticks it"},
    {"share remove", 2, "table", false, NULL, NONE, NULL, "look at TABLE; Space unticks it"},
    {"sync plan", 5, NULL, false, NULL, VIEW_ACTION_SYNC, NULL,
     "what a sync would read; asks first"},
    {"sync run", 5, NULL, false, NULL, VIEW_ACTION_SYNC, NULL, "sync now: shows the plan first"},
    {"runs list", 5, NULL, false, NULL, NONE, NULL, "the latest runs"},
    {"runs show", 5, "run", true, NULL, NONE, NULL, "one run: ID"},
    {"runs log", 5, "run", true, "log", NONE, NULL, "what happened in a run: ID"},
    {"runs retry", 5, "run", true, NULL, NONE, NULL, "look at run ID; R retries it"},
    {"runs cancel", 5, "run", true, NULL, NONE, NULL, "look at run ID; X cancels it"},
    {"secrets list", 6, NULL, false, NULL, NONE, NULL, "secrets and how long they last"},
    {"secrets set", 9, NULL, false, NULL, NONE, NULL, "enter a secret, in Setup"},
    {"sync verify", 1, NULL, false, NULL, VIEW_ACTION_CHECK, NULL, "read again what lies there"},
    {"explain", 0, "code", false, NULL, NONE, run_explain, "what an error code means: CODE"},
    {"dump", 0, NULL, false, NULL, NONE, run_dump, "write this screen to a file, as text"},
    {"audit", 7, NULL, false, NULL, NONE, NULL, "what was done with the access"},
    {"setup", 9, NULL, false, NULL, NONE, NULL, "what is set, what is missing"},
    {"runs report", 0, NULL, false, NULL, NONE, run_shell, SHELL "word about a run for Aampe"},
    {"audit list", 7, NULL, false, NULL, NONE, NULL, "what was done with the access"},
    {"config get", 0, NULL, false, NULL, NONE, run_shell, SHELL "one setting"},
    {"config set", 0, NULL, false, NULL, NONE, run_shell, SHELL "change one setting"},
    {"config dump", 0, NULL, false, NULL, NONE, run_shell, SHELL "all settings"},
    {"config check", 0, NULL, false, NULL, NONE, run_shell, SHELL "check the profile file"},
    {"config diff", 0, NULL, false, NULL, NONE, run_shell, SHELL "profile file against engine"},
    {"config schema", 0, NULL, false, NULL, NONE, run_shell, SHELL "schema of the profile file"},
    {"engine status", 0, NULL, false, NULL, NONE, run_shell, SHELL "the engine and its work"},
    {"engine log", 0, NULL, false, NULL, NONE, run_shell, SHELL "the end of its log"},
    {"engine start", 0, NULL, false, NULL, NONE, run_shell, SHELL "start the engine"},
    {"engine stop", 0, NULL, false, NULL, NONE, run_shell, SHELL "stop the engine"},
    {"engine reload", 0, NULL, false, NULL, NONE, run_shell, SHELL "read the profile file again"},
    {"demo", 0, NULL, false, NULL, NONE, run_shell, SHELL "a sandbox workspace to try"},
    {"quit", 0, NULL, false, NULL, NONE, run_quit, "leave; the engine goes on"},
};
const size_t palette_word_count = base_countof(palette_words);

static char small(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool starts(const char *text, const char *typed)
{
    for (; *typed; text++, typed++)
        if (small(*text) != small(*typed))
            return false;
    return true;
}

int palette_score(const char *text, const char *typed)
{
    if (typed[0] == '\0')
        return 1;
    if (starts(text, typed))
        return strlen(text) == strlen(typed) ? 1000 : 800;
    for (const char *at = text; *at; at++)
        if (starts(at, typed))
            return at[-1] == ' ' || at[-1] == '.' ? 600 : 400;
    int gaps = 0;
    for (; *typed; typed++, text++) { /* the letters, in order */
        while (*text && small(*text) != small(*typed)) {
            text++;
            gaps++;
        }
        if (*text == '\0')
            return 0;
    }
    return gaps < 100 ? 200 - gaps : 100;
}

const struct palette_word *palette_words_of(const char *typed, const char **rest)
{
    const struct palette_word *best = NULL;
    size_t best_len = 0;
    for (size_t i = 0; i < palette_word_count; i++) {
        size_t len = strlen(palette_words[i].words);
        if (len > best_len && starts(typed, palette_words[i].words) &&
            (typed[len] == ' ' || typed[len] == '\0')) {
            best = &palette_words[i];
            best_len = len;
        }
    }
    if (best)
        *rest = typed + best_len + strspn(typed + best_len, " ");
    return best;
}

cJSON *palette_arguments(const struct palette_word *word, const char *rest, bool *wrong)
{
    *wrong = false;
    bool given = word->argument && rest[0];
    if (!given && word->tab == NULL)
        return NULL;
    cJSON *args = base_json_object();
    if (given && word->number) {
        char *end;
        errno = 0;
        long long number = strtoll(rest, &end, 10);
        *wrong = errno != 0 || end == rest || *end != '\0' || number < 0;
        base_json_add_i64(args, word->argument, number);
    } else if (given) {
        base_json_add_str(args, word->argument, rest);
    }
    if (word->tab)
        base_json_add_str(args, "tab", word->tab);
    if (*wrong) {
        cJSON_Delete(args);
        args = NULL;
    }
    return args;
}
