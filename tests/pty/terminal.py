"""A program on a real pseudo terminal, and what it shows."""
import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time

from screen import Screen

LIMIT = 60  # seconds a condition may take on a loaded machine


class Terminal:
    def __init__(self, argv, env, width=80, height=24, term="xterm-256color", utf8=True, cwd=None):
        self.screen = Screen(width, height)
        self.raw = b""
        self.ended = None
        self.hold = 0  # bytes a second; 0: as fast as they come
        pid, fd = pty.fork()
        if pid == 0:
            try:
                self.size_set(0, width, height)
                if cwd:
                    os.chdir(cwd)
                full = dict(env, TERM=term, LC_ALL="C.UTF-8" if utf8 else "C")
                os.execve(argv[0], argv, full)
            finally:
                os._exit(127)
        self.pid, self.fd = pid, fd
        self.before = termios.tcgetattr(fd)

    @staticmethod
    def size_set(fd, width, height):
        fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def resize(self, width, height):
        self.drain()
        self.screen.resize(width, height)
        self.size_set(self.fd, width, height)

    def read(self, seconds):
        """What arrives within the time; False at the end of the program's output."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.fd, self.hold // 20 or 65536)
        except OSError:
            data = b""
        if not data:
            self.wait_end()
            return False
        self.raw += data
        self.screen.feed(data)
        if self.hold:
            self.wait_line(len(data))
        return True

    def wait_line(self, count):
        """A slow line takes its time for so many bytes."""
        time.sleep(count / self.hold)

    def drain(self):
        while self.ended is None and select.select([self.fd], [], [], 0)[0]:
            if not self.read(0):
                return

    def quiet(self, seconds=0.3):
        """Reads until nothing has come for so long; returns the bytes read."""
        start = len(self.raw)
        while self.ended is None and select.select([self.fd], [], [], seconds)[0]:
            if not self.read(0):
                break
        return len(self.raw) - start

    def wait(self, condition, what="", seconds=LIMIT):
        """Reads until the condition of the screen holds; a string is looked for in its text."""
        test = condition if callable(condition) else lambda screen: condition in screen.text()
        end = time.monotonic() + seconds
        while not test(self.screen):
            if time.monotonic() > end or (self.ended is not None and not test(self.screen)):
                raise AssertionError("never seen: %s (ended: %s)\n%s" % (
                    what or condition, self.ended, self.screen.text()))
            self.read(0.05)
        return self.screen

    def type(self, keys):
        os.write(self.fd, keys if isinstance(keys, bytes) else keys.encode())

    def wait_end(self, seconds=LIMIT):
        """The status the program ended with (negative: by a signal), once all it said has been read."""
        end = time.monotonic() + seconds
        while self.ended is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.ended = os.waitstatus_to_exitcode(status)
            elif time.monotonic() > end:
                raise AssertionError("the program does not end\n" + self.screen.text())
            self.take(0.05)
        while self.take(0):
            pass
        return self.ended

    def take(self, seconds):
        """Reads what is there; False: nothing was."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            return False
        self.raw += data
        self.screen.feed(data)
        return bool(data)

    def restored(self):
        """The modes of the line are those the program found, and the screen's are off."""
        now = termios.tcgetattr(self.fd)
        return now[:4] == self.before[:4] and not self.screen.modes & {1049, 2004, 1000, 1006}

    def close(self):
        if self.ended is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.fd)
