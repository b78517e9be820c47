"""Where SQL stands in quotes or comments, line by line: only outside of them a line is what it looks like."""

from __future__ import annotations

import re
from typing import Final

_TOKEN: Final = re.compile(rb"'|\"|\$(?:[A-Za-z_\x80-\xff][0-9A-Za-z_\x80-\xff]*)?\$|--|/\*")
_IN_TEXT: Final = re.compile(rb"'|\\.", re.DOTALL)
_IN_COMMENT: Final = re.compile(rb"/\*|\*/")
_BEFORE: Final = re.compile(rb"[0-9A-Za-z_$\x80-\xff]")
_ESCAPES: Final = b"E'"


class Quotes:
    r"""What a line of SQL begins in, after all lines before it.

    >>> quotes = Quotes()
    >>> quotes.after(b"CREATE FUNCTION f() RETURNS text AS $$ SELECT 'it''s \n")
    >>> quotes.inside
    True
    >>> quotes.after(b"-- in it' $$ LANGUAGE sql; -- no ' here\n")
    >>> quotes.inside
    False
    """

    def __init__(self) -> None:
        self._until = b""
        self._depth = 0

    @property
    def inside(self) -> bool:
        """Whether the next line begins within a literal, a quoted name or a comment."""
        return bool(self._until)

    def after(self, line: bytes) -> None:
        """Read *line*."""
        at = 0
        while at < len(line):
            at = self._through(line, at) if self._until else self._enter(line, at)

    def _enter(self, line: bytes, at: int) -> int:
        """Go on to the next beginning; where reading goes on after it."""
        found = _TOKEN.search(line, at)
        if found is None:
            return len(line)
        token = found[0]
        if token == b"--":
            return len(line)
        if token == b"/*":
            self._until, self._depth = b"*/", 1
        elif token == b"'" and _escapes(line, found.start()):
            self._until = _ESCAPES
        elif token[:1] == b"$" and _BEFORE.match(line[found.start() - 1 : found.start()]):
            return found.start() + 1  # part of a name such as a$b$c
        else:
            self._until = token
        return found.end()

    def _through(self, line: bytes, at: int) -> int:
        """Go on to where this ends, or to the end of the line."""
        if self._until == b"*/":
            return self._comment(line, at)
        if self._until == _ESCAPES:
            found = _IN_TEXT.search(line, at)
            if found is None:
                return len(line)
            if found[0] == b"'":
                self._until = b""
            return found.end()
        end = line.find(self._until, at)
        if end < 0:
            return len(line)
        end += len(self._until)
        self._until = b""
        return end

    def _comment(self, line: bytes, at: int) -> int:
        found = _IN_COMMENT.search(line, at)
        if found is None:
            return len(line)
        self._depth += 1 if found[0] == b"/*" else -1
        if not self._depth:
            self._until = b""
        return found.end()


def _escapes(line: bytes, at: int) -> bool:
    """Whether the quote at *at* begins a literal with backslashes, E'…'."""
    return line[at - 1 : at] in (b"E", b"e") and not (at > 1 and _BEFORE.match(line[at - 2 : at - 1]))
