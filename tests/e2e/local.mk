# The engine against hostile peers: any client on its socket, any workspace at the other end.
dist_check_SCRIPTS += tests/e2e/hostile_workspace.py tests/e2e/test_hostile_verbs.py tests/e2e/test_hostile_workspace.py
TESTS += tests/e2e/test_hostile_verbs.py tests/e2e/test_hostile_workspace.py
