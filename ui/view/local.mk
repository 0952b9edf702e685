# What is said to people, and the console's side of the socket.
noinst_LIBRARIES += ui/libview.a
ui_libview_a_SOURCES = \
	ui/view/action.c ui/view/action.h ui/view/actions.def ui/view/alarm.c ui/view/alarm.h ui/view/config.c ui/view/linear.c ui/view/linear.h ui/view/link.c ui/view/link.h ui/view/notice.c ui/view/notice.h ui/view/out.c ui/view/out.h ui/view/page.c ui/view/page.h \
	ui/view/progress.c \
	ui/view/runs.c ui/view/small.c ui/view/status.c ui/view/status.h ui/view/status_text.c ui/view/table.c ui/view/table_words.c ui/view/words.h
# One table: verdict, rows, sync and history
ui_libview_a_SOURCES += ui/view/grid.c ui/view/grid.h ui/view/grid_words.c \
	ui/view/table_sync.c ui/view/table_sync.h ui/view/verdict.c ui/view/verdict.h
# Runs
ui_libview_a_SOURCES += ui/view/failure.c ui/view/live.c ui/view/run.h
# Doctor
ui_libview_a_SOURCES += ui/view/doctor.c ui/view/doctor.h ui/view/doctor_offline.c ui/view/doctor_text.c
# Access and Audit
ui_libview_a_SOURCES += ui/view/audit.c ui/view/audit.h ui/view/secret.c ui/view/secret.h
# Doctor and the codes
ui_libview_a_SOURCES += ui/view/doctor_fix.c ui/view/doctor_page.c ui/view/doctor_page.h ui/view/explain.c ui/view/explain.h
# Browse and Share
ui_libview_a_SOURCES += ui/view/plan.c ui/view/plan.h ui/view/tree.c ui/view/tree.h

check_PROGRAMS += tests/unit/test_view_out
TESTS += tests/unit/test_view_out
tests_unit_test_view_out_SOURCES = tests/unit/test_view_out.c
tests_unit_test_view_out_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_view_out_LDADD = ui/libview.a src/libipc.a src/libmodel.a src/libbase.a $(LIBS_BASE) $(CMOCKA_LIBS)
# Setup
ui_libview_a_SOURCES += ui/view/setup.c ui/view/setup.h ui/view/setup_steps.c

check_PROGRAMS += tests/unit/test_view_setup
TESTS += tests/unit/test_view_setup
tests_unit_test_view_setup_SOURCES = tests/unit/test_view_setup.c
tests_unit_test_view_setup_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_view_setup_LDADD = ui/libview.a src/libipc.a src/libconfig.a src/libmodel.a src/libbase.a $(LIBS_BASE) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_view_grid
TESTS += tests/unit/test_view_grid
tests_unit_test_view_grid_SOURCES = tests/unit/test_view_grid.c
tests_unit_test_view_grid_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_view_grid_LDADD = ui/libview.a src/libipc.a src/libmodel.a src/libbase.a $(LIBS_BASE) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_view_status
TESTS += tests/unit/test_view_status
tests_unit_test_view_status_SOURCES = tests/unit/test_view_status.c
tests_unit_test_view_status_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_view_status_LDADD = ui/libview.a src/libipc.a src/libmodel.a src/libbase.a $(LIBS_BASE) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_view_tree
TESTS += tests/unit/test_view_tree
tests_unit_test_view_tree_SOURCES = tests/unit/test_view_tree.c
tests_unit_test_view_tree_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_view_tree_LDADD = ui/libview.a src/libipc.a src/libmodel.a src/libbase.a $(LIBS_BASE) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_view_run
TESTS += tests/unit/test_view_run
tests_unit_test_view_run_SOURCES = tests/unit/test_view_run.c
tests_unit_test_view_run_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_view_run_LDADD = ui/libview.a src/libipc.a src/libmodel.a src/libbase.a $(LIBS_BASE) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_view_doctor
TESTS += tests/unit/test_view_doctor
tests_unit_test_view_doctor_SOURCES = tests/unit/test_view_doctor.c
tests_unit_test_view_doctor_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_view_doctor_LDADD = ui/libview.a src/libipc.a src/libmodel.a src/libbase.a $(LIBS_BASE) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test_view_explain
TESTS += tests/unit/test_view_explain
tests_unit_test_view_explain_SOURCES = tests/unit/test_view_explain.c
tests_unit_test_view_explain_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_view_explain_LDADD = ui/libview.a src/libipc.a src/libmodel.a src/libbase.a $(LIBS_BASE) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_view_doctor_fix
TESTS += tests/unit/test_view_doctor_fix
tests_unit_test_view_doctor_fix_SOURCES = tests/unit/test_view_doctor_fix.c
tests_unit_test_view_doctor_fix_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_view_doctor_fix_LDADD = ui/libview.a src/libipc.a src/libmodel.a src/libbase.a $(LIBS_BASE) $(CMOCKA_LIBS)
