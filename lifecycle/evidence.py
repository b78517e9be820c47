"""Evidence: a file of JSON lines that only grows; each line has the hash of the line before.

A line that is changed, removed or inserted breaks the chain. Lines cut off at the end do not: to detect
that, keep what `append` returns in another place.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tiers.errors import CatalogError
from tiers.files import UnreadableError, private_descriptor, read_bytes

BEFORE: Final = "before"
"""The field that holds the sha256 of the line before."""
BEGINNING: Final = "0" * 64
"""The value of that field in the first line."""
MAX_BYTES: Final = 64_000_000
"""The largest evidence file: a hundred thousand steps."""
_END: Final = b"\n"


class EvidenceError(CatalogError):
    """An evidence file that cannot be read, or was changed."""


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
        EvidenceError: When the file cannot be written, or its last line is not evidence.
        ValueError: When the record has no `at`, or has its own field `before`.
    """
    if "at" not in record or BEFORE in record:
        raise ValueError(f"evidence needs its time under `at` and no field `{BEFORE}`: {dict(record)}")
    try:
        descriptor = private_descriptor(path, os.O_RDWR | os.O_CREAT)
    except OSError as error:
        raise EvidenceError(f"{path}: cannot be written: {error.strerror}") from None
    with os.fdopen(descriptor, "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        whole = _whole_lines(file.read())
        line = _line({**record, BEFORE: _last_of(whole, path)})
        try:
            _write(file.fileno(), len(whole), line + _END)
            _sync_folder(path.absolute().parent)
        except OSError as error:
            raise EvidenceError(f"{path}: cannot be written: {error.strerror}") from None
    return _hash(line)


def read(path: Path) -> tuple[dict[str, Any], ...]:
    """The records of *path* in the order they were written, each with the hash of the line before.

    Raises:
        EvidenceError: When it cannot be read, or a line was changed.
    """
    try:
        content = read_bytes(path, MAX_BYTES)
    except UnreadableError as error:
        raise EvidenceError(str(error)) from None
    whole = _whole_lines(content)
    records = []
    expected = BEGINNING
    for number, line in enumerate(whole.split(_END)[:-1], start=1):
        record = _record(line, f"{path}:{number}")
        if record[BEFORE] != expected:
            what = (
                "its first lines were removed" if number == 1 else f"line {number - 1} was changed or removed"
            )
            raise EvidenceError(f"{path}:{number}: the chain is broken here: {what} after it was written")
        expected = _hash(line)
        records.append(record)
    return tuple(records)


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
