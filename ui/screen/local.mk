# One file per screen, and the frame around them. A line a screen.
noinst_LIBRARIES += ui/libscreen.a
ui_libscreen_a_SOURCES = \
	ui/screen/access.c \
	ui/screen/ask.c \
	ui/screen/batch.c \
	ui/screen/audit.c ui/screen/audit.h ui/screen/audit_draw.c \
	ui/screen/browse.c ui/screen/browse.h ui/screen/browse_draw.c ui/screen/browse_keys.c \
	ui/screen/browse_tree.c ui/screen/browse_tree.h \
	ui/screen/console.c ui/screen/console.h ui/screen/console_private.h \
	ui/screen/dispatch.c \
	ui/screen/doctor.c ui/screen/doctor.h ui/screen/doctor_draw.c \
	ui/screen/explain.c \
	ui/screen/frame.c \
	ui/screen/help.c \
	ui/screen/keys.c \
	ui/screen/messages.c \
	ui/screen/overview.c ui/screen/overview.h ui/screen/overview_draw.c \
	ui/screen/page.c \
	ui/screen/palette.c ui/screen/palette.h ui/screen/palette_words.c \
	ui/screen/question.c \
	ui/screen/retry.c \
	ui/screen/run.c ui/screen/run_ask.c ui/screen/runs.c ui/screen/runs.h ui/screen/runs_act.c ui/screen/runs_draw.c \
	ui/screen/screen.h \
	ui/screen/screens.c \
	ui/screen/setup.c ui/screen/setup.h ui/screen/setup_step.c ui/screen/setup_step_act.c \
	ui/screen/share.c ui/screen/share.h ui/screen/share_draw.c \
	ui/screen/stack.c
# One table
ui_libscreen_a_SOURCES += ui/screen/table.c ui/screen/table.h ui/screen/table_access.c ui/screen/table_ask.c ui/screen/table_cell.c \
	ui/screen/table_columns.c ui/screen/table_history.c ui/screen/table_rows.c ui/screen/table_sync.c

check_PROGRAMS += tests/unit/test_screen_tree
TESTS += tests/unit/test_screen_tree
tests_unit_test_screen_tree_SOURCES = tests/unit/test_screen_tree.c
tests_unit_test_screen_tree_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_screen_tree_LDADD = ui/libscreen.a ui/libdraw.a ui/libview.a src/libipc.a src/libmodel.a src/libbase.a $(LIBS_BASE) $(CMOCKA_LIBS)
