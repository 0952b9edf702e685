noinst_LIBRARIES += src/libcolumnar.a
src_libcolumnar_a_SOURCES =
