# Checks of the source itself: arrows between rooms, sizes, tables and forbidden words, global state, formatting.
CHECKS = tests/checks/arrows.py tests/checks/format.sh tests/checks/globals.py tests/checks/sizes.py \
	tests/checks/tables.py
dist_check_SCRIPTS += $(CHECKS)
TESTS += $(CHECKS)

# Writes every C file as the check wants it.
.PHONY: format
format:
	cd $(srcdir) && find src ui tests doc -name '*.[ch]' | xargs $(CLANG_FORMAT) -i
