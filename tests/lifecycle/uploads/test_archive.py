"""Archives of somebody else: what is in them is found; none leads out, fills a disk or is half-read."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import signal
import struct
import tarfile
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.uploads.archive import opened_archive
from lifecycle.uploads.custom_dump import head_of
from lifecycle.uploads.errors import ArchiveError
from lifecycle.uploads.placing import take_away
from lifecycle.uploads.source import LocalFile
from tests.lifecycle.uploads.archives import PREFIX, FolderBucket, bring, place
from tests.lifecycle.uploads.test_sql_dump import END, HEAD, ROWS, TABLE
from tests.sampling import examples

FILES = {
    hashlib.sha1(each, usedforsecurity=False).hexdigest(): each for each in (b"one", b"two", b"x" * (5 << 20))
}
NAMED = b"COPY public.ir_attachment (id, store_fname) FROM stdin;\n%b\\.\n" % b"".join(
    b"%d\t%b/%b\n" % (number, sha1[:2].encode(), sha1.encode()) for number, sha1 in enumerate(FILES)
)
DUMP = HEAD + TABLE + ROWS + NAMED + END
STAMP = (2026, 11, 1, 4, 5, 6)


def stored(sha1: str) -> str:
    return f"filestore/{sha1[:2]}/{sha1}"


def made(path: Path, *more: tuple[str | zipfile.ZipInfo, bytes], dump: bytes = DUMP) -> Path:
    members = {"dump.sql": dump, **{stored(sha1): each for sha1, each in FILES.items()}}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name, STAMP), data, zipfile.ZIP_DEFLATED)
        archive.writestr("filestore/checklist/" + stored(next(iter(FILES)))[10:], b"")
        for info, data in more:
            archive.writestr(info, data)
    return path


class _KilledAt(FolderBucket):
    """A bucket whose process is killed at a certain put, among others that are on their way."""

    def __init__(self, root: Path, at: int) -> None:
        super().__init__(root)
        self._at = at

    def put(self, key: str, contents: BinaryIO | bytes, sha256: str = "") -> None:
        if len(self.calls) == self._at:
            os.kill(os.getpid(), signal.SIGKILL)
        super().put(key, contents, sha256)


@pytest.mark.parametrize("at", [0, 2, 4], ids=["dump", "files", "manifest"])
def test_an_upload_that_was_killed_goes_on_and_is_no_backup_before_its_end(tmp_path: Path, at: int) -> None:
    path, root = made(tmp_path / "old.zip", ("manifest.json", b'{"major_version": "18.0"}')), tmp_path / "cut"
    bring(path, whole := FolderBucket(tmp_path / "whole"))
    if (child := os.fork()) == 0:
        bring(path, _KilledAt(root, at))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)
    cut = FolderBucket(root)
    assert cut.sizes("").keys() < whole.sizes("").keys()
    assert not cut.sizes("manifests/")
    bring(path, cut)
    assert cut.sizes("") == whole.sizes("")
    assert (root / place().manifest).read_bytes() == (whole.root / place().manifest).read_bytes()


def test_a_zip_of_odoo_is_put_in_the_form_of_a_backup_and_the_rest_when_it_was_cut_off(
    tmp_path: Path,
) -> None:
    path = made(tmp_path / "old.zip", ("manifest.json", b'{"major_version": "18.0"}'))
    bucket = FolderBucket(tmp_path / "bucket")
    dump, done = bring(path, bucket)
    assert (done.sent, done.there, done.altered) == (3, 0, [])
    manifest = json.loads((tmp_path / "bucket" / place().manifest).read_text(encoding="utf-8"))
    assert manifest["tables"]["public.ir_attachment"] == {"rows": 3, "highest": None}
    assert manifest["filestore_files"] == 3
    written = (tmp_path / "bucket" / place().dump).read_bytes()
    assert hashlib.sha256(written).hexdigest() == dump.sha256 == manifest["sha256"]
    assert ROWS in gzip.decompress(written)
    assert bucket.calls[-1] == place().manifest

    whole = bucket.sizes("")
    bucket.delete([f"filestores/{PREFIX}/{sha1[:2]}/{sha1}" for sha1 in list(FILES)[:1]])
    bucket.calls.clear()
    _, again = bring(path, bucket)
    assert (again.sent, again.there) == (1, 2)
    assert place().dump not in bucket.calls
    assert bucket.sizes("") == whole
    assert take_away(PREFIX, bucket) == len(whole)
    assert bucket.sizes("") == {}


@pytest.mark.parametrize("after", [0, 1, 2, 3])
def test_an_upload_that_is_cut_off_is_no_backup_until_it_went_on(tmp_path: Path, after: int) -> None:
    class Failing(FolderBucket):
        def put(self, key: str, contents: object, sha256: str = "") -> None:
            if len(self.calls) == after:
                raise KeyboardInterrupt
            super().put(key, contents, sha256)  # type: ignore[arg-type]

    path = made(tmp_path / "old.zip")
    with pytest.raises(KeyboardInterrupt):
        bring(path, Failing(tmp_path / "bucket"))
    bucket = FolderBucket(tmp_path / "bucket")
    assert bucket.sizes(f"manifests/{PREFIX}/") == {}
    bring(path, bucket)
    bring(path, fresh := FolderBucket(tmp_path / "fresh"))
    assert bucket.sizes("") == fresh.sizes("")


def test_a_file_that_is_not_what_its_name_says_is_left_out_and_told(tmp_path: Path) -> None:
    sha1 = "44" + "0" * 38
    dump = DUMP.replace(
        b"store_fname) FROM stdin;\n", b"store_fname) FROM stdin;\n9\t44/%b\n" % sha1.encode(), 1
    )
    bucket = FolderBucket(tmp_path / "bucket")
    _, done = bring(made(tmp_path / "old.zip", (stored(sha1), b"other"), dump=dump), bucket)
    assert done.altered == [sha1]
    assert not [key for key in bucket.sizes("") if sha1 in key]


def link() -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("filestore/link", STAMP)
    info.external_attr = 0o120777 << 16
    return info


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ([("../../etc/cron.d/x", b"")], "leads out of the archive"),
        ([("/etc/passwd", b"")], "leads out of the archive"),
        ([("..\\x", b"")], "leads out of the archive"),
        ([("C:/x", b"")], "leads out of the archive"),
        ([(link(), b"/etc/passwd")], "is a link"),
        ([("other/dump.sql", b"")], "expected one of dump.sql, dump.sql.gz, dump.dump in it"),
        ([("manifest.json", b"[]")], "manifest.json: expected a JSON object"),
        ([("manifest.json", b"{" * 100_000)], "manifest.json: expected a JSON object"),
    ],
)
def test_a_zip_that_could_do_harm_is_refused_by_name(
    tmp_path: Path, more: list[tuple[str | zipfile.ZipInfo, bytes]], why: str
) -> None:
    assert why in refusal(made(tmp_path / "old.zip", *more))


def refusal(path: Path, beside: Path | None = None) -> str:
    bucket = FolderBucket(path.parent / "bucket")
    with pytest.raises(ArchiveError) as told:
        bring(path, bucket, beside)
    assert len(told.value.problems) == 1
    assert bucket.sizes("manifests/") == {}
    return str(told.value)


def patched(path: Path, *changes: tuple[int, str, int]) -> Path:
    """The zip with numbers of its first member's entry in the list changed: offset, format, value."""
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02")
    for offset, kind, value in changes:
        struct.pack_into(kind, data, at + offset, value)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ([(24, "<I", 1 << 31)], "can hold"),
        ([(8, "<H", 1)], "is encrypted"),
        ([(10, "<H", 14)], "is compressed in a way that Odoo never uses"),
        ([(20, "<I", 1 << 30)], "its members overlap"),
        ([(16, "<I", 1)], "is damaged: Bad CRC-32"),
    ],
)
def test_a_zip_that_lies_about_itself_is_refused(
    tmp_path: Path, changes: list[tuple[int, str, int]], why: str
) -> None:
    assert why in refusal(patched(made(tmp_path / "old.zip"), *changes))


def test_a_member_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        path = made(tmp_path / "old.zip", ("dump.sql", b""))
    assert "is there twice" in refusal(path)


def test_a_list_of_members_larger_than_memory_is_refused(tmp_path: Path) -> None:
    path = made(tmp_path / "old.zip")
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, data.rindex(b"PK\x05\x06") + 12, 1 << 30)
    path.write_bytes(data)
    assert "its list of members has 1073741824 bytes" in refusal(path)


@given(at=st.floats(0, 1, exclude_max=True), cut=st.booleans())
@examples(25, of=400)
def test_a_damaged_zip_is_one_sentence_or_whole(
    tmp_path_factory: pytest.TempPathFactory,
    at: float,
    cut: bool,  # noqa: FBT001 - drawn
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    path = made(folder / "old.zip")
    data = bytearray(path.read_bytes())
    place_in = int(at * len(data))
    if cut:
        del data[place_in:]
    else:
        data[place_in] ^= 0x55
    path.write_bytes(data)
    bucket = FolderBucket(folder / "bucket")
    try:
        bring(path, bucket)
    except ArchiveError as told:
        sentences = told.problems
        assert len(sentences) == 1
        assert bucket.sizes("manifests/") == {}
    else:
        assert bucket.sizes(f"dumps/{PREFIX}/")


def tarred(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for sha1, data in FILES.items():
            info = tarfile.TarInfo(f"var/lib/odoo/filestore/old/{sha1[:2]}/{sha1}")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
        for info, data in members:
            tar.addfile(info, io.BytesIO(data))
    return path


def test_files_of_a_tar_are_taken_by_their_names_and_nothing_else_is(tmp_path: Path) -> None:
    link_to = tarfile.TarInfo("aa/" + "aa" + "0" * 38)
    link_to.type, link_to.linkname = tarfile.SYMTYPE, "/etc/passwd"
    out = tarfile.TarInfo("../../etc/cron.d/x")
    (tmp_path / "old.sql").write_bytes(DUMP)
    bucket = FolderBucket(tmp_path / "bucket")
    _, done = bring(tmp_path / "old.sql", bucket, tarred(tmp_path / "f.tgz", (link_to, b""), (out, b"")))
    assert (done.sent, done.bytes) == (3, sum(map(len, FILES.values())))
    assert len(bucket.sizes("filestores/")) == 3
    (tmp_path / "again").mkdir()
    (tmp_path / "again" / "old.sql").write_bytes(DUMP)
    damaged = tmp_path / "again" / "g.tgz"
    damaged.write_bytes((tmp_path / "f.tgz").read_bytes()[:-300])
    assert "g.tgz: is " in refusal(tmp_path / "again" / "old.sql", damaged)


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("a.zip", b"PK\x03\x04 no more", "is damaged: the end of a zip is missing"),
        ("a.sql.gz", gzip.compress(DUMP)[:-20], "is cut off"),
        ("a.sql.gz", gzip.compress(DUMP)[:-8] + b"12345678", "is damaged: CRC check failed"),
        ("a.dump", b"PGDMP", "expected a dump of pg_dump --format=custom, found its end"),
        ("a.dump", b"PGDMP\1\x10\0\4\x08\3" + b"\0" * 60, "found another format"),
        ("a.pdf", b"%PDF-1.7", "expected a plain dump of pg_dump"),
    ],
)
def test_what_is_no_archive_is_one_sentence(tmp_path: Path, name: str, data: bytes, why: str) -> None:
    (tmp_path / name).write_bytes(data)
    assert why in refusal(tmp_path / name)


def test_a_dump_larger_than_the_database_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "old.sql.gz"
    path.write_bytes(gzip.compress(HEAD + b"-- filler\n" * 300_000 + END))
    with opened_archive(LocalFile.of(path)) as archive, pytest.raises(ArchiveError) as told:
        archive.write_dump(io.BytesIO(), 1 << 20, lambda _: None)
    assert "has more than 0 GiB, the tenant's database_gib" in str(told.value)


def test_the_moment_is_that_of_the_dump_and_never_after_the_file(tmp_path: Path) -> None:
    path = made(tmp_path / "old.zip")
    with opened_archive(LocalFile.of(path)) as archive:
        assert archive.taken == datetime(*STAMP, tzinfo=UTC)
    source = LocalFile.of(path)
    early = LocalFile(source.path, source.name, source.size, datetime(2020, 1, 1, tzinfo=UTC))
    with opened_archive(early) as archive:
        assert archive.taken == early.modified


def test_the_head_of_an_older_format_is_read() -> None:
    def number(value: int) -> bytes:
        return b"\0" + value.to_bytes(4, "little")

    def text(value: bytes) -> bytes:
        return number(len(value)) + value

    for version, compression in ((14, number(6)), (15, b"\1"), (16, b"\1")):
        head = b"PGDMP\1" + bytes([version]) + b"\0\4\x08\1" + compression + number(0) * 7
        told = head_of(io.BytesIO(head + text(b"db") + text(b"14.9") + text(b"15.4")), "x")
        assert told == ("14.9", "15.4")
