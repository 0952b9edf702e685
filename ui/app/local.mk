# aampe-console
bin_PROGRAMS += aampe-console
aampe_console_SOURCES = ui/app/main.c
aampe_console_LDADD = ui/libcli.a ui/libview.a src/libipc.a src/libconfig.a src/libmodel.a src/libbase.a $(LIBS_BASE)
