# aampe-sandbox: a Databricks workspace on loopback. data.mk has its rows and SQL front end.
include src/sandbox/data.mk

noinst_LIBRARIES += src/libsandbox.a
src_libsandbox_a_SOURCES = \
	src/sandbox/assignment.c src/sandbox/audit.c src/sandbox/auth.c src/sandbox/auth.h \
	src/sandbox/command.c src/sandbox/command.h \
	src/sandbox/control.c src/sandbox/control.h \
	src/sandbox/binding.c src/sandbox/binding.h src/sandbox/binding_http.c \
	src/sandbox/metastore.c src/sandbox/vending.c \
	src/sandbox/data.h src/sandbox/discovery.c \
	src/sandbox/fault.c src/sandbox/fault.h src/sandbox/fault_statement.c \
	src/sandbox/fault_access.c src/sandbox/fault_access.h \
	src/sandbox/ip_list.c src/sandbox/identity.c src/sandbox/identity.h \
	src/sandbox/network.c src/sandbox/network.h \
	src/sandbox/fault_wire.c src/sandbox/fault_wire.h \
	src/sandbox/history.c src/sandbox/history.h src/sandbox/history_http.c \
	src/sandbox/history_table.c src/sandbox/live.c src/sandbox/live.h \
	src/sandbox/http.c src/sandbox/http.h \
	src/sandbox/journal.c src/sandbox/journal.h src/sandbox/kept.c src/sandbox/kept.h \
	src/sandbox/oauth_secret.c src/sandbox/oauth_secret.h \
	src/sandbox/oauth_secret_http.c \
	src/sandbox/scim.c src/sandbox/scim.h src/sandbox/scim_draft.c \
	src/sandbox/scim_filter.c src/sandbox/scim_json.c \
	src/sandbox/system.c src/sandbox/system.h \
	src/sandbox/lie.c src/sandbox/link.c src/sandbox/page.c src/sandbox/permissions.c \
	src/sandbox/query.h src/sandbox/reply.c src/sandbox/route.c \
	src/sandbox/server.c src/sandbox/server.h \
	src/sandbox/session.c src/sandbox/session.h \
	src/sandbox/statement.c src/sandbox/statement.h \
	src/sandbox/statement_http.c src/sandbox/statement_json.c \
	src/sandbox/tamper.c src/sandbox/tamper.h \
	src/sandbox/tls.c src/sandbox/tls.h \
	src/sandbox/unity_type.c src/sandbox/unity_type.h \
	src/sandbox/unity.c src/sandbox/unity.h src/sandbox/unity_json.c \
	src/sandbox/warehouse.c src/sandbox/warehouse.h \
	src/sandbox/warehouse_access.c src/sandbox/warehouse_edit.c \
	src/sandbox/warehouse_state.c src/sandbox/warehouse_state.h \
	src/sandbox/workspace.c src/sandbox/workspace.h \
	$(sandbox_data_sources)
# the world too large to be stored
src_libsandbox_a_SOURCES += src/sandbox/maker.c src/sandbox/maker.h src/sandbox/world_big.c

LIBS_SANDBOX = src/libsandbox.a src/libbase.a $(MICROHTTPD_LIBS) $(SQLITE_LIBS) $(LZ4_LIBS) $(LIBS_BASE) -lm

bin_PROGRAMS += aampe-sandbox
aampe_sandbox_SOURCES = src/sandbox/main.c
aampe_sandbox_LDADD = $(LIBS_SANDBOX)

TESTS += tests/e2e/test_sandbox_access.py tests/e2e/test_sandbox_http.py \
	tests/e2e/test_sandbox_network.py
EXTRA_DIST += tests/e2e/sandbox_client.py tests/e2e/test_sandbox_access.py \
	tests/e2e/test_sandbox_http.py tests/e2e/test_sandbox_network.py
