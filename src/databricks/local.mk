noinst_LIBRARIES += src/libdatabricks.a
src_libdatabricks_a_SOURCES = \
	src/databricks/catalog.c src/databricks/catalog.h src/databricks/catalog_json.c \
	src/databricks/catalog_json.h src/databricks/client.c src/databricks/client.h \
	src/databricks/fault.c src/databricks/history.c src/databricks/history.h src/databricks/link.c src/databricks/observer.c src/databricks/observer.h \
	src/databricks/permissions.c src/databricks/permissions.h src/databricks/principal.c \
	src/databricks/principal.h src/databricks/private.h src/databricks/query.c \
	src/databricks/statement.c src/databricks/statement.h src/databricks/statement_json.c \
	src/databricks/statement_json.h src/databricks/warehouse.c src/databricks/warehouse.h \
	src/databricks/workspace.c src/databricks/workspace.h

EXTRA_DIST += tests/e2e/replay_server.py

check_PROGRAMS += tests/unit/test_databricks_replay
TESTS += tests/unit/test_databricks_replay
tests_unit_test_databricks_replay_SOURCES = tests/unit/test_databricks_replay.c $(NET_TEST_HELP)
tests_unit_test_databricks_replay_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_databricks_replay_LDADD = $(ROOMS) $(LIBS_ENGINE) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_databricks_fault
TESTS += tests/unit/test_databricks_fault
tests_unit_test_databricks_fault_SOURCES = tests/unit/test_databricks_fault.c
tests_unit_test_databricks_fault_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_databricks_fault_LDADD = $(ROOMS) $(LIBS_ENGINE) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_databricks_sandbox
TESTS += tests/unit/test_databricks_sandbox
tests_unit_test_databricks_sandbox_SOURCES = tests/unit/test_databricks_sandbox.c $(NET_TEST_HELP)
tests_unit_test_databricks_sandbox_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_databricks_sandbox_LDADD = $(ROOMS) $(LIBS_ENGINE) $(CMOCKA_LIBS)
