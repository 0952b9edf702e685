"""A program in tmux: keys go in, the pane's text comes out. A server of its own, so that nobody's sessions are
touched."""
import os
import shlex
import shutil
import subprocess
import time

LIMIT = 120


def present():
    return shutil.which("tmux") is not None


class Pane:
    def __init__(self, argv, env, width=80, height=24, cwd="/"):
        self.name = "aampe-walk-%d-%d" % (os.getpid(), time.monotonic_ns())
        self.env = dict(env, LC_ALL="C.UTF-8", TERM="xterm-256color")
        self.env.pop("TMUX", None)
        # The pane stays after the program ends, so that its last words can be read.
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", str(width), "-y", str(height), "-c", cwd,
                  "sh", "-c", "exec cat", first=True)
        self.tmux("set-option", "-g", "remain-on-exit", "on")
        self.tmux("set-option", "-g", "status", "off")
        self.tmux("resize-window", "-x", str(width), "-y", str(height))
        self.tmux("respawn-pane", "-k", "exec env TERM=tmux-256color " + " ".join(shlex.quote(a) for a in argv))
        self.said = []

    def tmux(self, *words, first=False):
        done = subprocess.run(["tmux", "-L", self.name, *words], env=self.env, capture_output=True, text=True,
                              timeout=60)
        if done.returncode and first:
            raise RuntimeError("tmux: " + done.stderr)
        return done.stdout

    def text(self):
        return self.tmux("capture-pane", "-p")

    def over(self):
        return self.tmux("display-message", "-p", "#{pane_dead}").strip() == "1"

    def keys(self, *names):
        """Names of tmux: Enter, Escape, Space, C-c; one character is itself."""
        for name in names:
            self.tmux("send-keys", *(["-l", name] if len(name) == 1 else [name]))

    def write(self, text):
        self.tmux("send-keys", "-l", text)

    def paste(self, text):
        self.tmux("set-buffer", text)
        self.tmux("paste-buffer", "-p")

    def wait(self, wanted, seconds=LIMIT):
        """Until the pane shows it: a text, or what a function of the text finds."""
        test = wanted if callable(wanted) else lambda text: wanted in text
        end = time.monotonic() + seconds
        while True:
            text = self.text()
            if test(text):
                return text
            if time.monotonic() > end:
                raise AssertionError("never seen: %r\n%s" % (wanted, text))
            time.sleep(0.1)

    def gone(self, text, seconds=LIMIT):
        return self.wait(lambda shown: text not in shown, seconds)

    def close(self):
        self.tmux("kill-server")
