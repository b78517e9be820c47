"""Whose backups a prefix of the bucket holds: nobody writes among those of somebody else."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from components.scripts import script
from tests.lifecycle.odoo import ROLE
from tests.lifecycle.pods import Pods
from tests.postgres import NEWEST_SOLD, OWNER, give

pytestmark = [pytest.mark.postgres, pytest.mark.parametrize("server", [NEWEST_SOLD], indirect=True)]


@pytest.fixture
def later(damaged: Pods) -> Iterator[Pods]:
    """The next night; what the role says of its owner is put back afterwards."""
    time.sleep(1.1)  # a backup is called after the second in which it began
    yield damaged
    damaged.server.ask(f"COMMENT ON ROLE {ROLE} IS 'costack: owner {OWNER}'")


def contents(bucket: Path) -> dict[str, bytes]:
    return {
        str(path): path.read_bytes() for path in bucket.rglob("*") if path.is_file() and path.name != "calls"
    }


def test_the_first_backup_marks_its_prefix_and_each_says_whose_it_is(damaged: Pods, backup: str) -> None:
    folder = damaged.bucket / "manifests" / "acme"
    assert (folder / "owner").read_text(encoding="utf-8").strip() == OWNER
    assert json.loads((folder / f"{backup}.json").read_text(encoding="utf-8"))["owner"] == OWNER


def test_no_backup_is_made_among_those_of_another_client(later: Pods) -> None:
    before = contents(later.bucket)
    done = later.run(script("backup.sh"), OWNER="local/newcomer/acme")
    assert done.returncode == 1
    assert (
        f"the backups under 'acme' in backups belong to {OWNER}, and this tenant is local/newcomer"
        in done.stderr
    )
    assert contents(later.bucket) == before


@pytest.mark.whole("a rarer case than those that are tried here")
def test_backups_from_before_marks_belong_to_a_database_from_before_marks(later: Pods) -> None:
    mark = later.bucket / "manifests" / "acme" / "owner"
    mark.unlink()
    before = contents(later.bucket)
    done = later.run(script("backup.sh"))
    assert done.returncode == 1
    assert "objects under manifests/acme and dumps/acme in backups without an owner's mark" in done.stderr
    assert contents(later.bucket) == before
    later.server.ask(f"COMMENT ON ROLE {ROLE} IS 'costack: owner {OWNER}, found unmarked'")
    later.back_up()
    assert mark.read_text(encoding="utf-8").strip() == OWNER


def empty_bucket(pods: Pods) -> Path:
    """The bucket as it is before the first backup; its folder of manifests."""
    for kind in ("manifests", "dumps", "filestores"):
        shutil.rmtree(pods.bucket / kind, ignore_errors=True)
    return pods.bucket / "manifests" / "acme"


def test_a_restore_test_before_the_first_backup_does_not_stop_it(later: Pods) -> None:
    folder = empty_bucket(later)
    tested = later.restore_test()
    assert tested.returncode == 1, tested.stderr
    assert [path.parent.name for path in folder.rglob("*.json")] == ["restore-tests"]
    later.back_up()
    assert (folder / "owner").read_text(encoding="utf-8").strip() == OWNER


@pytest.mark.sample(1)
@pytest.mark.parametrize("left", ["manifests/acme/{}.json", "dumps/acme/{}.dump"])
def test_a_manifest_or_a_dump_without_a_mark_may_be_somebody_elses(later: Pods, left: str) -> None:
    empty_bucket(later)
    path = later.bucket / left.format("2026-11-02T00:00:00Z")
    path.parent.mkdir(parents=True)
    path.write_text("{}", encoding="utf-8")
    give(later.bucket)
    before = contents(later.bucket)
    done = later.run(script("backup.sh"))
    assert done.returncode == 1
    assert "there are 1 objects under manifests/acme and dumps/acme in backups without" in done.stderr
    assert contents(later.bucket) == before


REFUSING: Final = """#!/bin/bash
if [ "$2" = list-objects-v2 ]; then
  echo listing >>"@@/listings"
  [ "$(wc -l <"@@/listings")" != "$REFUSED" ] || { echo "AccessDenied: ListBucket" >&2; exit 254; }
fi
exec "@@/tools/aws.answers" "$@"
"""


@pytest.mark.sample(1)
@pytest.mark.parametrize("refused", [1, 2, 3])
def test_a_listing_that_is_refused_is_no_empty_prefix(later: Pods, refused: int) -> None:
    """Of the mark, the manifests, the dumps: with any answer unknown nothing is marked and nothing made."""
    later.server.ask(f"COMMENT ON ROLE {ROLE} IS 'costack: owner {OWNER}, found unmarked'")
    folder = empty_bucket(later)
    if refused == 1:
        folder.mkdir(parents=True)
        (folder / "owner").write_text("local/newcomer/acme\n", encoding="utf-8")
    tools = later.folder / "tools"
    (tools / "aws").rename(tools / "aws.answers")
    (tools / "aws").write_text(REFUSING.replace("@@", str(later.folder)), encoding="utf-8")
    (tools / "aws").chmod(0o755)
    give(later.folder)
    before = contents(later.bucket)
    done = later.run(script("backup.sh"), REFUSED=str(refused))
    assert done.returncode != 0
    assert "AccessDenied: ListBucket" in done.stderr
    assert contents(later.bucket) == before


@pytest.mark.whole("a rarer case than those that are tried here")
def test_a_restore_test_knows_older_backups_and_refuses_another_clients(later: Pods, backup: str) -> None:
    path = later.bucket / "manifests" / "acme" / f"{backup}.json"
    written = json.loads(path.read_text(encoding="utf-8"))
    del written["owner"]
    path.write_text(json.dumps(written), encoding="utf-8")
    assert later.restore_test().returncode == 0
    path.write_text(json.dumps(written | {"owner": "local/newcomer/acme"}), encoding="utf-8")
    done = later.restore_test()
    assert done.returncode == 1
    assert (
        '"name":"owner","expected":"local/acme-consulting/acme","found":"local/newcomer/acme"' in done.stdout
    )
