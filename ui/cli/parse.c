#include "ui/cli/cli.h"

#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct cli_command commands[] = {
#define COMMAND(id, words, arguments, class, brief, more)                                          \
    {CLI_ID_##id, words, arguments, CLI_##class, brief, more},
#define OPTION(id, name, argument, brief)
#define GLOBAL(name, argument, brief)
#include "ui/cli/commands.def"
#undef COMMAND
#undef OPTION
#undef GLOBAL
};

static const struct cli_option options[] = {
#define COMMAND(id, words, arguments, class, brief, more)
#define OPTION(id, name, argument, brief) {CLI_ID_##id, name, argument, brief},
#define GLOBAL(name, argument, brief) {-1, name, argument, brief},
#include "ui/cli/commands.def"
#undef COMMAND
#undef OPTION
#undef GLOBAL
};

const struct cli_command *cli_command_at(size_t index)
{
    return index < base_countof(commands) ? &commands[index] : NULL;
}

const struct cli_option *cli_option_at(size_t index)
{
    return index < base_countof(options) ? &options[index] : NULL;
}

/* Is `word` the first word of a command, and does that command have a second one? */
static bool family_find(const char *word, bool *has_more)
{
    size_t len = strlen(word);
    for (size_t i = 0; i < base_countof(commands); i++) {
        const char *words = commands[i].words;
        if (strncmp(words, word, len) == 0 && (words[len] == '\0' || words[len] == ' ')) {
            *has_more = words[len] == ' ';
            return true;
        }
    }
    return false;
}

static const struct cli_command *command_find(const char *first, const char *second)
{
    size_t len = strlen(first);
    for (size_t i = 0; i < base_countof(commands); i++) {
        const char *words = commands[i].words;
        if (strncmp(words, first, len) != 0)
            continue;
        if (second == NULL ? words[len] == '\0'
                           : words[len] == ' ' && strcmp(words + len + 1, second) == 0)
            return &commands[i];
    }
    return NULL;
}

static int family_error(const char *first, const char *second, struct err *err)
{
    struct buf list;
    base_buf_init(&list, 200);
    size_t len = strlen(first);
    for (size_t i = 0; i < base_countof(commands); i++) {
        const char *words = commands[i].words;
        if (strncmp(words, first, len) == 0 && words[len] == ' ')
            (void)base_buf_printf(&list, "%s%s", list.len ? ", " : "", words + len + 1);
    }
    if (second == NULL)
        base_err_set(err, ERR_USAGE, "\"%s\" needs one of: %s", first, list.data);
    else
        base_err_set(err, ERR_USAGE, "\"%s %s\" is not a command; \"%s\" takes: %s", first, second,
                     first, list.data);
    base_buf_free(&list);
    return -1;
}

/* Finds the option among those of the program and of the command; the command may not be known yet.
 */
static const struct cli_option *option_find(const struct cli_command *command, const char *name,
                                            size_t len)
{
    for (size_t i = 0; i < base_countof(options); i++) {
        if (strncmp(options[i].name, name, len) != 0 || options[i].name[len] != '\0')
            continue;
        if (options[i].command == -1 || (command && options[i].command == (int)command->id))
            return &options[i];
    }
    return NULL;
}

static int option_parse(struct cli_args *args, int argc, char *const argv[], int *at,
                        struct err *err)
{
    const char *text = argv[*at] + 2;
    size_t len = strcspn(text, "=");
    const struct cli_option *option = option_find(args->command, text, len);
    if (option == NULL && args->command)
        return base_err_set(err, ERR_USAGE, "\"%s\" has no option \"--%.*s\"", args->command->words,
                            (int)len, text);
    if (option == NULL)
        return base_err_set(err, ERR_USAGE, "there is no option \"--%.*s\" before the command",
                            (int)len, text);
    struct cli_given given = {.option = option};
    if (option->argument == NULL && text[len] == '=')
        return base_err_set(err, ERR_USAGE, "\"--%s\" takes no value", option->name);
    if (option->argument && text[len] == '=')
        given.value = text + len + 1;
    else if (option->argument && *at + 1 < argc)
        given.value = argv[++*at];
    else if (option->argument)
        return base_err_set(err, ERR_USAGE, "\"--%s\" needs a value (%s)", option->name,
                            option->argument);
    vec_push(&args->given, given);
    return 0;
}

/* Counts what "ID", "[TABLE...]" or "NAME VALUE" allows. */
static void operand_limits(const char *arguments, size_t *least, size_t *most)
{
    *least = *most = 0;
    for (const char *p = arguments; *p != '\0';) {
        size_t len = strcspn(p, " ");
        if (*p != '[')
            (*least)++;
        const char *dots = strstr(p, "...");
        if (dots && dots < p + len)
            *most = SIZE_MAX;
        else if (*most != SIZE_MAX)
            (*most)++;
        p += len + strspn(p + len, " ");
    }
}

static int operands_check(const struct cli_args *args, struct err *err)
{
    size_t least, most;
    if (args->command == NULL || cli_flag(args, "help"))
        return 0;
    operand_limits(args->command->arguments, &least, &most);
    if (args->operands.count < least)
        return base_err_set(err, ERR_USAGE, "\"%s\" needs %s", args->command->words,
                            args->command->arguments);
    if (args->operands.count > most)
        return base_err_set(err, ERR_USAGE, "\"%s\" does not take \"%s\"", args->command->words,
                            args->operands.items[most]);
    return 0;
}

static int word_parse(struct cli_args *args, int argc, char *const argv[], int *at, struct err *err)
{
    bool has_more = false;
    const char *first = argv[*at];
    if (!family_find(first, &has_more))
        return base_err_set(err, ERR_USAGE, "there is no command \"%s\"", first);
    const char *second = NULL;
    if (has_more && *at + 1 < argc && argv[*at + 1][0] != '-')
        second = argv[++*at];
    if (has_more && second == NULL)
        return family_error(first, NULL, err);
    args->command = command_find(first, second);
    return args->command ? 0 : family_error(first, second, err);
}

int cli_parse(int argc, char *const argv[], struct cli_args *args, struct err *err)
{
    bool options_end = false;
    *args = (struct cli_args){0};
    for (int i = 1; i < argc; i++) {
        const char *text = argv[i];
        int rc = 0;
        if (!options_end && strcmp(text, "--") == 0)
            options_end = true;
        else if (!options_end && strncmp(text, "--", 2) == 0)
            rc = option_parse(args, argc, argv, &i, err);
        else if (!options_end && text[0] == '-' && text[1] != '\0')
            rc = base_err_set(err, ERR_USAGE, "options are spelled out: \"%s\" is none", text);
        else if (args->command == NULL)
            rc = word_parse(args, argc, argv, &i, err);
        else
            vec_push(&args->operands, text);
        if (rc != 0)
            return rc;
    }
    return operands_check(args, err);
}

void cli_args_free(struct cli_args *args)
{
    vec_free(&args->operands);
    vec_free(&args->given);
}

static const struct cli_given *given_find(const struct cli_args *args, const char *name)
{
    for (size_t i = args->given.count; i > 0; i--)
        if (strcmp(args->given.items[i - 1].option->name, name) == 0)
            return &args->given.items[i - 1];
    return NULL;
}

bool cli_flag(const struct cli_args *args, const char *name)
{
    return given_find(args, name) != NULL;
}

const char *cli_value(const struct cli_args *args, const char *name)
{
    const struct cli_given *given = given_find(args, name);
    return given ? given->value : NULL;
}

int cli_number(const struct cli_args *args, const char *name, int64_t fallback, int64_t lo,
               int64_t hi, int64_t *value, struct err *err)
{
    const char *text = cli_value(args, name);
    *value = fallback;
    if (text == NULL)
        return 0;
    char *end = NULL;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || number < lo || number > hi)
        return base_err_set(err, ERR_USAGE,
                            "\"--%s\" is a whole number from %lld to %lld, not \"%s\"", name,
                            (long long)lo, (long long)hi, text);
    *value = number;
    return 0;
}
