# One file per screen, and the frame around them.
EXTRA_DIST += ui/screen/console.h ui/screen/screen.h
