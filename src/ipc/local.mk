noinst_LIBRARIES += src/libipc.a
src_libipc_a_SOURCES = \
	src/ipc/client.c src/ipc/client.h src/ipc/connection.c src/ipc/connection.h \
	src/ipc/frame.c src/ipc/frame.h src/ipc/server.c src/ipc/server.h \
	src/ipc/socket.c src/ipc/socket.h
