"""Evidence: a file of JSON lines that only grows; each line has the hash of the line before.

A line that is changed, removed or inserted breaks the chain. The file beside it, with `.head` behind its
name, has the number and the hash of the last line: without it nobody would see that the end was cut off or
changed. Files of older versions have none; the next line that is added makes it.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import Field, ValidationError

from tiers.errors import CatalogError
from tiers.files import UnreadableError, private, private_descriptor, read_bytes
from tiers.vocabulary import Frozen, Positive

BEFORE: Final = "before"
"""The field that holds the sha256 of the line before."""
BEGINNING: Final = "0" * 64
"""The value of that field in the first line."""
MAX_BYTES: Final = 64_000_000
"""The largest evidence file: a hundred thousand steps."""
_END: Final = b"\n"
_HEAD_SUFFIX: Final = ".head"
_MAX_HEAD_BYTES: Final = 1_000


class EvidenceError(CatalogError):
    """An evidence file that cannot be read, or was changed."""


class _Head(Frozen):
    """Which line was the last one; later lines may follow where a writer died before it said so."""

    lines: Positive
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


def append(path: Path, record: Mapping[str, Any]) -> str:
    """Add *record* as the last line of *path*, and return once the disk has it.

    A last line without an end was never acknowledged because its writer died: it is cut off. Writers
    wait for each other.

    Args:
        path: The file; it is created if it does not exist, its folder is not.
        record: What was done, as plain JSON data, with its time under `at`.

    Returns:
        The sha256 of the line.

    Raises:
        EvidenceError: When the file cannot be written, its last line is not evidence, or its end was cut off.
        ValueError: When the record has no `at`, or has its own field `before`.
    """
    if "at" not in record or BEFORE in record:
        raise ValueError(f"evidence needs its time under `at` and no field `{BEFORE}`: {dict(record)}")
    _check_there(path, _head_of(path))
    try:
        descriptor = private_descriptor(path, os.O_RDWR | os.O_CREAT)
    except OSError as error:
        raise EvidenceError(f"{path}: cannot be written: {error.strerror}") from None
    with os.fdopen(descriptor, "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        whole = _whole_lines(file.read())
        before = _last_of(whole, path)
        _check_end(path, whole.split(_END)[:-1], _head_of(path))
        line = _line({**record, BEFORE: before})
        try:
            _write(file.fileno(), len(whole), line + _END)
            _write_head(path, _Head(lines=whole.count(_END) + 1, sha256=_hash(line)))
            _sync_folder(path.absolute().parent)
        except OSError as error:
            raise EvidenceError(f"{path}: cannot be written: {error.strerror}") from None
    return _hash(line)


def read(path: Path) -> tuple[dict[str, Any], ...]:
    """The records of *path* in the order they were written, each with the hash of the line before.

    Raises:
        EvidenceError: When it cannot be read, a line was changed, or its end was cut off.
    """
    head = _head_of(path)  # before the file: a writer may add to both meanwhile
    _check_there(path, head)
    try:
        content = read_bytes(path, MAX_BYTES)
    except UnreadableError as error:
        raise EvidenceError(str(error)) from None
    lines = _whole_lines(content).split(_END)[:-1]
    records = []
    expected = BEGINNING
    for number, line in enumerate(lines, start=1):
        record = _record(line, f"{path}:{number}")
        if record[BEFORE] != expected:
            what = (
                "its first lines were removed" if number == 1 else f"line {number - 1} was changed or removed"
            )
            raise EvidenceError(f"{path}:{number}: the chain is broken here: {what} after it was written")
        expected = _hash(line)
        records.append(record)
    _check_end(path, lines, head)
    return tuple(records)


def files(folder: Path, suffix: str) -> frozenset[Path]:
    """The evidence in *folder* with this ending, also files that are gone and left their head behind."""
    heads = (
        each.with_name(each.name.removesuffix(_HEAD_SUFFIX))
        for each in folder.glob(f"*{suffix}{_HEAD_SUFFIX}")
    )
    return frozenset((*folder.glob(f"*{suffix}"), *heads))


def _head_path(path: Path) -> Path:
    return path.with_name(f"{path.name}{_HEAD_SUFFIX}")


def _head_of(path: Path) -> _Head | None:
    """What is known of the last line of *path*; None where nothing was kept, as by older versions."""
    beside = _head_path(path)
    if not os.path.lexists(beside):
        return None
    try:
        return _Head.model_validate_json(read_bytes(beside, _MAX_HEAD_BYTES))
    except UnreadableError as error:
        raise EvidenceError(str(error)) from None
    except ValidationError:
        raise EvidenceError(
            f"{beside}: does not say which line of {path.name} is the last one: it was changed; restore both"
        ) from None


def _check_there(path: Path, head: _Head | None) -> None:
    """Refuse a file that is gone: what it said is not nothing."""
    if head is not None and not os.path.lexists(path):
        raise EvidenceError(
            f"{path}: is missing, and {_head_path(path).name} says that it had {head.lines} lines; restore "
            "both"
        )


def _check_end(path: Path, lines: Sequence[bytes], head: _Head | None) -> None:
    """Refuse a file that lost lines at its end, or whose last line is another one."""
    if head is None:
        return
    if head.lines > len(lines):
        raise EvidenceError(
            f"{path}: was cut off: it has {len(lines)} lines, and {_head_path(path).name} says that there "
            f"were {head.lines}; restore both"
        )
    if _hash(lines[head.lines - 1]) != head.sha256:
        raise EvidenceError(
            f"{path}:{head.lines}: is another line than {_head_path(path).name} says: it was changed after "
            "it was written; restore both"
        )


def _write_head(path: Path, head: _Head) -> None:
    """Replace the file beside *path* at once: it is the old one or the new one, never half of one."""
    beside = _head_path(path)
    new = beside.with_name(f"{beside.name}.new")
    with private(new, "w") as file:
        file.write(head.model_dump_json() + "\n")
        file.flush()
        os.fsync(file.fileno())
    new.replace(beside)


def _whole_lines(content: bytes) -> bytes:
    """The complete lines; a writer that died left the rest."""
    return content[: content.rfind(_END) + 1]


def _last_of(whole: bytes, path: Path) -> str:
    if not whole:
        return BEGINNING
    lines = whole.split(_END)
    _record(lines[-2], f"{path}:{len(lines) - 1}")
    return _hash(lines[-2])


def _record(line: bytes, where: str) -> dict[str, Any]:
    if line.endswith(b"\r"):
        raise EvidenceError(
            f"{where}: ends as lines of Windows do, which changes its hash: something converted the file; "
            "restore it as it was (git: `-text` for it in .gitattributes)"
        )
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        record = None
    if not isinstance(record, dict) or not isinstance(record.get(BEFORE), str):
        raise EvidenceError(
            f"{where}: is not a line of evidence: it was changed, or another program wrote it"
        )
    return record


def _line(record: Mapping[str, Any]) -> bytes:
    text = json.dumps(record, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
    return text.encode()


def _write(descriptor: int, length: int, line: bytes) -> None:
    os.ftruncate(descriptor, length)
    written = 0
    while written < len(line):
        written += os.pwrite(descriptor, line[written:], length + written)
    os.fsync(descriptor)


def _sync_folder(folder: Path) -> None:
    """Write the folder's entry to disk, without which a new file can be lost."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _hash(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()
