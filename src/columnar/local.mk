noinst_LIBRARIES += src/libcolumnar.a
src_libcolumnar_a_SOURCES = \
	src/columnar/array.c src/columnar/array.h src/columnar/arrow.c src/columnar/arrow.h \
	src/columnar/arrow_batch.c src/columnar/arrow_private.h src/columnar/arrow_schema.c \
	src/columnar/block.c src/columnar/block.h src/columnar/block_text.c src/columnar/bytes.h \
	src/columnar/column.c src/columnar/column.h src/columnar/convert.c src/columnar/convert.h \
	src/columnar/dictionary.c src/columnar/dictionary.h src/columnar/flat.c src/columnar/flat.h \
	src/columnar/footer.c src/columnar/group_meta.c src/columnar/inflate.c src/columnar/page.c \
	src/columnar/page.h src/columnar/parquet_read.c src/columnar/parquet_read.h \
	src/columnar/parquet_write.c src/columnar/parquet_write.h src/columnar/partition.c \
	src/columnar/pq_file.c src/columnar/pq_page.c src/columnar/pq_page.h src/columnar/rle.c \
	src/columnar/rle.h src/columnar/row_group.c src/columnar/spec.c src/columnar/spec.h \
	src/columnar/stats.c src/columnar/stats.h src/columnar/thrift.c src/columnar/thrift.h

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
tests_unit_test_columnar_mutate_SOURCES = tests/unit/test_columnar_mutate.c \
	tests/unit/columnar_table.c tests/unit/columnar_table.h $(COLUMNAR_TEST_HELP)
tests_unit_test_columnar_mutate_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_columnar_mutate_LDADD = $(COLUMNAR_TEST_LDADD) $(CMOCKA_LIBS)

# Not run by make check: a converter for the peers' tests, and a stop-watch.
noinst_PROGRAMS += tests/bench/columnar_bench
tests_bench_columnar_bench_SOURCES = tests/bench/columnar_bench.c
tests_bench_columnar_bench_LDADD = $(COLUMNAR_TEST_LDADD)
EXTRA_DIST += tests/peers/parquet_readers.py

check_PROGRAMS += tests/unit/test_columnar_parquet
TESTS += tests/unit/test_columnar_parquet
tests_unit_test_columnar_parquet_SOURCES = tests/unit/test_columnar_parquet.c \
	tests/unit/columnar_table.c tests/unit/columnar_table.h $(COLUMNAR_TEST_HELP)
tests_unit_test_columnar_parquet_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_columnar_parquet_LDADD = $(COLUMNAR_TEST_LDADD) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_columnar_value
TESTS += tests/unit/test_columnar_value
tests_unit_test_columnar_value_SOURCES = tests/unit/test_columnar_value.c \
	tests/unit/columnar_table.c tests/unit/columnar_table.h $(COLUMNAR_TEST_HELP)
tests_unit_test_columnar_value_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_columnar_value_LDADD = $(COLUMNAR_TEST_LDADD) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_columnar_hostile
TESTS += tests/unit/test_columnar_hostile
tests_unit_test_columnar_hostile_SOURCES = tests/unit/test_columnar_hostile.c \
	tests/unit/columnar_table.c tests/unit/columnar_table.h $(COLUMNAR_TEST_HELP)
tests_unit_test_columnar_hostile_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_columnar_hostile_LDADD = $(COLUMNAR_TEST_LDADD) $(CMOCKA_LIBS)
