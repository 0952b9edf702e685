noinst_LIBRARIES += src/libcolumnar.a
src_libcolumnar_a_SOURCES = \
	src/columnar/array.h src/columnar/arrow.h src/columnar/convert.h src/columnar/parquet_read.h \
	src/columnar/parquet_write.h
