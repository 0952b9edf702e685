noinst_LIBRARIES += src/libipc.a
src_libipc_a_SOURCES = \
	src/ipc/client.c src/ipc/client.h src/ipc/connection.c src/ipc/connection.h \
	src/ipc/frame.c src/ipc/frame.h src/ipc/server.c src/ipc/server.h \
	src/ipc/socket.c src/ipc/socket.h

check_PROGRAMS += tests/unit/test_ipc
TESTS += tests/unit/test_ipc
tests_unit_test_ipc_SOURCES = tests/unit/test_ipc.c
tests_unit_test_ipc_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_ipc_LDADD = $(ROOMS) $(LIBS_ENGINE) $(CMOCKA_LIBS)
