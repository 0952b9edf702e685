/* aampe-console: what the admin runs. */
#include "ui/cli/cli.h"

#include "base/text.h"
#include "config.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

/* Set by the signal handler only. */
static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    (void)number;
    interrupted = 1;
}

static void signals_catch(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, NULL);
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
    return cli_run(cli);
}

int main(int argc, char *argv[])
{
    struct err err = ERR_INIT;
    struct view_out out = {.text = stdout, .diag = stderr, .json = asks_json(argc, argv)};
    struct cli cli = {.out = &out, .version = PACKAGE_VERSION, .interrupted = &interrupted};
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
