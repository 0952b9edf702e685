# aampe-sandbox: a Databricks workspace on loopback. data.mk has its rows and SQL front end.
include src/sandbox/data.mk

noinst_LIBRARIES += src/libsandbox.a
src_libsandbox_a_SOURCES = \
	src/sandbox/data.h src/sandbox/query.h src/sandbox/workspace.h \
	src/sandbox/workspace.c \
	$(sandbox_data_sources)

LIBS_SANDBOX = src/libsandbox.a src/libbase.a $(MICROHTTPD_LIBS) $(SQLITE_LIBS) $(LZ4_LIBS) $(LIBS_BASE) -lm
