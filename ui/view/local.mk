# What is said to people, and the console's side of the socket.
noinst_LIBRARIES += ui/libview.a
ui_libview_a_SOURCES = \
	ui/view/config.c ui/view/link.c ui/view/link.h ui/view/out.c ui/view/out.h ui/view/progress.c \
	ui/view/runs.c ui/view/small.c ui/view/status.c ui/view/table.c ui/view/table_words.c ui/view/words.h
