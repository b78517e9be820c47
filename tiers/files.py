"""Opens files: what people give us within bounds, and what we keep for its owner alone.

A pull request brings links, pipes and devices as easily as text. So no file is opened by its name alone: a
link may not lead out of the folder it is read for, a pipe is never waited for, and what is read is counted.
What we write about tenants, such as plans and evidence, no other user of the machine reads.
"""

from __future__ import annotations

import errno
import json
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import Any, Final, Literal, TextIO

from tiers.errors import CatalogError

MAX_JSON_BYTES: Final = 256_000_000
"""The largest JSON document that is read."""
MAX_JSON_VALUES: Final = 4_000_000
"""The most values in one: each takes a hundred bytes of memory, however few it has in the file."""

_OWNER_ONLY: Final = 0o600
_KINDS: Final = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
# A pipe without a writer would be waited for, and a terminal would become ours.
_OPENED: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class UnreadableError(CatalogError):
    """A file that is not there, is no regular file, lies elsewhere, or is too large."""


@contextmanager
def opened(path: Path, name: str | None = None, *, within: Path | None = None) -> Iterator[BufferedReader]:
    """The regular file *path*, open for reading.

    Args:
        path: The file; a link is followed.
        name: Its name in error messages; by default its path.
        within: The folder that it must lie in after all links are followed. None for a file that its user
            named: they may keep it where they like.

    Raises:
        UnreadableError: When it is not there, is no regular file, or a link leads out of *within*.
    """
    shown = name or str(path)
    try:
        descriptor = os.open(_followed(path, shown, within), _OPENED)
    except (FileNotFoundError, NotADirectoryError):
        raise UnreadableError(f"{shown}: no such file") from None
    except (OSError, ValueError) as error:
        raise UnreadableError(f"{shown}: cannot be read: {_reason(error)}") from None
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        kind = next((words for is_kind, words in _KINDS if is_kind(mode)), "something else")
        raise UnreadableError(f"{shown}: cannot be read: expected a regular file, found {kind}")
    with os.fdopen(descriptor, "rb") as stream:
        yield stream


def private(path: Path, mode: Literal["w", "x"], newline: str | None = None) -> TextIO:
    """The file *path*, open for writing text; `x` refuses one that exists. Only its owner may read it.

    Raises:
        OSError: When it cannot be written.
    """
    return open(path, mode, encoding="utf-8", newline=newline, opener=private_descriptor)


def private_descriptor(path: str | os.PathLike[str], flags: int) -> int:
    """The same as `os.open` gives it: whatever the umask is, and for a file that was there before, too."""
    descriptor = os.open(path, flags | os.O_CLOEXEC, _OWNER_ONLY)
    try:
        os.fchmod(descriptor, _OWNER_ONLY)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


@contextmanager
def written_beside(path: Path, text: str, newline: str | None = None) -> Iterator[Path]:
    """A file of its own beside *path* with *text*, on the disk, for its owner alone, to be put in its place.

    Each has a name of its own: what a killed writer left may be another name of the file that is there. It is
    gone at the end, unless it took that place.

    Raises:
        OSError: When it cannot be written.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    scratch = Path(name)
    try:
        os.fchmod(handle, _OWNER_ONLY)  # whatever the umask takes away
        with os.fdopen(handle, "w", encoding="utf-8", newline=newline) as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        yield scratch
    finally:
        scratch.unlink(missing_ok=True)


def read_bytes(path: Path, most: int, name: str | None = None, *, within: Path | None = None) -> bytes:
    """The content of *path*.

    Args:
        path: The file.
        most: How many bytes it may have.
        name: As `opened` takes it.
        within: As `opened` takes it.

    Raises:
        UnreadableError: As `opened`, and when the file has more bytes than *most*.
    """
    shown = name or str(path)
    with opened(path, name, within=within) as stream:
        try:
            data = stream.read(most + 1)
        except OSError as error:
            raise UnreadableError(f"{shown}: cannot be read: {_reason(error)}") from None
    if len(data) > most:
        raise UnreadableError(f"{shown}: is larger than {most:,} bytes")
    return data


def read_text(path: Path, most: int, name: str | None = None, *, within: Path | None = None) -> str:
    """The same as text.

    Raises:
        UnreadableError: As `read_bytes`, and when the file is not UTF-8 text.
    """
    try:
        return read_bytes(path, most, name, within=within).decode()
    except UnicodeDecodeError as error:
        raise UnreadableError(f"{name or path}: is not UTF-8 text (byte {error.start})") from None


def read_json(path: Path, parse_float: Callable[[str], Any] = float, remedy: str = "") -> Any:
    """The JSON document in *path*.

    Args:
        path: The file; a link is followed.
        parse_float: Makes a number of one that is written with a point or an exponent.
        remedy: What to do when it is none, for the end of the sentence.

    Raises:
        UnreadableError: As `read_text`, and when it is not JSON or has too many values.
    """
    return parsed_json(read_text(path, MAX_JSON_BYTES), str(path), parse_float, remedy)


def parsed_json(
    text: str,
    source: str,
    parse_float: Callable[[str], Any] = float,
    remedy: str = "",
    most: int = MAX_JSON_VALUES,
) -> Any:
    """The JSON document in *text*; *source* names it in errors, at *most* is how many values it may have.

    Raises:
        UnreadableError: When it is not JSON or has too many values.
    """
    # A comma or a bracket comes before every value but the first; those in texts are counted too.
    if sum(map(text.count, ",[{")) > most:
        raise UnreadableError(f"{source}: has more than {most:,} values")
    then = f"; {remedy}" if remedy else ""
    try:
        return json.loads(text, parse_float=parse_float)
    except json.JSONDecodeError as error:
        raise UnreadableError(f"{source}:{error.lineno}: is not JSON: {error.msg}{then}") from None
    except RecursionError:
        raise UnreadableError(f"{source}: is nested too deeply{then}") from None
    except (ValueError, ArithmeticError):
        raise UnreadableError(f"{source}: holds a number that is too large{then}") from None


def _followed(path: Path, shown: str, within: Path | None) -> Path:
    """Where *path* leads, and that it stays in *within*; opened there, no link is followed a second time."""
    if within is None:
        return path
    place = path.resolve()
    if not place.is_relative_to(within.resolve()):
        raise UnreadableError(
            f"{shown}: is a link that leads out of {within}; expected a file of that folder itself"
        )
    return place


def _reason(error: Exception) -> str:
    """Why the system refuses, in its own words; a name with a zero byte has none."""
    number = getattr(error, "errno", None)
    if number == errno.ELOOP:
        return "its links lead in a circle"
    return getattr(error, "strerror", None) or "no file can have this name"
