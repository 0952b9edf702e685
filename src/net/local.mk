noinst_LIBRARIES += src/libnet.a
src_libnet_a_SOURCES = src/net/http.h src/net/loop.h src/net/token.h src/net/url.h
