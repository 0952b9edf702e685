/* Commands of aampe-console. Each lives in a file of its own and is one function; what it is
 * called, takes and means is in commands.def. */
#ifndef AAMPE_UI_CLI_CLI_H
#define AAMPE_UI_CLI_CLI_H

#include "base/err.h"
#include "base/seam.h"
#include "base/vec.h"
#include "ui/view/link.h"
#include "ui/view/out.h"

#include <cjson/cJSON.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum cli_class { CLI_LOOK, CLI_RUN, CLI_WRITE };

enum cli_id {
#define COMMAND(id, words, arguments, class, brief, more) CLI_ID_##id,
#define OPTION(id, name, argument, brief)
#define GLOBAL(name, argument, brief)
#include "ui/cli/commands.def"
#undef COMMAND
#undef OPTION
#undef GLOBAL
    CLI_ID_COUNT
};

struct cli_command {
    enum cli_id id;
    const char *words;     /* "share add" */
    const char *arguments; /* "TABLE...", for people and for counting */
    enum cli_class class;
    const char *brief, *more;
};

struct cli_option {
    int command; /* enum cli_id, or -1: of the program */
    const char *name;
    const char *argument; /* NULL: a flag */
    const char *brief;
};

struct cli_args {
    const struct cli_command *command; /* NULL: none given */
    vec_of(const char *) operands;
    vec_of(struct cli_given {
        const struct cli_option *option;
        const char *value;
    }) given;
};

/* What a command gets. */
struct cli {
    struct cli_args args;
    struct view_out *out;
    struct base_seam *seam;
    const char *profile;
    const char *socket;  /* or NULL */
    const char *version; /* of this program */
    const volatile sig_atomic_t
        *interrupted; /* set once the user pressed Ctrl-C or we were told to end */
    /* Opens the full-screen console on the profile and returns the program's exit code when the
     * user quits; set by the program (NULL: it has none). screen: 1 to 9, 0 = the one that fits;
     * args are for that screen. -1 with err when there is no usable terminal: nothing was shown. */
    int (*open)(struct cli *cli, int screen, cJSON *take_args, struct err *err);
};

/* Parses argv[1..]. ERR_USAGE says what is wrong and what was meant. Texts are borrowed from argv.
 */
int cli_parse(int argc, char *const argv[], struct cli_args *args, struct err *err) must_check;
void cli_args_free(struct cli_args *args);
bool cli_flag(const struct cli_args *args, const char *name);
const char *cli_value(const struct cli_args *args, const char *name); /* NULL: not given */
/* A whole number lo..hi; the fall-back when the option is absent. ERR_USAGE otherwise. */
int cli_number(const struct cli_args *args, const char *name, int64_t fallback, int64_t lo,
               int64_t hi, int64_t *value, struct err *err) must_check;

/* The tables. */
const struct cli_command *cli_command_at(size_t index); /* NULL after the last */
const struct cli_option *cli_option_at(size_t index);
/* Prints help of the program, or of one command. */
void cli_help(struct view_out *out, const struct cli_command *command);

/* Runs the parsed command; returns the exit code of the program. */
int cli_run(struct cli *cli);

/* Shared by the commands. */
/* The link to the engine, which is started where that is allowed. */
struct view_link *cli_link(struct cli *cli, struct err *err);
/* The same without starting one. */
struct view_link *cli_link_only(struct cli *cli, struct err *err);
/* Waits, a minute at most, until an engine that was told to stop has ended: its lock and its files
 * are free then. One that a console started and has not waited for has ended too, so that its pid
 * alone would not tell. 0: returns at once. */
void cli_engine_end_wait(pid_t pid);
/* One look: asks the verb, prints the answer by `print` or as JSON. params are taken. Returns the
 * exit code. */
int cli_look(struct cli *cli, const char *verb, cJSON *take_params,
             void (*print)(struct view_out *out, const cJSON *data));
/* The same without starting an engine. */
int cli_look_only(struct cli *cli, const char *verb, cJSON *take_params,
                  void (*print)(struct view_out *out, const cJSON *data));
/* An operand that is the number of a run. */
int cli_run_id(struct cli *cli, size_t operand, int64_t *id, struct err *err) must_check;
/* The operands as a JSON array "tables" of params, each checked to be a name of three parts. */
int cli_tables(struct cli *cli, cJSON *params, struct err *err) must_check;
/* Waits until the batch is over, progress on stderr, then the verified report on stdout. Returns
 * the exit code. */
int cli_batch_wait(struct cli *cli, struct view_link *link, int64_t batch);
/* The error of a report that is not verified: that of the first table that has one. */
void cli_report_error(const cJSON *report, struct err *err);
/* The same without printing: the report, the caller's, or NULL with err; ERR_OK and NULL:
 * interrupted. */
cJSON *cli_batch_report(struct cli *cli, struct view_link *link, int64_t batch, struct err *err);

/* Asks for the typed word of a plan with that many changes; false without a terminal. */
bool cli_share_word(struct cli *cli, long long changes);
/* share.plan or share.list whole, however many answers that takes: their "tables" in one list. */
int cli_share_get(struct view_link *link, const char *verb, cJSON **data,
                  struct err *err) must_check;

#define COMMAND(id, words, arguments, class, brief, more) int cli_exec_##id(struct cli *cli);
#define OPTION(id, name, argument, brief)
#define GLOBAL(name, argument, brief)
#include "ui/cli/commands.def"
#undef COMMAND
#undef OPTION
#undef GLOBAL

#endif
