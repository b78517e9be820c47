"""The last backup of a tenant that never had anything says so, and only then there is no dump."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any, Final

import pytest

from components.scripts import script
from lifecycle.decommission.final_backup import FinalBackups
from tests.lifecycle.decommission.test_final_backup import Bucket
from tests.lifecycle.odoo import DATABASE, PASSWORD, ROLE
from tests.lifecycle.pods import Pods
from tests.postgres import NEWEST_SOLD, give

pytestmark = [pytest.mark.postgres, pytest.mark.parametrize("server", [NEWEST_SOLD], indirect=True)]

EMPTY: Final = "odoo_empty"
MARK: Final = "0123456789abcdef"


@pytest.fixture
def empty(damaged: Pods) -> Iterator[Pods]:
    """The pods of a tenant whose database was created and never set up."""
    damaged.server.ask(f"CREATE DATABASE {EMPTY} OWNER {ROLE}")
    conf = damaged.folder / "odoo.conf"
    conf.write_text(conf.read_text(encoding="utf-8").replace(DATABASE, EMPTY), encoding="utf-8")
    give(damaged.folder)
    time.sleep(1.1)  # a backup is called after the second in which it began
    try:
        yield damaged
    finally:
        damaged.server.ask(f"DROP DATABASE {EMPTY}")


def ask(pods: Pods, sql: str) -> None:
    pods.server.ask(sql, database=EMPTY, user=ROLE, password=PASSWORD)


def last(pods: Pods, before: list[str]) -> dict[str, Any]:
    (taken,) = set(pods.manifests()) - set(before)
    path = pods.bucket / "manifests" / "acme" / f"{taken}.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def test_nothing_to_dump_is_told_and_not_dumped(empty: Pods) -> None:
    before, dumps = empty.manifests(), set((empty.bucket / "dumps" / "acme").iterdir())
    done = empty.run(script("backup.sh"), LAST=MARK)
    assert done.returncode == 0, done.stderr
    said = last(empty, before)
    assert (said["empty"], said["dump"], said["last"], said["active_users"]) == (True, None, MARK, None)
    assert set((empty.bucket / "dumps" / "acme").iterdir()) == dumps
    bucket = Bucket()
    bucket.objects[f"manifests/acme/{said['started']}.json"] = json.dumps(said).encode()
    found = FinalBackups(bucket, "backups", "acme").last(MARK)
    assert found is not None
    assert found.empty


def test_a_nightly_backup_of_nothing_is_a_failure_as_ever(empty: Pods) -> None:
    before = empty.manifests()
    done = empty.run(script("backup.sh"))
    assert done.returncode == 1
    assert "no filestore at" in done.stderr
    assert empty.manifests() == before


@pytest.mark.parametrize(
    "sql", ["CREATE TABLE a (id integer)", "SELECT lo_create(4711)"], ids=["an empty table", "a large object"]
)
def test_what_has_a_table_or_an_object_is_never_called_empty(sql: str, empty: Pods) -> None:
    ask(empty, sql)
    before = empty.manifests()
    done = empty.run(script("backup.sh"), LAST=MARK)
    assert done.returncode == 1
    assert "no filestore at" in done.stderr
    assert empty.manifests() == before


def test_what_has_a_file_is_never_called_empty(empty: Pods) -> None:
    before = empty.manifests()
    (empty.filestore.parent / EMPTY).mkdir()
    (empty.filestore.parent / EMPTY / "ab").write_text("x", encoding="utf-8")
    give(empty.folder)
    empty.run(script("backup.sh"), LAST=MARK)
    made = set(empty.manifests()) - set(before)
    assert all(not last(empty, before).get("empty") for _ in made)
