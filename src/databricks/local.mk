noinst_LIBRARIES += src/libdatabricks.a
src_libdatabricks_a_SOURCES = \
	src/databricks/catalog.h src/databricks/client.h src/databricks/permissions.h \
	src/databricks/statement.h src/databricks/warehouse.h src/databricks/workspace.h
