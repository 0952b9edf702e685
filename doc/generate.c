/* Build-time program: fills the frames of the manual and of the shell completion from the tables
 * that the product itself uses (commands.def, actions.def, errors.def, settings.def), so that they
 * cannot disagree. Usage: generate FRAME VERSION > OUTPUT. A line of the frame that is "@@name" is
 * replaced. */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct command {
    const char *id, *words, *arguments, *class, *brief, *more;
};

struct option {
    const char *command, *name, *argument, *brief;
};

struct code {
    const char *name, *class, *cause, *fix;
};

static const struct command commands[] = {
#define COMMAND(id, words, arguments, class, brief, more)                                          \
    {#id, words, arguments, #class, brief, more},
#define OPTION(id, name, argument, brief)
#define GLOBAL(name, argument, brief)
#include "ui/cli/commands.def"
#undef COMMAND
#undef OPTION
#undef GLOBAL
    {NULL, NULL, NULL, NULL, NULL, NULL},
};

static const struct option options[] = {
#define COMMAND(id, words, arguments, class, brief, more)
#define OPTION(id, name, argument, brief) {#id, name, argument, brief},
#define GLOBAL(name, argument, brief) {"", name, argument, brief},
#include "ui/cli/commands.def"
#undef COMMAND
#undef OPTION
#undef GLOBAL
    {NULL, NULL, NULL, NULL},
};

struct setting {
    const char *key, *type, *fallback, *choices, *help;
};

static const struct setting settings[] = {
#define S(id, key, type, fallback, min, max, choices, help) {key, #type, fallback, choices, help},
#include "config/settings.def"
#undef S
    {NULL, NULL, NULL, NULL, NULL},
};

struct action {
    const char *keys, *class, *words, *help;
};

static const struct action actions[] = {
#define ACTION(id, keys, class, hint, words, help) {keys, #class, words, help},
#include "ui/view/actions.def"
#undef ACTION
    {NULL, NULL, NULL, NULL},
};

static const struct code codes[] = {
#define E(code, class, retry, cause, fix) {#code, #class, cause, fix},
#include "base/errors.def"
#undef E
    {NULL, NULL, NULL, NULL},
};

/* Text inside a manual line: backslashes, and a first character that mdoc would take for a request.
 */
static void roff(const char *text)
{
    const char *start = text;
    if (text[0] == '.' || text[0] == '\'')
        fputs("\\&", stdout);
    for (; *text != '\0'; text++) {
        if (*text == '\\')
            fputs("\\e", stdout);
        else if (*text == '`')
            fputs("\\(ga", stdout);
        else if (*text == ' ' && text > start && strchr(".?!", text[-1]))
            putchar('\n'); /* a new sentence starts a new line */
        else
            putchar(*text);
    }
}

static void roff_line(const char *text)
{
    if (text[0] == '\0')
        return;
    roff(text);
    putchar('\n');
}

/* "[TABLE...]" as ".Ar" words. */
static void roff_arguments(const char *text)
{
    char copy[128];
    snprintf(copy, sizeof copy, "%s", text);
    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " ")) {
        bool optional = word[0] == '[';
        if (optional) {
            word++;
            word[strlen(word) - 1] = '\0';
        }
        printf(" %s Ar ", optional ? "Op" : "");
        roff(word);
    }
}

static void print_options(const char *command)
{
    printf(".Bl -tag -width Ds\n");
    for (const struct option *each = options; each->name; each++) {
        if (strcmp(each->command, command) != 0)
            continue;
        printf(".It Fl -%s", each->name);
        if (each->argument) {
            printf(" Ar ");
            roff(each->argument);
        }
        putchar('\n');
        roff_line(each->brief);
    }
    printf(".El\n");
}

static bool has_options(const char *command)
{
    for (const struct option *each = options; each->name; each++)
        if (strcmp(each->command, command) == 0)
            return true;
    return false;
}

static void print_commands(void)
{
    printf(".Bl -tag -width Ds\n");
    for (const struct command *each = commands; each->id; each++) {
        printf(".It Cm %s", each->words);
        if (each->arguments[0])
            roff_arguments(each->arguments);
        putchar('\n');
        roff_line(each->brief);
        printf("(%s).\n", strcmp(each->class, "LOOK") == 0  ? "look"
                          : strcmp(each->class, "RUN") == 0 ? "run"
                                                            : "write");
        roff_line(each->more);
        if (has_options(each->id))
            print_options(each->id);
    }
    printf(".El\n");
}

static void print_globals(void)
{
    print_options("");
}

/* The keys of the full-screen console; the words are those of its palette. */
static void print_keys(void)
{
    printf(".Bl -tag -width Ds\n");
    for (const struct action *each = actions; each->keys; each++) {
        printf(".It Ic ");
        for (const char *at = each->keys; *at; at++)
            printf(*at == ' ' || isalnum((unsigned char)*at) ? "%c" : "\\&%c", *at);
        putchar('\n');
        roff_line(each->help);
        if (strcmp(each->class, "LOOK") != 0)
            printf("(%s).\n", strcmp(each->class, "RUN") == 0 ? "run" : "write");
        printf("(:%s)\n", each->words);
    }
    printf(".El\n");
}

static void print_errors(void)
{
    printf(".Bl -tag -width Ds\n");
    for (const struct code *each = codes; each->name; each++) {
        printf(".It Er %s\n", each->name);
        roff_line(each->cause);
        if (strcmp(each->fix, "-") != 0 && each->fix[0] != '\0') {
            printf(".br\n");
            roff_line(each->fix);
        }
    }
    printf(".El\n");
}

static const char *type_words(const char *type)
{
    static const char *const words[][2] = {
        {"TEXT", "text"},
        {"INT", "whole number"},
        {"BYTES", "bytes, a number or text like 160 MiB"},
        {"BOOL", "true or false"},
        {"CHOICE", "one of"},
        {"FILE", "path of a file"},
        {"URL", "address"},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(words[i][0], type) == 0)
            return words[i][1];
    return type;
}

static void print_settings(void)
{
    printf(".Bl -tag -width Ds\n");
    for (const struct setting *each = settings; each->key; each++) {
        printf(".It Va %s\n", each->key);
        roff_line(each->help);
        printf("(%s", type_words(each->type));
        if (each->choices) {
            putchar(' ');
            roff(each->choices);
        }
        if (each->fallback) {
            printf("; default ");
            roff(each->fallback);
        }
        printf(").\n");
    }
    printf(".El\n");
}

/* First words of the commands, once each. */
static void print_first_words(void)
{
    const char *last = "";
    for (const struct command *each = commands; each->id; each++) {
        size_t len = strcspn(each->words, " ");
        if (strncmp(last, each->words, len) != 0 || last[len] == '\0' || last[0] == '\0' ||
            strcspn(last, " ") != len)
            printf("%.*s ", (int)len, each->words);
        last = each->words;
    }
}

static void shell_words(void)
{
    printf("    local first='");
    print_first_words();
    printf("'\n    case \"$word1\" in\n");
    for (const struct command *each = commands; each->id; each++) {
        size_t len = strcspn(each->words, " ");
        bool seen = each > commands && strncmp(each[-1].words, each->words, len) == 0 &&
                    each[-1].words[len] == ' ';
        if (each->words[len] != ' ' || seen)
            continue;
        printf("    %.*s) second='", (int)len, each->words);
        for (const struct command *next = each; next->id; next++)
            if (strncmp(next->words, each->words, len + 1) == 0)
                printf("%s ", next->words + len + 1);
        printf("' ;;\n");
    }
    printf("    esac\n");
}

static void shell_options(void)
{
    printf("    local options='");
    for (const struct option *each = options; each->name; each++)
        if (each->command[0] == '\0')
            printf("--%s ", each->name);
    printf("'\n    case \"$word1 $word2\" in\n");
    for (const struct command *each = commands; each->id; each++) {
        if (!has_options(each->id))
            continue;
        printf("    \"%s\"%s) options+='", each->words, strchr(each->words, ' ') ? "" : "*");
        for (const struct option *option = options; option->name; option++)
            if (strcmp(option->command, each->id) == 0)
                printf(" --%s", option->name);
        printf("' ;;\n");
    }
    printf("    esac\n");
}

static const struct part {
    const char *name;
    void (*print)(void);
} parts[] = {
    {"commands", print_commands},     {"keys", print_keys},         {"options", print_globals},
    {"errors", print_errors},         {"settings", print_settings}, {"shell-words", shell_words},
    {"shell-options", shell_options},
};

static int part_print(const char *name)
{
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (strcmp(parts[i].name, name) == 0) {
            parts[i].print();
            return 0;
        }
    }
    fprintf(stderr, "generate: the frame asks for \"%s\", which is not known\n", name);
    return -1;
}

int main(int argc, char *argv[])
{
    char line[4096];
    FILE *frame = argc == 3 ? fopen(argv[1], "r") : NULL;
    int rc = 0;
    if (frame == NULL) {
        fprintf(stderr, "usage: generate FRAME VERSION\n");
        return 2;
    }
    while (fgets(line, sizeof line, frame) && rc == 0) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "@@version", 9) == 0)
            printf(".Os aampe-console %s\n", argv[2]);
        else if (strncmp(line, "@@", 2) == 0)
            rc = part_print(line + 2);
        else
            puts(line);
    }
    fclose(frame);
    return rc == 0 && fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}
