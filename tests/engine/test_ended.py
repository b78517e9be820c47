"""Tenants end on the real engine: a sandbox, then production with everything that protects it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cli.exits import Exit
from lifecycle import evidence
from lifecycle.decommissioning import STEPS
from tests.engine.project import STACK, Project, Said, holdings, running_project
from tests.engine.test_moved import OTHERS

pytestmark = [pytest.mark.engine]

SANDBOX, CLIENT = "borealis-migration", "meridian"
LEFT = set(OTHERS) - {SANDBOX, CLIENT, "borealis"}


@pytest.fixture(scope="module")
def ending(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A protected portfolio with a sandbox, a production tenant of the largest tier, and two neighbours."""
    with running_project(tmp_path_factory.mktemp("ended") / "project") as project:
        portfolio = project.folder / "portfolios" / "local"
        for other in LEFT:
            (portfolio / "tenants" / f"{other}.yaml").unlink()
        platform = portfolio / "platform.yaml"
        text = platform.read_text(encoding="utf-8")
        assert "deletion_protection: false" in text
        platform.write_text(text.replace("deletion_protection: false", "deletion_protection: true"), "utf-8")
        project.up("--suppress-outputs")
        yield project


def planned(project: Project, tenant: str, *options: str) -> tuple[str, dict[str, Any]]:
    """The plan of an end as a file, and what it says."""
    name = f"{tenant}-{len(list(project.folder.glob('*.plan.json')))}.plan.json"
    project.costack("decommission", tenant, "--stack", STACK, "--out", name, *options)
    plan: dict[str, Any] = json.loads((project.folder / name).read_text(encoding="utf-8"))
    return name, plan


def applied(project: Project, name: str, plan: dict[str, Any], *options: str, code: int = 0) -> Said:
    phrase = f"decommission {plan['tenant']} of {STACK}: {len(plan['targets'])} resources"
    return project.costack("decommission", "--apply", name, "--phrase", phrase, *options, code=code)


def names_of(project: Project, tenant: str) -> dict[str, set[str]]:
    """What the account holds that bears a tenant's name."""
    found = {
        kind: {each for each in names if tenant in each}
        for kind, names in holdings(project.clients()).items()
    }
    return {kind: names for kind, names in found.items() if names}


def test_a_sandbox_that_is_not_due_is_refused(ending: Project) -> None:
    name, plan = planned(ending, SANDBOX)
    before = names_of(ending, SANDBOX)
    said = applied(ending, name, plan, code=Exit.POLICY)
    assert "to end it earlier make a plan with --early" in said.stderr
    assert names_of(ending, SANDBOX) == before != {}


def test_a_sandbox_ends_and_nothing_bills_for_it(ending: Project) -> None:
    name, plan = planned(ending, SANDBOX, "--early", "the move was called off")
    said = applied(ending, name, plan)
    assert "nothing bills for it any longer" in said.stdout
    assert names_of(ending, SANDBOX) == {}
    record = ending.folder / name.replace(".json", ".evidence.jsonl")
    assert [line["step"] for line in evidence.read(record)] == list(STEPS)
    again = applied(ending, name, plan)
    assert "nothing bills for it any longer" in again.stdout
    assert len(evidence.read(record)) == len(STEPS)


def test_running_production_is_refused(ending: Project) -> None:
    name, plan = planned(ending, CLIENT)
    said = applied(ending, name, plan, code=Exit.POLICY)
    assert "write lifecycle_stage: decommissioning into its file" in said.stderr
    assert "no restore of meridian was ever tried" in said.stderr


def test_production_ends_with_its_last_state_kept(ending: Project, tmp_path: Path) -> None:
    file = ending.folder / "portfolios" / "local" / "tenants" / f"{CLIENT}.yaml"
    file.write_text(file.read_text(encoding="utf-8") + "lifecycle_stage: decommissioning\n", encoding="utf-8")
    ending.up("--suppress-outputs")
    name, plan = planned(ending, CLIENT)
    tried = tmp_path / "restores.jsonl"
    evidence.append(
        tried,
        {
            "at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "tenant": CLIENT,
            "step": "restore-test",
            "result": "ok",
        },
    )
    options = ("--restore-evidence", str(tried))
    assert f"{CLIENT}-final-backup" in applied(ending, name, plan, *options, code=Exit.ERROR).stderr
    _make_the_last_dump(ending)
    said = applied(ending, name, plan, *options)
    assert "still billing: database snapshot local-meridian-postgresql-final-" in said.stdout
    assert "nothing else bills for it" in said.stdout
    record = evidence.read(ending.folder / name.replace(".json", ".evidence.jsonl"))
    (saved,) = [line["inputs"] for line in record if line["step"] == "save"]
    assert saved["sha256"] == "ab" * 32
    left = {each.name for each in ending.registered()}
    assert "borealis-web" in left
    assert not any(CLIENT in name for name in left)


def _make_the_last_dump(project: Project) -> None:
    """What the Job does, which no pod of this cloud runs: a dump, and a manifest with the stack's mark."""
    state = json.loads(project.export())["deployment"]["resources"]
    (mark,) = [each["outputs"]["hex"] for each in state if each["urn"].endswith("::meridian-last")]
    s3 = project.clients().get("s3")
    (bucket,) = [
        b["Name"] for b in s3.list_buckets()["Buckets"] if "meridian" in b["Name"] and "copy" not in b["Name"]
    ]
    # It lets in nobody without TLS; moto reads no conditions and would let in nobody at all.
    s3.delete_bucket_policy(Bucket=bucket)
    at = "2026-11-25T00:00:00Z"
    s3.put_object(Bucket=bucket, Key=f"dumps/{CLIENT}/{at}.dump", Body=b"x" * 4096)
    said = {"dump": f"s3://{bucket}/dumps/{CLIENT}/{at}.dump", "dump_bytes": 4096, "sha256": "ab" * 32}
    manifest = json.dumps({**said, "started": at, "last": mark})
    s3.put_object(Bucket=bucket, Key=f"manifests/{CLIENT}/{at}.json", Body=manifest.encode())
