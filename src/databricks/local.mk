noinst_LIBRARIES += src/libdatabricks.a
src_libdatabricks_a_SOURCES = \
	src/databricks/catalog.c src/databricks/catalog.h src/databricks/catalog_json.c \
	src/databricks/catalog_json.h src/databricks/client.c src/databricks/client.h \
	src/databricks/fault.c src/databricks/link.c src/databricks/permissions.c \
	src/databricks/permissions.h src/databricks/private.h src/databricks/query.c \
	src/databricks/statement.c src/databricks/statement.h src/databricks/statement_json.c \
	src/databricks/statement_json.h src/databricks/warehouse.c src/databricks/warehouse.h \
	src/databricks/workspace.c src/databricks/workspace.h
