/* aampe-console: what the admin runs. */
#include "ui/app/app.h"
#include "ui/app/linear.h"
#include "ui/cli/cli.h"
#include "ui/view/setup.h"

#include "base/text.h"
#include "config.h"

#include <locale.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Set by the signal handlers only. */
static volatile sig_atomic_t interrupted;
static struct app_signals signals;
static struct term *terminal; /* while the screen is ours */

static void on_signal(int number)
{
    if (number == SIGTSTP)
        signals.suspended = 1;
    else if (number == SIGINT)
        signals.interrupted = 1;
    else
        signals.ended = 1;
    if (number != SIGTSTP)
        interrupted = 1;
}

/* The screen is given back whatever happens; then the signal does what it always does. */
static void on_fatal(int number)
{
    struct term *mine = terminal;
    if (mine) {
        static const char said[] = "aampe-console: ended by a fault of its own; the engine and its "
                                   "syncs go on\n";
        terminal = NULL;
        term_rescue(mine);
        ssize_t sent = write(STDOUT_FILENO, said, sizeof said - 1);
        (void)sent;
    }
    signal(number, SIG_DFL);
    raise(number);
}

static void signals_catch(void)
{
    static const int fatal[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    action.sa_handler = on_fatal;
    action.sa_flags = SA_RESETHAND | SA_NODEFER;
    for (size_t i = 0; i < sizeof fatal / sizeof fatal[0]; i++)
        sigaction(fatal[i], &action, NULL);
    action.sa_flags = 0;
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, NULL);
}

/* The name of who sits here: what the log of changes says. */
static const char *login_name(void)
{
    const struct passwd *entry = getpwuid(getuid());
    return entry && entry->pw_name[0] ? entry->pw_name : "?";
}

static int full_screen(struct cli *cli, int screen, cJSON *take_args, struct err *err)
{
    struct sigaction action = {.sa_handler = on_signal};
    struct app_options options = {.profile = cli->profile,
                                  .socket = cli->socket,
                                  .version = cli->version,
                                  .login = login_name(),
                                  .seam = cli->seam,
                                  .read_only = cli_flag(&cli->args, "read-only"),
                                  .ascii = cli->out->ascii,
                                  .mono = !cli->out->color,
                                  .contrast = cli_flag(&cli->args, "contrast"),
                                  .signals = &signals,
                                  .terminal = &terminal,
                                  .first_screen = screen,
                                  .first_args = take_args};
    if (cli_flag(&cli->args, "linear")) {
        cJSON_Delete(take_args);
        return linear_run(cli, screen == 9);
    }
    sigemptyset(&action.sa_mask);
    sigaction(SIGTSTP, &action, NULL);
    int code = app_run(&options, err);
    signal(SIGTSTP, SIG_DFL);
    return code;
}

/* Also when the line cannot be parsed, a script that asked for JSON gets JSON. */
static bool asks_json(int argc, char *const argv[])
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--json") == 0)
            return true;
    return false;
}

/* Everything given ends up in JSON, which holds no other text. */
static int argv_check(int argc, char *const argv[], struct err *err)
{
    for (int i = 1; i < argc; i++)
        if (!base_text_utf8_valid(argv[i], strlen(argv[i])))
            return base_err_set(err, ERR_USAGE, "argument %d is not UTF-8", i);
    return 0;
}

static const char *profile_name(const struct cli_args *args)
{
    const char *profile = cli_value(args, "profile");
    if (profile == NULL)
        profile = getenv("AAMPE_PROFILE");
    return profile && profile[0] ? profile : "default";
}

static int console(struct cli *cli)
{
    struct err err = ERR_INIT;
    struct view_out *out = cli->out;
    out->plain = cli_flag(&cli->args, "plain");
    out->ascii = cli_flag(&cli->args, "ascii");
    if (view_out_colors(out, cli_value(&cli->args, "color"), &err) != 0)
        return view_error(out, &err, NULL);
    if (cli_flag(&cli->args, "help") || cli_flag(&cli->args, "version")) {
        out->json = false;
        if (cli_flag(&cli->args, "version"))
            view_line(out, "aampe-console %s", PACKAGE_VERSION);
        else
            cli_help(out, cli->args.command);
        return VIEW_EXIT_DONE;
    }
    cli->profile = profile_name(&cli->args);
    cli->socket = cli_value(&cli->args, "socket");
    if (view_profile_check(cli->profile, &err) != 0)
        return view_error(out, &err, NULL);
    if (linear_wanted(cli))
        return linear_run(cli, cli->args.command != NULL);
    if (cli->args.command == NULL && !out->json && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO)) {
        int first = cli->socket == NULL && view_setup_wanted(cli->profile) ? 9 : 0;
        int code = full_screen(cli, first, NULL, &err);
        return code >= 0 ? code : view_error(out, &err, NULL);
    }
    return cli_run(cli);
}

int main(int argc, char *argv[])
{
    struct err err = ERR_INIT;
    struct view_out out = {.text = stdout, .diag = stderr, .json = asks_json(argc, argv)};
    struct cli cli = {
        .out = &out, .version = PACKAGE_VERSION, .open = full_screen, .interrupted = &interrupted};
    setlocale(LC_CTYPE, "");
    signals_catch();
    int code;
    if (argv_check(argc, argv, &err) != 0 || cli_parse(argc, argv, &cli.args, &err) != 0) {
        base_err_hint(&err, "`aampe-console --help` lists commands and options.");
        code = view_error(&out, &err, NULL);
    } else {
        cli.seam = base_seam_new();
        code = console(&cli);
        base_seam_free(&cli.seam);
    }
    cli_args_free(&cli.args);
    if (fflush(stdout) != 0 && code == VIEW_EXIT_DONE)
        code = VIEW_EXIT_FAILED;
    return code;
}
