# What is known of the workspace, kept in cache.db.
noinst_LIBRARIES += src/libcatalog.a
src_libcatalog_a_SOURCES = src/catalog/catalog.h src/catalog/refresh.c src/catalog/rows.c
