"""Reads the answer of a server: no more bytes than it may have, decoded, and no longer than it may take.

A timeout of a socket counts from byte to byte, and a small compressed answer can be a large one. So bytes are
counted after they are decoded, and the whole of a request has a time.
"""

from __future__ import annotations

import queue
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeVar

from allocation.errors import AllocationError

ACCEPTED: Final[Mapping[str, str]] = {"Accept-Encoding": "gzip"}
"""The header of a request whose answer `decoded` reads."""
_BITS: Final = {"gzip": zlib.MAX_WBITS | 16, "x-gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}
_PIECE: Final = 1 << 16

_Result = TypeVar("_Result")


class TooMuchError(AllocationError):
    """An answer that is larger, or takes longer, than it may; the message is the end of a sentence."""


def decoded(raw: Iterator[bytes], encoding: str, most: int) -> Iterator[bytes]:
    """The content of an answer, in pieces of at most 64 KiB.

    Args:
        raw: The bytes as they come.
        encoding: The header Content-Encoding; empty or `identity` for none.
        most: How many bytes the content may have.

    Raises:
        TooMuchError: When it has more, has an encoding that was not asked for, or cannot be decoded.
    """
    left = most
    for piece in _inflated(raw, encoding.strip().lower()):
        left -= len(piece)
        if left < 0:
            raise TooMuchError(f"more than {most:,} bytes")
        yield piece


def in_time(seconds: float, work: Callable[[float], _Result]) -> _Result:
    """The result of *work*, which gets the moment of `time.monotonic` when it must have ended.

    It runs in a thread that is left behind when its time is over: nothing else ends a request whose server
    sends a byte of a header now and then.

    Raises:
        TooMuchError: When it takes longer; and whatever *work* raises.
    """
    ended: queue.Queue[tuple[bool, Any]] = queue.Queue(1)

    def run() -> None:
        try:
            ended.put((True, work(time.monotonic() + seconds)))
        except BaseException as error:  # noqa: BLE001 - raised again below
            ended.put((False, error))

    threading.Thread(target=run, daemon=True).start()
    try:
        well, found = ended.get(timeout=seconds)
    except queue.Empty:
        raise TooMuchError(f"no end within {seconds:,.0f} seconds") from None
    if not well:
        raise found
    result: _Result = found
    return result


def until(pieces: Iterator[bytes], moment: float) -> Iterator[bytes]:
    """*pieces* as long as `time.monotonic` is before *moment*: a thread that was left behind ends.

    Raises:
        TooMuchError: After it.
    """
    for piece in pieces:
        if time.monotonic() > moment:
            raise TooMuchError("no end in time")
        yield piece


def _inflated(raw: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    if encoding in ("", "identity"):
        for chunk in raw:
            yield from (chunk[at : at + _PIECE] for at in range(0, len(chunk), _PIECE))
        return
    if encoding not in _BITS:
        raise TooMuchError(f"the encoding '{encoding}', which was not asked for")
    inflater = zlib.decompressobj(_BITS[encoding])
    try:
        for chunk in raw:
            rest = chunk
            while rest and not inflater.eof:
                yield inflater.decompress(rest, _PIECE)
                rest = inflater.unconsumed_tail
    except zlib.error:
        raise TooMuchError(f"bytes that are no {encoding}") from None
    if not inflater.eof:
        raise TooMuchError(f"{encoding} that ends early")
