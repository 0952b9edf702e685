# What is said to people, and the console's side of the socket.
noinst_LIBRARIES += ui/libview.a
ui_libview_a_SOURCES = \
	ui/view/link.h ui/view/link.c ui/view/out.h ui/view/out.c ui/view/table.c
