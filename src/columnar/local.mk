noinst_LIBRARIES += src/libcolumnar.a
src_libcolumnar_a_SOURCES = \
	src/columnar/array.c src/columnar/array.h src/columnar/arrow.c src/columnar/arrow.h \
	src/columnar/arrow_batch.c src/columnar/arrow_private.h src/columnar/arrow_schema.c \
	src/columnar/convert.h src/columnar/flat.c src/columnar/flat.h src/columnar/inflate.c \
	src/columnar/parquet_read.h src/columnar/parquet_write.h

COLUMNAR_TEST_HELP = tests/unit/columnar_help.c tests/unit/columnar_help.h
COLUMNAR_TEST_LDADD = src/libcolumnar.a src/libmodel.a src/libbase.a $(SNAPPY_LIBS) $(ZSTD_LIBS) \
	$(LZ4_LIBS) $(ZLIB_LIBS) $(LIBS_BASE)

check_PROGRAMS += tests/unit/test_columnar_golden
TESTS += tests/unit/test_columnar_golden
tests_unit_test_columnar_golden_SOURCES = tests/unit/test_columnar_golden.c $(COLUMNAR_TEST_HELP)
tests_unit_test_columnar_golden_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_columnar_golden_LDADD = $(COLUMNAR_TEST_LDADD) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_columnar_mutate
TESTS += tests/unit/test_columnar_mutate
tests_unit_test_columnar_mutate_SOURCES = tests/unit/test_columnar_mutate.c $(COLUMNAR_TEST_HELP)
tests_unit_test_columnar_mutate_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_columnar_mutate_LDADD = $(COLUMNAR_TEST_LDADD) $(CMOCKA_LIBS)
