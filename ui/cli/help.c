#include "ui/cli/cli.h"

#include "base/alloc.h"

#include <stdlib.h>

static void option_print(struct view_out *out, const struct cli_option *option)
{
    char *name = option->argument ? base_printf("--%s %s", option->name, option->argument)
                                  : base_printf("--%s", option->name);
    view_line(out, "  %-18s %s", name, option->brief);
    free(name);
}

static void command_help(struct view_out *out, const struct cli_command *command)
{
    view_line(out, "usage: aampe-console [OPTIONS] %s%s%s", command->words,
              command->arguments[0] ? " " : "", command->arguments);
    view_end(out);
    view_line(out, "%s", command->brief);
    if (command->more[0]) {
        view_end(out);
        view_wrap(out, 0, command->more);
    }
    view_end(out);
    for (size_t i = 0; cli_option_at(i); i++)
        if (cli_option_at(i)->command == (int)command->id)
            option_print(out, cli_option_at(i));
    view_line(out, "  (and the options of the program: aampe-console --help)");
}

void cli_help(struct view_out *out, const struct cli_command *command)
{
    if (command) {
        command_help(out, command);
        return;
    }
    view_line(out, "usage: aampe-console [OPTIONS] [COMMAND]");
    view_end(out);
    view_line(out, "commands (without one, on a terminal: the full screen; else status):");
    for (size_t i = 0; cli_command_at(i); i++) {
        const struct cli_command *each = cli_command_at(i);
        char *words =
            base_printf("%s%s%s", each->words, each->arguments[0] ? " " : "", each->arguments);
        view_line(out, "  %-24s %s", words, each->brief);
        free(words);
    }
    view_end(out);
    view_line(out, "options:");
    for (size_t i = 0; cli_option_at(i); i++)
        if (cli_option_at(i)->command == -1)
            option_print(out, cli_option_at(i));
    view_end(out);
    view_line(out,
              "exit: 0 done, 1 failed, 2 usage or missing answers, 3 findings or changes to make,");
    view_line(
        out,
        "      4 not permitted, 5 engine not reachable, 6 interrupted (will resume), 130 by you");
    view_line(out, "manual: aampe-console(1), aampe(5), aampe-syncd(8), aampe-sandbox(1)");
}
