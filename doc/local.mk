# The manual and the shell completion are printed at build time from the tables the product itself uses.
noinst_PROGRAMS += doc/generate
doc_generate_SOURCES = doc/generate.c
doc_frames = doc/aampe-console.1.in doc/aampe-sandbox.1.in doc/aampe-syncd.8.in doc/aampe.5.in
doc_tables = ui/cli/commands.def ui/view/actions.def src/base/errors.def src/config/settings.def
EXTRA_DIST += $(doc_frames) doc/operations.md
man_MANS += doc/aampe-console.1 doc/aampe-sandbox.1 doc/aampe-syncd.8 doc/aampe.5
CLEANFILES += $(man_MANS) doc/*.tmp

doc/aampe-console.1: doc/aampe-console.1.in $(doc_tables) doc/generate$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) doc && doc/generate$(EXEEXT) $(srcdir)/doc/aampe-console.1.in $(PACKAGE_VERSION) > $@.tmp && mv $@.tmp $@
doc/aampe-sandbox.1: doc/aampe-sandbox.1.in $(doc_tables) doc/generate$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) doc && doc/generate$(EXEEXT) $(srcdir)/doc/aampe-sandbox.1.in $(PACKAGE_VERSION) > $@.tmp && mv $@.tmp $@
doc/aampe-syncd.8: doc/aampe-syncd.8.in $(doc_tables) doc/generate$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) doc && doc/generate$(EXEEXT) $(srcdir)/doc/aampe-syncd.8.in $(PACKAGE_VERSION) > $@.tmp && mv $@.tmp $@
doc/aampe.5: doc/aampe.5.in $(doc_tables) doc/generate$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) doc && doc/generate$(EXEEXT) $(srcdir)/doc/aampe.5.in $(PACKAGE_VERSION) > $@.tmp && mv $@.tmp $@

dist_check_SCRIPTS += doc/lint.sh
TESTS += doc/lint.sh
