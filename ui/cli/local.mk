# One file per command.
noinst_LIBRARIES += ui/libcli.a
ui_libcli_a_SOURCES = \
	ui/cli/audit.c ui/cli/cli.h ui/cli/commands.def ui/cli/config.c ui/cli/demo.c ui/cli/doctor.c ui/cli/engine.c ui/cli/explain.c ui/cli/help.c \
	ui/cli/parse.c ui/cli/report.c ui/cli/run.c ui/cli/runs.c ui/cli/secrets.c ui/cli/setup.c ui/cli/share.c ui/cli/show.c \
	ui/cli/status.c ui/cli/sync.c ui/cli/tree.c
# the plan of the share
ui_libcli_a_SOURCES += ui/cli/plan.c

check_PROGRAMS += tests/unit/test_cli_parse
TESTS += tests/unit/test_cli_parse
tests_unit_test_cli_parse_SOURCES = tests/unit/test_cli_parse.c
tests_unit_test_cli_parse_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_cli_parse_LDADD = ui/libcli.a ui/libview.a src/libipc.a src/libconfig.a src/libmodel.a \
	src/libbase.a $(LIBS_BASE) $(CMOCKA_LIBS)

dist_check_SCRIPTS += tests/e2e/console.py tests/e2e/test_console_demo.py tests/e2e/test_console_setup.py tests/e2e/test_console_share.py
TESTS += tests/e2e/test_console_demo.py tests/e2e/test_console_setup.py tests/e2e/test_console_share.py

dist_check_SCRIPTS += tests/e2e/test_runs.py
TESTS += tests/e2e/test_runs.py
