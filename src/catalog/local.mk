# What is known of the workspace, kept in cache.db.
noinst_LIBRARIES += src/libcatalog.a
src_libcatalog_a_SOURCES = \
	src/catalog/catalog.h src/catalog/key.c src/catalog/key.h src/catalog/names.c \
	src/catalog/names.h src/catalog/refresh.c \
	src/catalog/rows.c src/catalog/ticks.c src/catalog/ticks.h

check_PROGRAMS += tests/unit/test_catalog_ticks
TESTS += tests/unit/test_catalog_ticks
tests_unit_test_catalog_ticks_SOURCES = tests/unit/test_catalog_ticks.c
tests_unit_test_catalog_ticks_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_catalog_ticks_LDADD = $(ROOMS) $(LIBS_ENGINE) $(CMOCKA_LIBS)

# The walk over the workspace, drafts over a killed engine, a search over 100 000 names.
dist_check_SCRIPTS += tests/e2e/test_catalog.py
TESTS += tests/e2e/test_catalog.py
