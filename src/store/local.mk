noinst_LIBRARIES += src/libstore.a
src_libstore_a_SOURCES = \
	src/store/audit.c src/store/audit.h src/store/cache.c src/store/cache.h src/store/cache_private.h src/store/db.c src/store/db.h src/store/health.c src/store/health.h src/store/look.c src/store/look.h src/store/schema.c src/store/seal.c \
	src/store/state.c src/store/state.h src/store/state_journal.c src/store/state_log.c \
	src/store/state_private.h src/store/state_run.c src/store/state_walk.c src/store/vault.c src/store/vault.h \
	src/store/vault_key.c src/store/vault_private.h
# drafts of ticks
src_libstore_a_SOURCES += src/store/draft.h src/store/state_draft.c

check_PROGRAMS += tests/unit/test_store_state
TESTS += tests/unit/test_store_state
tests_unit_test_store_state_SOURCES = tests/unit/test_store_state.c
tests_unit_test_store_state_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_store_state_LDADD = $(ROOMS) $(LIBS_ENGINE) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_store_vault
TESTS += tests/unit/test_store_vault
tests_unit_test_store_vault_SOURCES = tests/unit/test_store_vault.c
tests_unit_test_store_vault_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_store_vault_LDADD = $(ROOMS) $(LIBS_ENGINE) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_store_cache
TESTS += tests/unit/test_store_cache
tests_unit_test_store_cache_SOURCES = tests/unit/test_store_cache.c
tests_unit_test_store_cache_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_store_cache_LDADD = $(ROOMS) $(LIBS_ENGINE) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_store_look
TESTS += tests/unit/test_store_look
tests_unit_test_store_look_SOURCES = tests/unit/test_store_look.c
tests_unit_test_store_look_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_store_look_LDADD = $(ROOMS) $(LIBS_ENGINE) $(CMOCKA_LIBS)
