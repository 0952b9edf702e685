noinst_LIBRARIES += src/libwatch.a
src_libwatch_a_SOURCES = \
	src/watch/audit.c src/watch/audit.h src/watch/check.c src/watch/check.h src/watch/places.c src/watch/private.h \
	src/watch/secret.c src/watch/secret.h src/watch/warehouse.c \
	src/watch/workspace.c
# the doctor
src_libwatch_a_SOURCES += \
	src/watch/doctor.c src/watch/doctor.h src/watch/here.c src/watch/hosts.c src/watch/job.c src/watch/job.h \
	src/watch/landing.c src/watch/rights.c src/watch/unity.c src/watch/wire.c

check_PROGRAMS += tests/unit/test_watch
TESTS += tests/unit/test_watch
tests_unit_test_watch_SOURCES = tests/unit/test_watch.c
tests_unit_test_watch_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_watch_LDADD = $(ROOMS) $(LIBS_ENGINE) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_watch_audit
TESTS += tests/unit/test_watch_audit
tests_unit_test_watch_audit_SOURCES = tests/unit/test_watch_audit.c
tests_unit_test_watch_audit_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_watch_audit_LDADD = $(ROOMS) $(LIBS_ENGINE) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_watch_doctor
TESTS += tests/unit/test_watch_doctor
tests_unit_test_watch_doctor_SOURCES = tests/unit/test_watch_doctor.c
tests_unit_test_watch_doctor_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_watch_doctor_LDADD = src/libengine.a $(ROOMS) $(LIBS_ENGINE) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_outside
TESTS += tests/unit/test_outside
tests_unit_test_outside_SOURCES = tests/unit/test_outside.c
tests_unit_test_outside_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_outside_LDADD = $(ROOMS) $(LIBS_ENGINE) $(CMOCKA_LIBS)
