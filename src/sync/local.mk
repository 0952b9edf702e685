noinst_LIBRARIES += src/libsync.a
src_libsync_a_SOURCES = src/sync/sync.h
