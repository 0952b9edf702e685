noinst_LIBRARIES += src/libdatabricks.a
src_libdatabricks_a_SOURCES =
