noinst_LIBRARIES += src/libstore.a
src_libstore_a_SOURCES = src/store/cache.h src/store/state.h src/store/vault.h
