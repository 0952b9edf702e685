noinst_LIBRARIES += src/libnet.a
src_libnet_a_SOURCES = \
	src/net/fault.c src/net/http.c src/net/http.h src/net/loop.c src/net/loop.h src/net/private.h \
	src/net/proxy.c src/net/retry.c src/net/token.c src/net/token.h src/net/transfer.c \
	src/net/url.c src/net/url.h
