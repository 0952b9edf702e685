# The console against recorded answers: what is on the screen, at every size, whatever the answers hold.
SCREENS_LIBS = ui/libscreen.a ui/libdraw.a ui/libview.a src/libipc.a src/libconfig.a src/libmodel.a src/libbase.a $(LIBS_BASE)
check_PROGRAMS += tests/screens/driver tests/screens/sweep
TESTS += tests/screens/driver tests/screens/sweep
tests_screens_driver_SOURCES = tests/screens/driver.c tests/screens/scene.c tests/screens/scene.h
tests_screens_driver_LDADD = $(SCREENS_LIBS)
tests_screens_sweep_SOURCES = tests/screens/sweep.c tests/screens/payloads.h tests/screens/scene.c tests/screens/scene.h
tests_screens_sweep_LDADD = $(SCREENS_LIBS)
dist_check_SCRIPTS += tests/screens/record.py tests/screens/test_shapes.py tests/screens/pictures.py
TESTS += tests/screens/test_shapes.py tests/screens/pictures.py
EXTRA_DIST += tests/screens/scenes tests/screens/golden

# Writes the golden screens anew; look at what changed before you keep it.
.PHONY: golden-update
golden-update: tests/screens/driver$(EXEEXT)
	@$(AM_TESTS_ENVIRONMENT) tests/screens/driver$(EXEEXT) --update && \
	$(PYTHON3) $(abs_top_srcdir)/tests/screens/pictures.py --update
