noinst_LIBRARIES += src/libnet.a
src_libnet_a_SOURCES = \
	src/net/fault.c src/net/gateway.c src/net/gateway.h src/net/http.c src/net/http.h src/net/limit.c src/net/limit.h \
	src/net/loop.c src/net/loop.h src/net/private.h \
	src/net/proxy.c src/net/retry.c src/net/peer.c src/net/token.c src/net/token.h src/net/transfer.c \
	src/net/url.c src/net/url.h

EXTRA_DIST += tests/e2e/hostile_server.py
NET_TEST_HELP = tests/unit/net_help.c tests/unit/net_help.h

check_PROGRAMS += tests/unit/test_net_pure tests/unit/test_net_http
TESTS += tests/unit/test_net_pure tests/unit/test_net_http
tests_unit_test_net_pure_SOURCES = tests/unit/test_net_pure.c
tests_unit_test_net_pure_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_net_pure_LDADD = $(ROOMS) $(LIBS_ENGINE) $(CMOCKA_LIBS)
tests_unit_test_net_http_SOURCES = tests/unit/test_net_http.c $(NET_TEST_HELP)
tests_unit_test_net_http_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_net_http_LDADD = $(ROOMS) $(LIBS_ENGINE) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test_net_limit
TESTS += tests/unit/test_net_limit
tests_unit_test_net_limit_SOURCES = tests/unit/test_net_limit.c
tests_unit_test_net_limit_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_net_limit_LDADD = $(ROOMS) $(LIBS_ENGINE) $(CMOCKA_LIBS)
