#!/usr/bin/env python3
"""A person's ways through the console, in tmux."""
import sys

from tmux import present

if __name__ == "__main__":
    sys.exit(0 if present() else 77)
