"""Archives as Odoo's database manager writes them, of a tenant's database, and a bucket that is a folder."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

from lifecycle.uploads.archive import PreparedDump, opened_archive
from lifecycle.uploads.placing import Place, Uploaded, upload
from lifecycle.uploads.source import LocalFile
from tests.lifecycle.odoo import DATABASE, PASSWORD, ROLE
from tests.lifecycle.pods import BUCKET, Pods
from tests.postgres import OWNER, give, programs
from tiers.portfolio.restore.source import upload_prefix

MOMENT: Final = datetime(2026, 11, 1, 4, 5, 6, tzinfo=UTC)
PREFIX: Final = upload_prefix("acme")
ROOM: Final = 1 << 30
MANIFEST: Final = {
    "odoo_dump": "1",
    "db_name": "old",
    "version": "18.0",
    "major_version": "18.0",
    "modules": {},
}


def plain_dump(pods: Pods, *options: str, clients: int | None = None) -> bytes:
    """The tenant's database as `dump_db` of odoo/service/db.py dumps it, with these options more."""
    command = [str(programs(clients or pods.clients) / "pg_dump"), "--no-owner", *options, DATABASE]
    env = pods.server.connection(ROLE, PASSWORD, DATABASE)
    return subprocess.run(command, env=env, check=True, stdout=subprocess.PIPE).stdout


def zipped(path: Path, dump: bytes, files: Path | None, manifest: Mapping[str, Any] | None = None) -> Path:
    """A backup zip: the dump first, as Odoo's `zip_dir` has it."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("dump.sql", MOMENT.timetuple()[:6]), dump, zipfile.ZIP_DEFLATED)
        for each in sorted(files.rglob("*")) if files else ():
            if each.is_file():
                archive.write(each, f"filestore/{each.relative_to(files)}")  # type: ignore[arg-type]
        archive.writestr("manifest.json", json.dumps(manifest or MANIFEST))
    return path


class FolderBucket:
    """A bucket in the folder that the pods of tests take for one."""

    def __init__(self, root: Path) -> None:
        self.root, self.calls = root, list[str]()

    def sizes(self, prefix: str) -> Mapping[str, int]:
        listed = [each for each in self.root.rglob("*") if each.is_file()]
        keys = {str(each.relative_to(self.root)): each.stat().st_size for each in listed}
        return {
            key: size for key, size in keys.items() if key.startswith(prefix) and not key.endswith(".sum")
        }

    def sum_of(self, key: str) -> str | None:
        path = self.root / f"{key}.sum"
        return path.read_text(encoding="utf-8") if path.exists() else None

    def put(self, key: str, contents: BinaryIO | bytes, sha256: str = "") -> None:
        self.calls.append(key)
        path = self.root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            shutil.copyfileobj(io.BytesIO(contents) if isinstance(contents, bytes) else contents, file)
        if sha256:
            (self.root / f"{key}.sum").write_text(sha256, encoding="utf-8")

    def delete(self, keys: list[str]) -> None:
        for key in keys:
            (self.root / key).unlink()
            (self.root / f"{key}.sum").unlink(missing_ok=True)


def place() -> Place:
    return Place(BUCKET, PREFIX, "acme", OWNER, MOMENT)


def bring(path: Path, bucket: FolderBucket, files: Path | None = None) -> tuple[PreparedDump, Uploaded]:
    """Upload an archive."""
    beside = LocalFile.of(files) if files else None
    with opened_archive(LocalFile.of(path), beside) as archive, tempfile.TemporaryFile() as written:
        dump = archive.write_dump(written, ROOM, lambda _: None)
        return dump, upload(archive, dump, written, place(), bucket, lambda _: None)


def bring_for(pods: Pods, path: Path, files: Path | None = None) -> PreparedDump:
    """Upload an archive to where the tenant's pods read."""
    dump, _ = bring(path, FolderBucket(pods.bucket), files)
    give(pods.bucket)
    return dump


def forget_uploads(pods: Pods) -> None:
    for kind in ("dumps", "manifests", "filestores"):
        shutil.rmtree(pods.bucket / kind / PREFIX, ignore_errors=True)
