# One file per command.
noinst_LIBRARIES += ui/libcli.a
ui_libcli_a_SOURCES = \
	ui/cli/cli.h ui/cli/commands.def ui/cli/config.c ui/cli/demo.c ui/cli/engine.c ui/cli/explain.c ui/cli/help.c \
	ui/cli/parse.c ui/cli/run.c ui/cli/runs.c ui/cli/secrets.c ui/cli/share.c ui/cli/show.c \
	ui/cli/status.c ui/cli/sync.c ui/cli/tree.c
