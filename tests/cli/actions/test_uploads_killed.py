"""`costack refresh --from s3://…` is killed at many of its questions to S3: asked again, it ends the same."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import signal
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import boto3
import pytest

import cli.actions.change.restore
from cli.console.exit_codes import Exit
from lifecycle.adapters.uploads.buckets import UploadBucket, client_of
from tests.cli.actions.test_restore import file_of, refresh
from tests.clouds import running_cloud
from tests.lifecycle.uploads.test_archive import STAMP, stored
from tests.lifecycle.uploads.test_sql_dump import END, HEAD
from tests.portfolios import catalog
from tiers.inventory import Inventory, exported
from tiers.plan.resolve import resolve
from tiers.portfolio.loading import load_portfolio

POINTS: Final = 20
TRIAL: Final = "borealis-migration"
# One file is put in parts, as a dump would be.
FILES: Final = {
    hashlib.sha1(each, usedforsecurity=False).hexdigest(): each
    for each in (*(b"file %d" % number for number in range(24)), b"x" * (20 << 20))
}
DUMP: Final = (
    HEAD
    + b"COPY public.ir_module_module (id, name, state, latest_version) FROM stdin;\n"
    + b"1\tbase\tinstalled\t18.0.1.3\n\\.\n"
    + b"COPY public.ir_attachment (id, store_fname) FROM stdin;\n"
    + b"".join(b"%d\t%b\n" % (n, f"{one[:2]}/{one}".encode()) for n, one in enumerate(FILES))
    + b"\\.\n"
    + END
)


@pytest.fixture
def s3(
    folder: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[UploadBucket]:
    """The platform's bucket on a loopback cloud, and beside it the archive of somebody who hands over."""
    plan = resolve(catalog(), load_portfolio(folder, catalog()))
    arn = {"platform/backup-bucket": "arn:aws:s3:::backups"}
    deployed = Inventory.model_validate_json(json.dumps(exported(plan, arn)))
    monkeypatch.setattr(cli.actions.change.restore, "deployed_inventory", lambda *_: deployed)
    with running_cloud(tmp_path_factory.mktemp("cloud") / "local") as cloud:
        for name, value in (
            ("AWS_ENDPOINT_URL", cloud.endpoint),
            ("AWS_ACCESS_KEY_ID", "x"),
            ("AWS_SECRET_ACCESS_KEY", "x"),
            ("AWS_DEFAULT_REGION", "us-east-1"),
        ):
            monkeypatch.setenv(name, value)
        archive = tmp_path / "old.zip"
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as written:
            for name, data in {
                "dump.sql": DUMP,
                **{stored(one): each for one, each in FILES.items()},
            }.items():
                written.writestr(zipfile.ZipInfo(name, STAMP), data, zipfile.ZIP_STORED)
        for bucket in ("backups", "hand-over"):
            client_of().create_bucket(Bucket=bucket)
        UploadBucket("us-east-1", "hand-over").put("old.zip", archive.read_bytes())
        yield UploadBucket("us-east-1", "backups")


def counted(folder: Path, event: str, at: int) -> tuple[int, int | None]:
    """Run the command in a process that is killed at its *at*-th *event*; how many it had, and its exit code.

    The code is None where it was killed.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        number, lock = itertools.count(1), threading.Lock()

        def seen(**_: Any) -> None:
            with lock:
                if next(number) == at:
                    os.kill(os.getpid(), signal.SIGKILL)
                os.write(writer, b".")

        boto3.setup_default_session()
        boto3.DEFAULT_SESSION.events.register(event, seen)  # type: ignore[attr-defined]
        code = refresh(folder, TRIAL, "--from", "s3://hand-over/old.zip").exit_code
        os._exit(code)
    os.close(writer)
    with os.fdopen(reader, "rb") as told:
        number = len(told.read())
    _, status = os.waitpid(child, 0)
    return number, None if os.WIFSIGNALED(status) else os.waitstatus_to_exitcode(status)


@pytest.mark.whole("test_archive kills an upload at three of its puts")
def test_an_upload_that_was_killed_anywhere_ends_as_if_nobody_had(
    folder: Path, s3: UploadBucket, record_property: Callable[[str, object], None]
) -> None:
    """Before a request left and after it was answered: reads of the archive, files, parts, the manifest."""
    before = file_of(folder, TRIAL)
    requests, code = counted(folder, "before-send.s3", 0)
    assert code == Exit.OK
    whole, after = dict(s3.sizes("")), file_of(folder, TRIAL)
    manifests = [key for key in whole if key.startswith("manifests/")]
    manifest = {each: body(s3, each) for each in manifests}
    assert len(whole) == len(FILES) + 2
    hit = sent = 0
    for point in range(POINTS):
        s3.delete(list(s3.sizes("")))
        path = folder / "tenants" / f"{TRIAL}.yaml"
        path.write_text(before, encoding="utf-8")
        event = ("before-send.s3", "response-received.s3")[point % 2]
        _, code = counted(folder, event, 1 + point * (requests - 1) // max(1, POINTS - 1))
        hit += code is None
        # What is cut off is taken for no backup, and nobody is sent to it.
        there = dict(s3.sizes(""))
        sent += len(there)
        assert there.keys() <= whole.keys()
        if code is None:
            assert file_of(folder, TRIAL) == before
        again, code = counted(folder, "before-send.s3", 0)
        assert (code, file_of(folder, TRIAL)) == (Exit.OK, after)
        assert dict(s3.sizes("")) == whole
        assert {each: body(s3, each) for each in manifest} == manifest
        assert again <= requests
    assert hit >= POINTS - 1
    record_property("killed", f"{POINTS} points of {requests} requests, {hit} hit, {sent} objects were there")


def body(bucket: UploadBucket, key: str) -> bytes:
    read: bytes = client_of().get_object(Bucket=bucket.bucket, Key=key)["Body"].read()
    return read
