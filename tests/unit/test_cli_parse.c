/* Option parsing, and what the table of commands promises. */
#include "ui/cli/cli.h"

#include "base/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int parse(struct cli_args *args, struct err *err, const char *line)
{
    static char copy[512];
    static char *argv[32];
    int argc = 1;
    argv[0] = (char *)"aampe-console";
    snprintf(copy, sizeof copy, "%s", line);
    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
        argv[argc++] = word;
    *err = ERR_INIT;
    return cli_parse(argc, argv, args, err);
}

static void takes(const char *line, const char *words, size_t operands)
{
    struct cli_args args;
    struct err err;
    if (parse(&args, &err, line) != 0)
        fail_msg("%s: %s", line, err.message);
    if (words == NULL)
        assert_null(args.command);
    else
        assert_string_equal(args.command->words, words);
    assert_int_equal(args.operands.count, operands);
    cli_args_free(&args);
}

static void refuses(const char *line, const char *part)
{
    struct cli_args args;
    struct err err;
    if (parse(&args, &err, line) == 0)
        fail_msg("\"%s\" was taken", line);
    assert_int_equal(err.code, ERR_USAGE);
    if (strstr(err.message, part) == NULL)
        fail_msg("\"%s\": message \"%s\" lacks \"%s\"", line, err.message, part);
    cli_args_free(&args);
}

static void test_commands(void **state)
{
    (void)state;
    takes("", NULL, 0);
    takes("status", "status", 0);
    takes("--json status --line", "status", 0);
    takes("share add a.b.c d.e.f --yes", "share add", 2);
    takes("sync run", "sync run", 0);
    takes("sync run a.b.c --wait", "sync run", 1);
    takes("runs show", "runs show", 0);
    takes("runs show 12", "runs show", 1);
    takes("config set name -- --value", "config set", 2);
    takes("explain -- --x", "explain", 1);
    takes("share add --help", "share add", 0);
}

static void test_refused(void **state)
{
    (void)state;
    refuses("sharing", "sharing");
    refuses("share", "list, add, remove");
    refuses("share drop", "list, add, remove");
    refuses("share add", "TABLE...");
    refuses("share list x", "x");
    refuses("config set name", "NAME VALUE");
    refuses("status --wait", "--wait");
    refuses("--wait status", "--wait");
    refuses("status -j", "-j");
    refuses("preview a.b.c --limit", "needs a value");
    refuses("status --json=yes", "takes no value");
    refuses("runs cancel", "ID");
}

static void test_values(void **state)
{
    (void)state;
    struct cli_args args;
    struct err err;
    int64_t number = 0;
    assert_int_equal(parse(&args, &err, "--profile=prod preview a.b.c --limit 7 --reveal"), 0);
    assert_string_equal(cli_value(&args, "profile"), "prod");
    assert_true(cli_flag(&args, "reveal"));
    assert_false(cli_flag(&args, "json"));
    assert_int_equal(cli_number(&args, "limit", 20, 1, 1000, &number, &err), 0);
    assert_int_equal(number, 7);
    assert_int_equal(cli_number(&args, "limit", 20, 8, 1000, &number, &err), -1);
    cli_args_free(&args);
    assert_int_equal(parse(&args, &err, "preview a.b.c --limit 3 --limit=5"), 0);
    assert_int_equal(cli_number(&args, "limit", 20, 1, 1000, &number, &err), 0);
    assert_int_equal(number, 5); /* the last one counts */
    cli_args_free(&args);
    assert_int_equal(parse(&args, &err, "preview a.b.c --limit 1x"), 0);
    assert_int_equal(cli_number(&args, "limit", 20, 1, 1000, &number, &err), -1);
    cli_args_free(&args);
}

/* No two commands and no two options of one command share a name; every command says what it does.
 */
static void test_tables(void **state)
{
    (void)state;
    for (size_t i = 0; cli_command_at(i); i++) {
        const struct cli_command *one = cli_command_at(i);
        assert_int_equal(one->id, i);
        assert_true(one->brief[0] != '\0');
        for (size_t k = i + 1; cli_command_at(k); k++)
            assert_string_not_equal(one->words, cli_command_at(k)->words);
    }
    for (size_t i = 0; cli_option_at(i); i++)
        for (size_t k = i + 1; cli_option_at(k); k++)
            if (cli_option_at(i)->command == cli_option_at(k)->command ||
                cli_option_at(i)->command == -1)
                assert_string_not_equal(cli_option_at(i)->name, cli_option_at(k)->name);
}

/* With --read-only everything that is not a look is refused before anything is asked or started. */
static void test_read_only(void **state)
{
    (void)state;
    FILE *sink = fopen("/dev/null", "w");
    volatile sig_atomic_t interrupted = 0;
    for (size_t i = 0; cli_command_at(i); i++) {
        const struct cli_command *command = cli_command_at(i);
        struct view_out out = {.text = sink, .diag = sink, .json = true};
        struct cli cli = {.out = &out, .interrupted = &interrupted};
        struct cli_args args;
        struct err err;
        if (command->class == CLI_LOOK)
            continue;
        char *line = base_printf("--read-only %s x y", command->words);
        (void)parse(&args, &err, line);
        free(line);
        cli.args = args;
        assert_ptr_equal(cli.args.command, command);
        assert_int_equal(cli_run(&cli), VIEW_EXIT_DENIED);
        cli_args_free(&cli.args);
    }
    fclose(sink);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commands),  cmocka_unit_test(test_refused),
        cmocka_unit_test(test_values),    cmocka_unit_test(test_tables),
        cmocka_unit_test(test_read_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
