# The console on a real pseudo terminal.
dist_check_SCRIPTS += tests/pty/test_pty_doctor.py
TESTS += tests/pty/test_pty_doctor.py
dist_check_SCRIPTS += tests/pty/fake_engine.py tests/pty/screen.py tests/pty/terminal.py tests/pty/test_pty_hostile.py \
	tests/pty/test_pty_life.py tests/pty/test_pty_setup.py tests/pty/test_pty_two.py
TESTS += tests/pty/test_pty_hostile.py tests/pty/test_pty_life.py tests/pty/test_pty_two.py tests/pty/test_pty_setup.py
EXTRA_DIST += tests/suite/tmux.py tests/suite/ui_budget.py tests/suite/walk.py

# Bytes, requests, memory and processor time of the console against their budgets.
.PHONY: ui-budget walk
ui-budget: $(SUITE_NEEDS)
	@$(SUITE) $(PYTHON3) $(abs_top_srcdir)/tests/suite/ui_budget.py

# A person's ways through the console, in tmux and in linear mode.
walk: $(SUITE_NEEDS)
	@$(SUITE) $(PYTHON3) $(abs_top_srcdir)/tests/suite/walk.py || test $$? -eq 77
