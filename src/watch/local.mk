noinst_LIBRARIES += src/libwatch.a
src_libwatch_a_SOURCES =
