noinst_LIBRARIES += src/libsync.a
src_libsync_a_SOURCES = \
	src/sync/sync.h src/sync/internal.h \
	src/sync/batch.c src/sync/budget.c src/sync/budget.h src/sync/encode.c src/sync/extract.c src/sync/extract.h src/sync/live.c \
	src/sync/group.c src/sync/group.h src/sync/manifest.c src/sync/manifest.h src/sync/pending.c src/sync/plan.c src/sync/plan.h \
	src/sync/preview.c src/sync/progress.c src/sync/publish.c src/sync/publish.h src/sync/recover.c \
	src/sync/retry.c src/sync/retry.h src/sync/run.c src/sync/submit.c src/sync/sync.c src/sync/transfer.c \
	src/sync/verify.c src/sync/worker.c src/sync/warehouse.c src/sync/worker.h src/sync/write.c

check_PROGRAMS += tests/unit/test_sync_group tests/unit/test_sync_worker
TESTS += tests/unit/test_sync_group tests/unit/test_sync_worker
tests_unit_test_sync_group_SOURCES = tests/unit/test_sync_group.c
tests_unit_test_sync_group_LDADD = $(ROOMS) $(LIBS_ENGINE) $(CMOCKA_LIBS)
tests_unit_test_sync_group_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_sync_worker_SOURCES = tests/unit/test_sync_worker.c
tests_unit_test_sync_worker_LDADD = $(ROOMS) $(LIBS_ENGINE) $(CMOCKA_LIBS)
tests_unit_test_sync_worker_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

# Without libdatabricks: its calls are answered by fake_workspace.c.
check_PROGRAMS += tests/unit/test_sync_walk tests/unit/test_sync_submit
TESTS += tests/unit/test_sync_walk tests/unit/test_sync_submit
SYNC_BENCH = tests/unit/sync_bench.c tests/unit/sync_bench.h tests/unit/fake_workspace.c \
	tests/unit/fake_workspace.h
SYNC_BENCH_LIBS = src/libsync.a src/libstore.a src/libstorage.a \
	src/libcolumnar.a src/libnet.a src/libmodel.a src/libbase.a $(LIBS_ENGINE) $(CMOCKA_LIBS)
tests_unit_test_sync_submit_SOURCES = tests/unit/test_sync_submit.c $(SYNC_BENCH)
tests_unit_test_sync_submit_LDADD = $(SYNC_BENCH_LIBS)
tests_unit_test_sync_submit_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) -I$(srcdir)/tests/unit
tests_unit_test_sync_walk_SOURCES = tests/unit/test_sync_walk.c $(SYNC_BENCH)
tests_unit_test_sync_walk_LDADD = $(SYNC_BENCH_LIBS)
tests_unit_test_sync_walk_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) -I$(srcdir)/tests/unit
