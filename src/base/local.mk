noinst_LIBRARIES += src/libbase.a
src_libbase_a_SOURCES = \
	src/base/alloc.c src/base/alloc.h src/base/buf.c src/base/buf.h src/base/err.c src/base/err.h src/base/err_fact.c \
	src/base/errors.def src/base/file.c src/base/file.h src/base/hash.c src/base/hash.h \
	src/base/json.c src/base/json.h src/base/json_scan.c src/base/layer.c src/base/layer.h src/base/layers.def src/base/log.c src/base/log.h \
	src/base/map.c src/base/map.h src/base/process.c src/base/process.h src/base/queue.c \
	src/base/queue.h src/base/seam.c src/base/seam.h src/base/secret.c src/base/secret.h \
	src/base/text.c src/base/text.h src/base/text_redact.c \
	src/base/text_width.c src/base/time.c src/base/vec.h

check_PROGRAMS += tests/unit/test_base_core tests/unit/test_base_host tests/unit/test_base_json \
	tests/unit/test_base_text
TESTS += tests/unit/test_base_core tests/unit/test_base_host tests/unit/test_base_json \
	tests/unit/test_base_text
tests_unit_test_base_core_SOURCES = tests/unit/test_base_core.c
tests_unit_test_base_core_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_base_core_LDADD = src/libbase.a $(LIBS_BASE) $(CMOCKA_LIBS)
tests_unit_test_base_host_SOURCES = tests/unit/test_base_host.c
tests_unit_test_base_host_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_base_host_LDADD = src/libbase.a $(LIBS_BASE) $(CMOCKA_LIBS)
tests_unit_test_base_json_SOURCES = tests/unit/test_base_json.c
tests_unit_test_base_json_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_base_json_LDADD = src/libbase.a $(LIBS_BASE) $(CMOCKA_LIBS)
tests_unit_test_base_text_SOURCES = tests/unit/test_base_text.c
tests_unit_test_base_text_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_base_text_LDADD = src/libbase.a $(LIBS_BASE) $(CMOCKA_LIBS)
