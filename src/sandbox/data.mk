# Rows, SQL front end, Arrow writer, worlds.
sandbox_data_sources = \
	src/sandbox/arena.c src/sandbox/arena.h src/sandbox/arrow.c src/sandbox/arrow.h \
	src/sandbox/ast.c src/sandbox/ast.h src/sandbox/cast.c src/sandbox/cast.h \
	src/sandbox/flatbuf.c src/sandbox/flatbuf.h src/sandbox/functions.c src/sandbox/gen.c \
	src/sandbox/gen.h src/sandbox/gen_cells.c src/sandbox/grant_sql.c \
	src/sandbox/grants.c src/sandbox/grants.h \
	src/sandbox/information_schema.c src/sandbox/information_schema.h src/sandbox/lexer.c src/sandbox/lexer.h src/sandbox/nested.c \
	src/sandbox/parse_expr.c src/sandbox/parse_show.c src/sandbox/parser.c src/sandbox/parser.h src/sandbox/query.c \
	src/sandbox/resolve.c src/sandbox/resolve.h src/sandbox/result.c src/sandbox/result.h \
	src/sandbox/codec.c src/sandbox/ddl.c src/sandbox/emit.c src/sandbox/run.c src/sandbox/scan.c src/sandbox/show.c src/sandbox/spool.c src/sandbox/spool.h src/sandbox/shape.c \
	src/sandbox/sqlfunc.c src/sandbox/sqlite_side.h src/sandbox/sqlscalar.c src/sandbox/shop.c src/sandbox/shop.h src/sandbox/shop_crm.c src/sandbox/shop_events.c \
	src/sandbox/shop_small.c src/sandbox/shop_web.c \
	src/sandbox/shop_users.c src/sandbox/sqltext.c src/sandbox/sqltype.c src/sandbox/sqltype.h \
	src/sandbox/table.c src/sandbox/table.h src/sandbox/view_sql.c src/sandbox/view_state.c src/sandbox/view_state.h src/sandbox/typing.c src/sandbox/vector.c \
	src/sandbox/vector.h src/sandbox/world.c src/sandbox/world.h src/sandbox/world_bench.c \
	src/sandbox/world_hostile.c src/sandbox/world_shop.c src/sandbox/world_types.c

SANDBOX_TEST_HELP = tests/unit/sandbox_shop.c tests/unit/sandbox_shop.h
check_PROGRAMS += tests/unit/test_sandbox_arrow tests/unit/test_sandbox_query
TESTS += tests/unit/test_sandbox_arrow tests/unit/test_sandbox_query
tests_unit_test_sandbox_arrow_SOURCES = tests/unit/test_sandbox_arrow.c $(SANDBOX_TEST_HELP)
tests_unit_test_sandbox_arrow_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_sandbox_arrow_LDADD = src/libsandbox.a src/libbase.a $(SQLITE_LIBS) $(LZ4_LIBS) \
	$(LIBS_BASE) $(CMOCKA_LIBS) -lm
tests_unit_test_sandbox_query_SOURCES = tests/unit/test_sandbox_query.c $(SANDBOX_TEST_HELP)
tests_unit_test_sandbox_query_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_sandbox_query_LDADD = src/libsandbox.a src/libbase.a $(SQLITE_LIBS) $(LZ4_LIBS) \
	$(LIBS_BASE) $(CMOCKA_LIBS) -lm
noinst_PROGRAMS += tests/unit/sandbox_query
tests_unit_sandbox_query_SOURCES = tests/unit/sandbox_query.c
tests_unit_sandbox_query_LDADD = src/libsandbox.a src/libbase.a $(SQLITE_LIBS) $(LZ4_LIBS) \
	$(LIBS_BASE) -lm
