# What is known of the workspace, kept in cache.db.
noinst_LIBRARIES += src/libcatalog.a
src_libcatalog_a_SOURCES = \
	src/catalog/catalog.h src/catalog/key.c src/catalog/key.h src/catalog/names.c \
	src/catalog/names.h src/catalog/refresh.c \
	src/catalog/rows.c src/catalog/ticks.c src/catalog/ticks.h
