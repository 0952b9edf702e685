# One file per screen, and the frame around them.
EXTRA_DIST += ui/screen/console.h ui/screen/screen.h

# Browse and Share
EXTRA_DIST += ui/screen/browse.h ui/screen/browse.c ui/screen/browse_draw.c ui/screen/browse_keys.c ui/screen/browse_tree.c ui/screen/browse_tree.h \
	ui/screen/share.c ui/screen/share.h ui/screen/share_draw.c

check_PROGRAMS += tests/unit/test_screen_tree
TESTS += tests/unit/test_screen_tree
tests_unit_test_screen_tree_SOURCES = tests/unit/test_screen_tree.c ui/screen/browse_tree.c
tests_unit_test_screen_tree_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_screen_tree_LDADD = src/libbase.a $(LIBS_BASE) $(CMOCKA_LIBS)
