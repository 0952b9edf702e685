# Canvas, text to cells, widgets.
noinst_LIBRARIES += ui/libdraw.a
ui_libdraw_a_SOURCES = ui/draw/canvas.c ui/draw/canvas.h ui/draw/canvas_dump.c ui/draw/edit.c ui/draw/theme.c \
	ui/draw/widget.c ui/draw/widget.h ui/term/cell.h ui/term/key.h

check_PROGRAMS += tests/unit/test_draw
TESTS += tests/unit/test_draw
tests_unit_test_draw_SOURCES = tests/unit/test_draw.c
tests_unit_test_draw_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_draw_LDADD = ui/libdraw.a src/libbase.a $(LIBS_BASE) $(CMOCKA_LIBS)
