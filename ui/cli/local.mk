# One file per command.
noinst_LIBRARIES += ui/libcli.a
ui_libcli_a_SOURCES = \
	ui/cli/cli.h ui/cli/commands.def ui/cli/parse.c ui/cli/help.c ui/cli/explain.c ui/cli/run.c
