# The terminal: the only room that knows curses.
noinst_LIBRARIES += ui/libterm.a
ui_libterm_a_SOURCES = \
	ui/term/cell.h ui/term/copy.c ui/term/key.h ui/term/keys.c ui/term/private.h ui/term/rescue.c ui/term/term.c \
	ui/term/term.h
