"""A terminal for tests: understands what xterm's description lets curses send, and nothing else. A sequence it does
not know is kept in `unknown`, so that a test can say that nothing else was sent."""
import re
import unicodedata

CSI = re.compile(rb"\x1b\[([?>=]?)([0-9;]*)([ -/]*)([@-~])")
OSC = re.compile(rb"\x1b\]([^\x07\x1b]*)(?:\x07|\x1b\\)")
SHORT = re.compile(rb"\x1b([()][A-Z0-9]|[=>78cDEHM])")
GRAPHICS = {"q": "-", "x": "|", "0": "#", "~": "o"}


def width_of(char):
    if unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


class Screen:
    def __init__(self, width=80, height=24):
        self.unknown, self.rest, self.copied, self.modes = [], b"", [], set()
        self.total = 0
        self.graphics = False
        self.last = " "
        self.resize(width, height)

    def resize(self, width, height):
        self.width, self.height = width, height
        self.cells = [[" "] * width for _ in range(height)]
        self.styles = [[frozenset()] * width for _ in range(height)]
        self.x = self.y = 0
        self.style = frozenset()
        self.top, self.bottom = 0, height - 1

    # What a test looks at.
    def row(self, number):
        return "".join(self.cells[number]).rstrip()

    def text(self):
        return "\n".join(self.row(y) for y in range(self.height))

    def selected(self):
        """Rows in reverse video."""
        return [self.row(y) for y in range(self.height) if any("7" in style for style in self.styles[y])]

    def feed(self, data):
        self.total += len(data)
        data = self.rest + data
        self.rest = b""
        at = 0
        while at < len(data):
            step = self.take(data, at)
            if step == 0:
                self.rest = data[at:]
                return
            at += step

    def take(self, data, at):
        byte = data[at]
        if byte == 0x1b:
            return self.escape(data, at)
        if byte < 0x20 or byte == 0x7f:
            self.control(byte)
            return 1
        size = 1 if byte < 0x80 else 2 if byte < 0xe0 else 3 if byte < 0xf0 else 4
        if at + size > len(data):
            return 0
        try:
            self.put(data[at:at + size].decode())
        except UnicodeDecodeError:
            self.unknown.append(data[at:at + size])
        return size

    def control(self, byte):
        if byte == 0x0d:
            self.x = 0
        elif byte == 0x0a:
            self.line_feed()
        elif byte == 0x08:
            self.x = max(0, self.x - 1)
        elif byte == 0x09:
            self.x = min(self.width - 1, (self.x // 8 + 1) * 8)
        elif byte not in (0x0e, 0x0f, 0x07):
            self.unknown.append(bytes([byte]))

    def line_feed(self):
        if self.y == self.bottom:
            self.scroll(1)
        elif self.y < self.height - 1:
            self.y += 1

    def scroll(self, count):
        for _ in range(abs(count)):
            for rows, blank in ((self.cells, " "), (self.styles, frozenset())):
                gone, new = (self.top, self.bottom) if count > 0 else (self.bottom, self.top)
                del rows[gone]
                rows.insert(new, [blank] * self.width)

    def put(self, char):
        if self.graphics:
            char = GRAPHICS.get(char, char)
        width = width_of(char)
        if width == 0:
            if self.x > 0:
                self.cells[self.y][self.x - 1] += char
            return
        if self.x + width > self.width:
            self.x = self.width - width  # auto-wrap is never used by what we send
        self.cells[self.y][self.x] = char
        self.styles[self.y][self.x] = self.style
        if width == 2 and self.x + 1 < self.width:
            self.cells[self.y][self.x + 1] = ""
            self.styles[self.y][self.x + 1] = self.style
        self.x = self.x + width
        self.last = char

    def escape(self, data, at):
        for pattern, act in ((CSI, self.csi), (OSC, self.osc), (SHORT, self.short)):
            match = pattern.match(data, at)
            if match:
                act(match)
                return match.end() - at
        if len(data) - at < 64 and not re.match(rb"\x1b[^\[\]()=>78cDEHM]", data[at:at + 2]):
            return 0  # not whole yet
        self.unknown.append(data[at:at + 2])
        return 1

    def osc(self, match):
        if match.group(1).startswith(b"52;"):
            self.copied.append(match.group(1))
        else:
            self.unknown.append(match.group(0))

    def short(self, match):
        what = match.group(1)
        if what[:1] == b"(":
            self.graphics = what == b"(0"
        elif what == b"M":
            if self.y == self.top:
                self.scroll(-1)
            else:
                self.y = max(0, self.y - 1)
        elif what not in (b"=", b">", b"7", b"8", b")0", b")B", b"H"):
            self.unknown.append(match.group(0))

    def csi(self, match):
        private, text, middle, final = match.groups()
        numbers = [int(n) if n else 0 for n in text.split(b";")] if text else []
        name = (private + middle + final).decode()
        first = numbers[0] if numbers else 0
        handler = getattr(self, "csi_" + {"@": "insert", "?h": "set", "?l": "reset", "H": "move", "J": "clear"}.get(
            name, name if name.isalpha() else "none"), None)
        if handler is None:
            self.unknown.append(match.group(0))
        else:
            handler(first, numbers)

    def csi_set(self, _, numbers):
        self.modes.update(numbers)

    def csi_reset(self, _, numbers):
        self.modes.difference_update(numbers)

    def csi_h(self, _, numbers):
        pass

    def csi_l(self, _, numbers):
        pass

    def csi_t(self, _, numbers):
        pass

    def csi_move(self, _, numbers):
        row, column = (numbers + [1, 1])[:2] if numbers else (1, 1)
        self.y = min(max(row, 1), self.height) - 1
        self.x = min(max(column, 1), self.width) - 1

    def csi_A(self, count, _):
        self.y = max(0, self.y - max(1, count))

    def csi_B(self, count, _):
        self.y = min(self.height - 1, self.y + max(1, count))

    def csi_C(self, count, _):
        self.x = min(self.width - 1, self.x + max(1, count))

    def csi_D(self, count, _):
        self.x = max(0, self.x - max(1, count))

    def csi_G(self, column, _):
        self.x = min(max(column, 1), self.width) - 1

    def csi_d(self, row, _):
        self.y = min(max(row, 1), self.height) - 1

    def csi_Z(self, count, _):
        self.x = max(0, (self.x - 1) // 8 * 8)

    def blank(self, y, start, end):
        for x in range(max(0, start), min(end, self.width)):
            self.cells[y][x] = " "
            self.styles[y][x] = frozenset(s for s in self.style if s.startswith("4"))

    def csi_X(self, count, _):
        self.blank(self.y, self.x, self.x + max(1, count))

    def csi_K(self, how, _):
        self.blank(self.y, 0 if how else self.x, self.x + 1 if how == 1 else self.width)

    def csi_clear(self, how, _):
        if how == 0:
            self.csi_K(0, None)
        for y in range(self.height):
            if how == 2 or (how == 0 and y > self.y) or (how == 1 and y < self.y):
                self.blank(y, 0, self.width)
        if how == 1:
            self.csi_K(1, None)

    def csi_insert(self, count, _):
        for rows, blank in ((self.cells, " "), (self.styles, frozenset())):
            row = rows[self.y]
            row[self.x:self.x] = [blank] * max(1, count)
            del row[self.width:]

    def csi_P(self, count, _):
        for rows, blank in ((self.cells, " "), (self.styles, frozenset())):
            row = rows[self.y]
            del row[self.x:self.x + max(1, count)]
            row += [blank] * (self.width - len(row))

    def csi_L(self, count, _):
        top, self.top = self.top, self.y
        self.scroll(-max(1, count))
        self.top = top

    def csi_M(self, count, _):
        top, self.top = self.top, self.y
        self.scroll(max(1, count))
        self.top = top

    def csi_S(self, count, _):
        self.scroll(max(1, count))

    def csi_T(self, count, _):
        self.scroll(-max(1, count))

    def csi_r(self, _, numbers):
        top, bottom = (numbers + [0, 0])[:2] if numbers else (1, self.height)
        # What was written before a resize may name rows that are gone; a terminal takes those that are left.
        self.bottom = min(bottom or self.height, self.height) - 1
        self.top = min(max(1, top) - 1, self.bottom)
        self.x = self.y = 0

    def csi_b(self, count, _):
        for _n in range(max(1, count)):
            self.put(self.last)

    def csi_m(self, _, numbers):
        style = set(self.style)
        for number in numbers or [0]:
            if number == 0:
                style.clear()
            elif number in (22, 24, 27):
                style -= {"1", "2"} if number == 22 else {str(number - 20)}
            elif 30 <= number <= 39 or 90 <= number <= 97:
                style = {s for s in style if not s.startswith("3") and not s.startswith("9")}
                style |= {str(number)} - {"39"}
            elif 40 <= number <= 49 or 100 <= number <= 107:
                style = {s for s in style if not s.startswith("4") or s == "4"}
                style |= {str(number)} - {"49"}
            else:
                style.add(str(number))
        self.style = frozenset(style)
