noinst_LIBRARIES += src/libipc.a
src_libipc_a_SOURCES = \
	src/ipc/client.c src/ipc/client.h src/ipc/connection.c src/ipc/connection.h \
	src/ipc/frame.c src/ipc/frame.h src/ipc/server.c src/ipc/server.h \
	src/ipc/socket.c src/ipc/socket.h

check_PROGRAMS += tests/unit/test_ipc tests/unit/test_ipc_peers
TESTS += tests/unit/test_ipc tests/unit/test_ipc_peers
tests_unit_test_ipc_SOURCES = tests/unit/ipc_bench.c tests/unit/ipc_bench.h tests/unit/test_ipc.c
tests_unit_test_ipc_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_ipc_LDADD = $(ROOMS) $(LIBS_ENGINE) $(CMOCKA_LIBS)
tests_unit_test_ipc_peers_SOURCES = tests/unit/ipc_bench.c tests/unit/ipc_bench.h \
	tests/unit/test_ipc_peers.c
tests_unit_test_ipc_peers_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_ipc_peers_LDADD = $(ROOMS) $(LIBS_ENGINE) $(CMOCKA_LIBS)
