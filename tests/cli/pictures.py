"""Pictures of pages for the documentation: each carries what it was taken of, so a stale one can be told.

Letters, and so pixels, differ between machines. So a picture holds, as text chunks of PNG, the words
of the page that it shows, and the digest of the style sheets: when either is not today's, it is stale.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from tests.browser import Browser, opened, screenshot_until, words_until
from tests.portfolios import ROOT

WIDTH: Final = 1040
_STYLES: Final = sorted((ROOT / "allocation" / "report" / "templates").glob("*.css.j2"))
_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_TEXT: Final = b"iTXt"
_PLAIN: Final = b"\0\0\0\0\0"
"""After the key: not compressed, in no language, its key not translated."""


@dataclass(frozen=True)
class Picture:
    """The top of a page of a report, down to an element."""

    name: str
    page: str
    last: str

    @property
    def path(self) -> Path:
        """Where it is committed."""
        return ROOT / "docs" / "images" / f"{self.name}.png"

    def today(self, browser: Browser, report: Path) -> dict[str, str]:
        """What a picture taken now would carry."""
        with opened(browser, report / self.page, width=WIDTH) as page:
            words = words_until(page, self.last)
        return {"Words": words, "Style": sha256(b"".join(path.read_bytes() for path in _STYLES)).hexdigest()}

    def take(self, browser: Browser, report: Path) -> None:
        """Write it anew."""
        self.path.parent.mkdir(exist_ok=True)
        with opened(browser, report / self.page, width=WIDTH) as page:
            screenshot_until(page, self.path, self.last)
        self.path.write_bytes(with_texts(self.path.read_bytes(), self.today(browser, report)))


def with_texts(png: bytes, texts: Mapping[str, str]) -> bytes:
    """The picture with these texts in it, before its end."""
    *before, end = chunks(png)
    added = [(_TEXT, key.encode() + _PLAIN + text.encode()) for key, text in texts.items()]
    return _SIGNATURE + b"".join(_chunk(kind, body) for kind, body in (*before, *added, end))


def texts_of(png: bytes) -> dict[str, str]:
    """The texts that `with_texts` put there."""
    found = (body.partition(_PLAIN) for kind, body in chunks(png) if kind == _TEXT)
    return {key.decode(): text.decode() for key, _, text in found}


def size_of(png: bytes) -> tuple[int, int]:
    """Width and height."""
    _, body = next(chunks(png))
    return int.from_bytes(body[:4], "big"), int.from_bytes(body[4:8], "big")


def chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and body of each chunk."""
    if not png.startswith(_SIGNATURE):
        raise ValueError("it is no PNG")
    at = len(_SIGNATURE)
    while at < len(png):
        length = int.from_bytes(png[at : at + 4], "big")
        kind, body = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        if png[at : at + 12 + length] != _chunk(kind, body):
            raise ValueError(f"its chunk {kind!r} is broken")
        yield kind, body
        at += 12 + length


def _chunk(kind: bytes, body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")
