"""Puts an uploaded Odoo where a tenant's Jobs read backups, and takes it away again.

It gets the form of a backup, under a prefix of its own: `dumps/`, `filestores/`, and last `manifests/`. So a
run that was cut off leaves nothing that is taken for a backup, and the next uploads what is not there yet.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from threading import Semaphore
from typing import Any, BinaryIO, Final, NamedTuple, Protocol

from lifecycle.uploads.archive import Archive, PreparedDump
from lifecycle.uploads.errors import readable
from lifecycle.uploads.files import Files, StoredFile
from lifecycle.uploads.judgement import installed
from tiers.portfolio.restore.stage import named_moment

_AT_ONCE: Final = 16
_SMALL: Final = 4 << 20
_CHUNK: Final = 1 << 20
_EVERY: Final = 200
"""How many files are uploaded between two lines of progress."""


class Bucket(Protocol):
    """Where it is put."""

    def sizes(self, prefix: str) -> Mapping[str, int]:
        """Key -> bytes of what lies below *prefix*."""

    def sum_of(self, key: str) -> str | None:
        """The SHA-256 that an object was put with; None where there is none of that key."""

    def put(self, key: str, contents: BinaryIO | bytes, sha256: str = "") -> None:
        """Put an object."""

    def delete(self, keys: list[str]) -> None:
        """Delete objects."""


class Place(NamedTuple):
    """Where it is put, and whose it becomes.

    Attributes:
        prefix: That of the bucket's folders, the tenant's own for uploads.
        tenant: The tenant.
        owner: Whose its data is: portfolio, first client, tenant.
        moment: When the dump was made; the name of what is put.
    """

    bucket: str
    prefix: str
    tenant: str
    owner: str
    moment: datetime

    @property
    def dump(self) -> str:
        """The key of the dump."""
        return f"dumps/{self.prefix}/{named_moment(self.moment)}.dump"

    @property
    def manifest(self) -> str:
        """The key of the manifest."""
        return f"manifests/{self.prefix}/{named_moment(self.moment)}.json"

    @property
    def files(self) -> str:
        """What the keys of files begin with."""
        return f"filestores/{self.prefix}/"


@dataclass
class Uploaded:
    """What was done with the files."""

    sent: int = 0
    there: int = 0
    bytes: int = 0
    altered: list[str] = field(default_factory=list)
    """Those whose contents are not what their names say: Odoo would not find them under another."""


def upload(  # noqa: PLR0917 - what is put where
    archive: Archive,
    dump: PreparedDump,
    file: BinaryIO,
    place: Place,
    bucket: Bucket,
    say: Callable[[str], None],
) -> Uploaded:
    """Put the dump *file* and the files of *archive*; the manifest when all is there.

    Raises:
        ArchiveError: When a file of the archive is damaged.
        LifecycleError: When the bucket cannot be written; the next run goes on.
    """
    if bucket.sum_of(place.dump) != dump.sha256:
        say(f"dump: {dump.bytes >> 20} MiB are uploaded")
        file.seek(0)
        bucket.put(place.dump, file, dump.sha256)
    done = Uploaded()
    if archive.files is not None:
        _files(archive, archive.files, dump, place, bucket, done, say)
    say("")
    bucket.put(place.manifest, json.dumps(manifest_of(archive, dump, place, done)).encode())
    return done


def manifest_of(archive: Archive, dump: PreparedDump, place: Place, files: Uploaded) -> dict[str, Any]:
    """What backup.sh writes of a backup, of an upload; `imported` says that it is one."""
    contents = dump.contents
    counted = contents is not None and contents.counted
    tables: dict[str, Any] = {}
    if contents is not None and counted:
        tables = {
            name: {"rows": each.rows, "highest": each.highest} for name, each in contents.tables.items()
        }
        tables["large objects"] = {"rows": contents.large_objects, "highest": None}
    sequences = contents.sequences if contents is not None and counted else {}
    return {
        "tenant": place.tenant,
        "owner": place.owner,
        "started": named_moment(place.moment),
        "dump": f"s3://{place.bucket}/{place.dump}",
        "sha256": dump.sha256,
        "dump_bytes": dump.bytes,
        "postgresql": int(dump.server_version.partition(".")[0]) * 10_000,
        "filestore_files": files.sent + files.there,
        "filestore_bytes": files.bytes,
        "tables": tables,
        "sequences": {name: {"lowest": at, "highest": at} for name, at in sequences.items()},
        "imported": archive.name,
        "counted": counted,
        "modules": installed(dump),
    }


def take_away(prefix: str, bucket: Bucket) -> int:
    """Delete every object of uploads below *prefix*; how many there were."""
    keys = [key for kind in ("manifests", "dumps", "filestores") for key in bucket.sizes(f"{kind}/{prefix}/")]
    bucket.delete(keys)
    return len(keys)


def _files(  # noqa: PLR0917 - what is put where
    archive: Archive,
    files: Files,
    dump: PreparedDump,
    place: Place,
    bucket: Bucket,
    done: Uploaded,
    say: Callable[[str], None],
) -> None:
    there = bucket.sizes(place.files)
    contents = dump.contents
    named = contents.files if contents is not None and contents.counted else None
    with _sending(bucket) as send, readable(archive.name):
        for each in files.each():
            # What no attachment names was forgotten by Odoo: it would remove it the next day.
            if named is not None and bytes.fromhex(each.sha1) not in named:
                continue
            key = f"{place.files}{each.sha1[:2]}/{each.sha1}"
            if there.get(key) == each.size:
                done.there += 1
            elif not send(key, each):
                done.altered.append(each.sha1)
                continue
            else:
                done.sent += 1
            done.bytes += each.size
            if (done.sent + done.there) % _EVERY == 0:
                say(f"files: {done.sent + done.there} of {len(files.sizes)}")


@contextmanager
def _sending(bucket: Bucket) -> Iterator[Callable[[str, StoredFile], bool]]:
    """Give what puts a file if its contents are what its name says, and says whether they are.

    Small ones go side by side, some of them in memory; a large one goes by a file of this machine.
    """
    pool = ThreadPoolExecutor(_AT_ONCE)
    sending = _Sending(bucket, pool)
    try:
        yield sending.send
    except BaseException:
        pool.shutdown(cancel_futures=True)
        raise
    pool.shutdown()
    sending.fail()


class _Sending:
    def __init__(self, bucket: Bucket, pool: ThreadPoolExecutor) -> None:
        self._bucket, self._pool = bucket, pool
        self._room = Semaphore(2 * _AT_ONCE)
        self._failed: list[BaseException] = []

    def fail(self) -> None:
        """Raise what one of them ended with."""
        if self._failed:
            raise self._failed[0]

    def send(self, key: str, each: StoredFile) -> bool:
        """Put a file; whether its contents are what its name says."""
        self.fail()
        if each.size > _SMALL:
            return _large(self._bucket, key, each)
        contents = each.contents.read()
        if hashlib.sha1(contents, usedforsecurity=False).hexdigest() != each.sha1:
            return False
        self._room.acquire()
        self._pool.submit(self._bucket.put, key, contents).add_done_callback(self._ended)
        return True

    def _ended(self, future: Future[None]) -> None:
        self._room.release()
        if not future.cancelled() and (error := future.exception()):
            self._failed.append(error)


def _large(bucket: Bucket, key: str, each: StoredFile) -> bool:
    found = hashlib.sha1(usedforsecurity=False)
    with tempfile.TemporaryFile(prefix="costack-import-") as file:
        while part := each.contents.read(_CHUNK):
            found.update(part)
            file.write(part)
        if found.hexdigest() != each.sha1:
            return False
        file.seek(0)
        bucket.put(key, file)
    return True
