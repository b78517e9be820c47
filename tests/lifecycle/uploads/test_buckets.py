"""Uploads are read from S3 with ranges, as the version that was opened, and put there with their sums."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from allocation.errors import AllocationError
from lifecycle.adapters.uploads.buckets import RemoteFile, UploadBucket, client_of
from lifecycle.errors import LifecycleError
from lifecycle.uploads.archive import opened_archive
from tests.clouds import running_cloud
from tests.lifecycle.uploads.test_archive import DUMP, FILES, made


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_cloud(tmp_path_factory.mktemp("cloud") / "local") as cloud:
        yield cloud.endpoint


@pytest.fixture
def s3(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> UploadBucket:
    """A bucket on the loopback cloud."""
    for name, value in (
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_ACCESS_KEY_ID", "x"),
        ("AWS_SECRET_ACCESS_KEY", "x"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
    ):
        monkeypatch.setenv(name, value)
    client_of().create_bucket(Bucket="uploads")
    return UploadBucket("us-east-1", "uploads")


def test_an_archive_in_s3_is_read_where_it_lies_and_put_with_its_sum(
    s3: UploadBucket, tmp_path: Path
) -> None:
    s3.put("old/acme.zip", made(tmp_path / "old.zip").read_bytes())
    source = RemoteFile.of("s3://uploads/old/acme.zip")
    assert source.size == (tmp_path / "old.zip").stat().st_size
    with opened_archive(source) as archive:
        assert archive.files is not None
        assert {each.sha1: each.contents.read() for each in archive.files.each()} == FILES
        written = io.BytesIO()
        dump = archive.write_dump(written, 1 << 30, lambda _: None)
    assert dump.read_bytes == len(DUMP)
    assert s3.sum_of("dumps/x.dump") is None
    written.seek(0)
    s3.put("dumps/x.dump", written, dump.sha256)
    assert s3.sum_of("dumps/x.dump") == dump.sha256
    assert s3.sizes("dumps/") == {"dumps/x.dump": dump.bytes}
    s3.delete(list(s3.sizes("")))
    assert s3.sizes("") == {}


def test_what_changes_while_it_is_read_or_is_not_there_is_one_sentence(
    s3: UploadBucket, tmp_path: Path
) -> None:
    s3.put("acme.zip", made(tmp_path / "old.zip").read_bytes())
    source = RemoteFile.of("s3://uploads/acme.zip")
    s3.put("acme.zip", made(tmp_path / "new.zip", ("more", b"1")).read_bytes())
    with (
        pytest.raises(AllocationError, match=r"s3://uploads/acme\.zip: it changed while it was read"),
        opened_archive(source),
    ):
        pass
    with pytest.raises(AllocationError, match=r"s3://uploads/other\.zip: it is not there"):
        RemoteFile.of("s3://uploads/other.zip")
    with pytest.raises(LifecycleError, match=r"^s3://nowhere/x: AWS refuses: NoSuchBucket"):
        UploadBucket("us-east-1", "nowhere").put("x", b"")
