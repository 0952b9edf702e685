# The terminal: the only room that knows curses.
EXTRA_DIST += ui/term/cell.h ui/term/key.h ui/term/term.h
