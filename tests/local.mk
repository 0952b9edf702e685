# The long suites: each a target of its own, run in the build folder, its figure printed last.
dist_noinst_SCRIPTS += bootstrap tests/bare/bare.sh tests/valgrind.sh tests/suite/peers.sh
EXTRA_DIST += .ci/run .clang-format \
	tests/suite/check_peers.py tests/suite/harness.py tests/suite/hostile.py tests/suite/kill_loop.py \
	tests/suite/fault_cases.py tests/suite/fault_cases_data.py tests/suite/fault_cases_host.py \
	tests/suite/fault_cases_none.py tests/suite/fault_cases_wire.py tests/suite/fault_lab.py tests/suite/faults.py \
	tests/suite/rows.py tests/suite/scale.py tests/suite/wire_proxy.py
EXTRA_DIST += tests/suite/doctor_matrix.py tests/suite/mutants.py tests/suite/mutants_made.py
# One cell per peer, what is pinned, and what the cells share.
EXTRA_DIST += tests/peers/pins tests/peers/cells.py tests/peers/world.py
EXTRA_DIST += tests/peers/official.py tests/peers/official_writes.py tests/peers/cell_cli.py tests/peers/cell_sdk_py.py tests/peers/client_sdk_py.py
EXTRA_DIST += tests/peers/cell_sdk_js.py tests/peers/client_sdk_js.mjs tests/peers/sdk-js/package.json tests/peers/sdk-js/package-lock.json
EXTRA_DIST += tests/peers/cli/go.mod tests/peers/cli/go.sum tests/peers/cli/tools.go
EXTRA_DIST += tests/peers/cell_duckdb.py tests/peers/cell_pyarrow.py tests/peers/cell_sql_connector.py
EXTRA_DIST += tests/peers/cell_sqlglot.py tests/peers/cell_spark.py tests/peers/emitted.py
EXTRA_DIST += tests/peers/cell_uc_oss.py tests/peers/uc-oss/pom.xml tests/peers/cell_uc_client.py
EXTRA_DIST += tests/peers/cell_kernel.py tests/peers/cell_polars.py

# Not installed, not part of the suite: what kill-loop asks for the names of the crash points.
check_PROGRAMS += tests/tools/crash_points
tests_tools_crash_points_SOURCES = tests/tools/crash_points.c
tests_tools_crash_points_LDADD = $(ROOMS) $(LIBS_ENGINE)

SUITE = $(AM_TESTS_ENVIRONMENT)
SUITE_NEEDS = aampe-console$(EXEEXT) aampe-syncd$(EXEEXT) aampe-sandbox$(EXEEXT) tests/tools/crash_points$(EXEEXT)
CHECK_PEERS = $(SUITE) $(PYTHON3) $(abs_top_srcdir)/tests/suite/check_peers.py
PEERS_NEEDS = $(SUITE_NEEDS) tests/unit/sandbox_query$(EXEEXT)
.PHONY: bare check-peers check-sanitize check-valgrind faults gate-short hostile interop-update kill-loop scale

# Other people's software judges the sandbox and the client; PEERS, PEERS_REQUIRED and ROWS choose.
check-peers: $(PEERS_NEEDS)
	@$(CHECK_PEERS)

# The same, and the table of doc/interop.md written anew.
interop-update: $(PEERS_NEEDS)
	@$(CHECK_PEERS) --interop

# kill -9 at random and at every named crash point; N kills.
kill-loop: $(SUITE_NEEDS)
	@$(SUITE) python=`$(abs_top_srcdir)/tests/suite/peers.sh duckdb` || { \
		test -z "$$PEERS_REQUIRED" && echo "$@: SKIPPED, pyarrow and DuckDB cannot be had" && exit 0; exit 1; }; \
	N='$(N)'; N=$${N:-200} $$python $(abs_top_srcdir)/tests/suite/kill_loop.py

.PHONY: doctor-matrix mutants
# One fault per layer of the doctor; DOCTOR=short: only one each.
doctor-matrix: $(SUITE_NEEDS)
	@$(SUITE) $(PYTHON3) $(abs_top_srcdir)/tests/suite/doctor_matrix.py

# Memory and CPU per row at 1 M and at 50 M rows.
scale: $(SUITE_NEEDS)
	@$(SUITE) $(PYTHON3) $(abs_top_srcdir)/tests/suite/scale.py

# Lies, refusals, starvation, hostile names, canary secrets, mutated Arrow.
hostile: $(SUITE_NEEDS) tests/unit/test_columnar_mutate$(EXEEXT)
	@$(SUITE) $(PYTHON3) $(abs_top_srcdir)/tests/suite/hostile.py

# Every error code that a fault can cause is caused, met, told and healed; FAULTS=short: one of each class.
faults: $(SUITE_NEEDS)
	@$(SUITE) $(PYTHON3) $(abs_top_srcdir)/tests/suite/faults.py

# The normal commands against bent answers; ROUNDS, SEED, ROUND.
mutants: $(SUITE_NEEDS)
	@$(SUITE) $(PYTHON3) $(abs_top_srcdir)/tests/suite/mutants.py

# On a bare Debian 12 (debootstrap), as root and as a user with sudo.
bare:
	@$(SUITE) $(abs_top_srcdir)/tests/bare/bare.sh

# The whole suite again, under AddressSanitizer and UndefinedBehaviorSanitizer.
check-sanitize:
	@mkdir -p sanitize
	@cd sanitize && { test -f Makefile || $(abs_top_srcdir)/configure --enable-sanitizers --enable-werror >/dev/null; }
	@$(MAKE) -C sanitize -s check

# Unit tests and golden screens under valgrind.
check-valgrind: $(SUITE_NEEDS) $(check_PROGRAMS)
	@$(SUITE) $(abs_top_srcdir)/tests/valgrind.sh $(filter tests/unit/% tests/screens/driver$(EXEEXT),$(check_PROGRAMS))

# Short forms of the long suites, for the landing gate.
gate-short: $(PEERS_NEEDS)
	@$(CHECK_PEERS) --short
	@DOCTOR=short $(MAKE) -s doctor-matrix
	@$(MAKE) -s kill-loop N=30
	@MUTATIONS=20000 $(MAKE) -s hostile
	@SMALL=1000000 LARGE=4000000 $(MAKE) -s scale
	@IDLE=5 $(MAKE) -s ui-budget
	@$(MAKE) -s walk
	@FAULTS=short $(MAKE) -s faults
	@ROUNDS=120 SEED=77 $(MAKE) -s mutants

# What the targets above leave in the build folder.
CLEANFILES += tests/unit/*.valgrind.log tests/unit/*.valgrind.verdict
.PHONY: clean-peers clean-sanitize
clean-sanitize:
	rm -rf sanitize
clean-peers:
	rm -rf peers
clean-local: clean-sanitize
distclean-local: clean-peers
