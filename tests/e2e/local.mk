# The engine against hostile peers: any client on its socket, any workspace at the other end.
dist_check_SCRIPTS += tests/e2e/hostile_workspace.py tests/e2e/test_hostile_verbs.py tests/e2e/test_hostile_workspace.py
TESTS += tests/e2e/test_hostile_verbs.py tests/e2e/test_hostile_workspace.py
# The engine when the world is not as it left it.
dist_check_SCRIPTS += tests/e2e/test_engine_doubt.py tests/e2e/test_settings.py
TESTS += tests/e2e/test_engine_doubt.py tests/e2e/test_settings.py
# Secrets of service principals, SCIM, system schemas and the audit log of the sandbox.
dist_check_SCRIPTS += tests/e2e/test_sandbox_audit.py
dist_check_SCRIPTS += tests/e2e/test_sandbox_ddl.py tests/e2e/test_sandbox_grants.py tests/e2e/test_sandbox_history.py tests/e2e/test_sandbox_information.py tests/e2e/test_sandbox_statement.py
TESTS += tests/e2e/test_sandbox_audit.py
TESTS += tests/e2e/test_sandbox_ddl.py tests/e2e/test_sandbox_grants.py tests/e2e/test_sandbox_history.py tests/e2e/test_sandbox_information.py tests/e2e/test_sandbox_statement.py
# One table: verdict, cells, statements given up.
dist_check_SCRIPTS += tests/e2e/test_console_table.py
TESTS += tests/e2e/test_console_table.py
# Secrets and the audit log through the engine.
dist_check_SCRIPTS += tests/e2e/test_console_audit.py
TESTS += tests/e2e/test_console_audit.py
# Linear mode, and what is said of a bad night.
dist_check_SCRIPTS += tests/e2e/test_console_linear.py
TESTS += tests/e2e/test_console_linear.py
# How the engine behaves towards a workspace in trouble.
dist_check_SCRIPTS += tests/e2e/test_manners.py
TESTS += tests/e2e/test_manners.py
# The dialect of the open-source Unity Catalog server.
dist_check_SCRIPTS += tests/e2e/test_unity_oss.py tests/e2e/unity_server.py
TESTS += tests/e2e/test_unity_oss.py
# What breaks between the engine and the workspace.
dist_check_SCRIPTS += tests/e2e/test_wire.py
TESTS += tests/e2e/test_wire.py
