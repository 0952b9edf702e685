# Checks of the source itself: arrows between rooms, sizes, tables and forbidden words, global state, formatting, that
# the tarball is whole and that every test runs.
CHECKS = tests/checks/arrows.py tests/checks/dist.py tests/checks/format.sh tests/checks/globals.py tests/checks/mains.py \
	tests/checks/sizes.py tests/checks/tables.py
dist_check_SCRIPTS += $(CHECKS)
TESTS += $(CHECKS)

# Writes every C file as the check wants it.
.PHONY: format
format:
	cd $(srcdir) && find src ui tests doc -name '*.[ch]' | xargs $(CLANG_FORMAT) -i

# What `make dist` copies, relative to the top of the tree; read by dist.py.
.PHONY: dist-list
dist-list:
	@list='$(DISTFILES)'; for file in $$list; do \
	  case $$file in $(srcdir)/*) file=$${file#$(srcdir)/} ;; $(top_srcdir)/*) file=$${file#$(top_srcdir)/} ;; esac; \
	  if test -d $(srcdir)/$$file; then (cd $(srcdir) && find $$file -type f); else echo $$file; fi; done
