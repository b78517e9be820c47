"""Whose backups a prefix of the bucket holds: nobody writes among those of somebody else."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.scripts import script
from tests.lifecycle.odoo import ROLE
from tests.lifecycle.pods import Pods
from tests.postgres import NEWEST_SOLD, OWNER

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


def test_backups_from_before_marks_belong_to_a_database_from_before_marks(later: Pods) -> None:
    mark = later.bucket / "manifests" / "acme" / "owner"
    mark.unlink()
    before = contents(later.bucket)
    done = later.run(script("backup.sh"))
    assert done.returncode == 1
    assert "objects under manifests/acme in backups without an owner's mark" in done.stderr
    assert contents(later.bucket) == before
    later.server.ask(f"COMMENT ON ROLE {ROLE} IS 'costack: owner {OWNER}, found unmarked'")
    later.back_up()
    assert mark.read_text(encoding="utf-8").strip() == OWNER


def test_a_restore_test_knows_older_backups_and_refuses_another_clients(later: Pods, backup: str) -> None:
    path = later.bucket / "manifests" / "acme" / f"{backup}.json"
    written = json.loads(path.read_text(encoding="utf-8"))
    del written["owner"]
    path.write_text(json.dumps(written), encoding="utf-8")
    assert later.run(script("restore_test.sh")).returncode == 0
    path.write_text(json.dumps(written | {"owner": "local/newcomer/acme"}), encoding="utf-8")
    done = later.run(script("restore_test.sh"))
    assert done.returncode == 1
    assert '"name":"owner","expected":"local/acme-gmbh/acme","found":"local/newcomer/acme"' in done.stdout
