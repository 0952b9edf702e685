noinst_LIBRARIES += src/libcatalog.a
src_libcatalog_a_SOURCES =
