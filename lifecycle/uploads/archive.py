"""An uploaded Odoo: a backup zip of Odoo's own database manager, or a dump of pg_dump with files beside it.

Odoo's own, Odoo.sh's and Odoo Online's zips are alike: dump.sql, filestore/ and manifest.json (`dump_db` of
odoo/service/db.py).
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any, BinaryIO, Final

from lifecycle.uploads.custom_dump import MAGIC, head_of
from lifecycle.uploads.errors import ArchiveError, readable
from lifecycle.uploads.files import Files, ZippedFiles, files_of
from lifecycle.uploads.source import Source
from lifecycle.uploads.sql_dump import DumpContents, runnable
from lifecycle.uploads.zip_archive import members, opened

_DUMPS: Final = ("dump.sql", "dump.sql.gz", "dump.dump")
_MANIFEST: Final = "manifest.json"
_MOST_MANIFEST: Final = 4 << 20
_GZIP: Final = b"\x1f\x8b"
_BEGIN: Final = 5
_CHUNK: Final = 1 << 20
_QUICKLY: Final = 1
"""How hard it is compressed: it lies in the bucket for days, and the way there is the slower part."""
Progress = Callable[[int], None]


@dataclass(frozen=True)
class PreparedDump:
    """The dump as it is uploaded.

    Attributes:
        sha256: Of what was written.
        bytes: How many bytes were written.
        read_bytes: How many the dump has, where it was compressed before.
        contents: What it holds; None for pg_dump's own format, which only the Job looks into.
    """

    sha256: str
    bytes: int
    read_bytes: int
    server_version: str
    client_version: str
    contents: DumpContents | None


@dataclass(frozen=True)
class Archive:
    """An archive, opened.

    Attributes:
        name: What people call it.
        manifest: Odoo's manifest.json; empty without one.
        files: Its files; None where there are none, here and beside it.
        taken: When the dump was made, as the archive says.
    """

    name: str
    dump_name: str
    open_dump: Callable[[], BinaryIO]
    dump_bytes: int
    manifest: Mapping[str, Any]
    files: Files | None
    taken: datetime

    def write_dump(self, to: BinaryIO, most_bytes: int, progress: Progress) -> PreparedDump:
        """Write the dump as a tenant's Job reads it into *to*; SQL compressed, all else as it is.

        Args:
            to: Where it is written.
            most_bytes: It may have so many, uncompressed.
            progress: Gets the bytes that were read.

        Raises:
            ArchiveError: When it is damaged, cut off, or larger.
        """
        with readable(f"{self.name}: {self.dump_name}"), self.open_dump() as file:
            reading = _Bounded(file, self.dump_name, most_bytes, progress)
            begin = file.read(_BEGIN)
            file.seek(0)
            summing = _Summing(to)
            if begin == MAGIC:
                head = head_of(file, self.dump_name)
                file.seek(0)
                while part := reading.read(_CHUNK):
                    summing.write(part)
                versions, contents = (head.server_version, head.client_version), None
            else:
                contents = self._write_sql(file, begin, reading, summing)
                versions = (contents.server_version, contents.client_version)
        return PreparedDump(summing.sha.hexdigest(), summing.bytes, reading.bytes, *versions, contents)

    def _write_sql(self, file: BinaryIO, begin: bytes, reading: _Bounded, to: _Summing) -> DumpContents:
        contents = DumpContents()
        with ExitStack() as stack:
            if begin.startswith(_GZIP):
                unpacked: Any = gzip.GzipFile(fileobj=file)
                reading.file = stack.enter_context(unpacked)
            # Without a name and a time in it the same dump has the same bytes again.
            into: Any = to
            packed: Any = gzip.GzipFile(filename="", mode="wb", compresslevel=_QUICKLY, fileobj=into, mtime=0)
            with packed, io.BufferedWriter(packed, _CHUNK) as lines:
                for line in runnable(reading, self.dump_name, contents):
                    lines.write(line)
        return contents


@contextmanager
def opened_archive(source: Source, beside: Source | None = None) -> Iterator[Archive]:
    """The archive *source*; *beside* has the files of a dump that has none.

    Raises:
        ArchiveError: When it is none that can be read.
    """
    with ExitStack() as stack:
        with readable(source.name):
            file = stack.enter_context(source.reader())
            begin = file.read(_BEGIN)
        others = files_of(beside, stack.enter_context(beside.reader())) if beside else None
        if begin.startswith(b"PK"):
            archive = stack.enter_context(opened(file, source.size, source.name))
            if beside is not None:
                raise ArchiveError(f"{source.name}: has its own files: leave out --files {beside.name}")
            yield _zipped(archive, source)
            return
        yield Archive(source.name, source.name, source.reader, source.size, {}, others, source.modified)


def _zipped(archive: zipfile.ZipFile, source: Source) -> Archive:
    found = members(archive)
    dumps = [path for path in found if PurePosixPath(path).name in _DUMPS]
    if len(dumps) != 1:
        raise ArchiveError(
            f"{source.name}: expected one of {', '.join(_DUMPS)} in it, found {', '.join(dumps) or 'none'}"
        )
    (path,) = dumps
    member = found[path]
    files = ZippedFiles.of(archive, source.name)
    return Archive(
        source.name,
        path,
        lambda: _reader(archive, member),
        member.file_size,
        _manifest(archive, found, source.name),
        files if files.found else None,
        _moment(member, source.modified),
    )


def _reader(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> BinaryIO:
    """A member whose lines are read as fast as a file's."""
    contents: Any = archive.open(member)
    return io.BufferedReader(contents, _CHUNK)


def _moment(member: zipfile.ZipInfo, otherwise: datetime) -> datetime:
    """When a member was written. A zip has no time zone: Odoo's hosts are at UTC."""
    try:
        return min(datetime(*member.date_time, tzinfo=UTC), otherwise)
    except ValueError:
        return otherwise


def _manifest(archive: zipfile.ZipFile, found: Mapping[str, zipfile.ZipInfo], name: str) -> Mapping[str, Any]:
    member = found.get(_MANIFEST)
    if member is None:
        return {}
    if member.file_size > _MOST_MANIFEST:
        raise ArchiveError(
            f"{name}: {_MANIFEST} has {member.file_size} bytes, expected at most {_MOST_MANIFEST}"
        )
    with readable(f"{name}: {_MANIFEST}"):
        text = archive.read(member)
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise ArchiveError(f"{name}: {_MANIFEST}: expected a JSON object, as Odoo writes it")
    return said


class _Bounded:
    """A file of which no more than so many bytes are read."""

    def __init__(self, file: BinaryIO, name: str, most: int, progress: Progress) -> None:
        self.file, self.bytes = file, 0
        self._name, self._most, self._progress, self._told = name, most, progress, 0

    def read(self, size: int) -> bytes:
        """The next bytes."""
        return self._count(self.file.read(size))

    def readline(self, size: int = -1, /) -> bytes:
        """The next line."""
        return self._count(self.file.readline(size))

    def _count(self, part: bytes) -> bytes:
        self.bytes += len(part)
        if self.bytes > self._most:
            raise ArchiveError(
                f"{self._name}: has more than {self._most >> 30} GiB, the tenant's database_gib"
            )
        if self.bytes - self._told >= _CHUNK:
            self._told = self.bytes
            self._progress(self.bytes)
        return part


class _Summing:
    """A file that knows the sum of what was written."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self.sha, self.bytes = file, hashlib.sha256(), 0

    def write(self, data: bytes) -> int:
        """Write *data*."""
        self.sha.update(data)
        self.bytes += len(data)
        return self._file.write(data)

    def flush(self) -> None:
        """Let what writes into it flush."""
