noinst_LIBRARIES += src/libstorage.a
src_libstorage_a_SOURCES = \
	src/storage/job.h src/storage/local.c src/storage/local.h src/storage/local_path.c \
	src/storage/local_probe.c src/storage/local_publish.c src/storage/local_read.c \
	src/storage/local_run.c src/storage/manifest.c src/storage/storage.c src/storage/storage.h

check_PROGRAMS += tests/unit/test_storage
TESTS += tests/unit/test_storage
tests_unit_test_storage_SOURCES = tests/unit/test_storage.c
tests_unit_test_storage_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_storage_LDADD = $(ROOMS) $(LIBS_ENGINE) $(CMOCKA_LIBS)
