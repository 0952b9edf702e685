# Who may read what.
noinst_LIBRARIES += src/libaccess.a
src_libaccess_a_SOURCES = src/access/badge.c src/access/badge.h src/access/verdict.c src/access/verdict.h

check_PROGRAMS += tests/unit/test_access_verdict
TESTS += tests/unit/test_access_verdict
tests_unit_test_access_verdict_SOURCES = tests/unit/test_access_verdict.c
tests_unit_test_access_verdict_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_access_verdict_LDADD = $(ROOMS) $(LIBS_ENGINE) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_access_badge
TESTS += tests/unit/test_access_badge
tests_unit_test_access_badge_SOURCES = tests/unit/test_access_badge.c
tests_unit_test_access_badge_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_access_badge_LDADD = $(ROOMS) $(LIBS_ENGINE) $(CMOCKA_LIBS)
