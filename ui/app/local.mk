# aampe-console
bin_PROGRAMS += aampe-console
aampe_console_SOURCES = ui/app/app.h ui/app/linear.c ui/app/linear.h ui/app/linear_looks.c ui/app/linear_setup.c ui/app/doctor.c ui/app/link.c ui/app/loop.c ui/app/main.c
aampe_console_LDADD = ui/libcli.a ui/libscreen.a ui/libdraw.a ui/libterm.a ui/libview.a src/libipc.a src/libconfig.a \
	src/libmodel.a src/libbase.a $(NCURSES_LIBS) $(LIBS_BASE)
