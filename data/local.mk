# Shell completion, printed from the table of commands.
completionsdir = $(datadir)/bash-completion/completions
nodist_completions_DATA = data/completions/aampe-console
EXTRA_DIST += data/completion.bash.in
CLEANFILES += data/completions/aampe-console data/completions/*.tmp

data/completions/aampe-console: data/completion.bash.in ui/cli/commands.def doc/generate$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) data/completions && doc/generate$(EXEEXT) $(srcdir)/data/completion.bash.in $(PACKAGE_VERSION) > $@.tmp && mv $@.tmp $@
