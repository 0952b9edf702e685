# Canvas, text to cells, widgets.
EXTRA_DIST += ui/draw/canvas.h ui/draw/widget.h
