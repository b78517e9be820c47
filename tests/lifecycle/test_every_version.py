"""A backup of every version of PostgreSQL that may be named is restored in a pod with the newest programs."""

from __future__ import annotations

import json

import pytest

from components.scripts import script
from tests.lifecycle.pods import Pods
from tests.postgres import MAJORS

pytestmark = pytest.mark.postgres


def test_a_backup_of_every_version_can_be_restored(pods: Pods, backup: str) -> None:
    manifest = json.loads((pods.bucket / "manifests" / "acme" / f"{backup}.json").read_text(encoding="utf-8"))
    assert manifest["postgresql"] // 10_000 == pods.server.major
    done = pods.run(script("restore_test.sh"))
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert (result["result"], result["backup"]) == ("ok", backup)
    assert all(check["ok"] for check in result["checks"])


@pytest.mark.parametrize("server", MAJORS[1:], indirect=True)
def test_an_older_client_makes_no_backup_and_says_so(pods: Pods) -> None:
    before = pods.manifests()
    old = Pods(pods.server, pods.folder, clients=MAJORS[0])
    refused = old.run(script("backup.sh"))
    assert refused.returncode == 1
    assert f"is PostgreSQL {pods.server.major} and the operations image has pg_dump 16" in refused.stderr
    assert "name an image with a newer pg_dump in platform.yaml" in refused.stderr
    assert pods.manifests() == before
