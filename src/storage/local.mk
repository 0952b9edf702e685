noinst_LIBRARIES += src/libstorage.a
src_libstorage_a_SOURCES = src/storage/storage.h
