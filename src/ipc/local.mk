noinst_LIBRARIES += src/libipc.a
src_libipc_a_SOURCES = src/ipc/client.h src/ipc/frame.h src/ipc/server.h
