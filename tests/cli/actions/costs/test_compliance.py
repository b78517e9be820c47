"""The export of a tenant's controls, from the command to a signature that OpenSSH checks."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from cli.console.exit_codes import Exit
from lifecycle import evidence
from lifecycle.image_scan.reports import images_of
from tests.cli.reporting import costack
from tests.portfolios import LOCAL, ROOT, local_plan
from tiers.inventory import exported

WHO = "dana@example.com"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An inventory of what is deployed, a key, and evidence."""
    folder, plan = tmp_path_factory.mktemp("project"), local_plan()
    ids = {fact.id: f"arn:aws:{fact.kind}:{fact.id}" for fact in plan.all_facts()}
    told = {**exported(plan, ids), "deployed_on": {"meridian": "2026-11-20"}}
    (folder / "inventory.json").write_text(json.dumps(told), encoding="utf-8")
    key = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", WHO, "-f", str(folder / "key")]
    subprocess.run(key, check=True)
    public = (folder / "key.pub").read_text(encoding="utf-8")
    (folder / "signers").write_text(f"{WHO} {public}", encoding="utf-8")
    scan: dict[str, Any] = {"failing": [], "missing": []}
    images = [{"image": image, **scan} for image in images_of(plan)]
    record = {"at": "2026-11-30T00:00:00Z", "step": "image-scan", "images": images, "result": "ok"}
    evidence.append(folder / "tried.jsonl", record)
    return folder


def export(project: Path, tenant: str, out: str, *more: object) -> Any:
    return costack(
        "compliance", tenant, "--inventory", project / "inventory.json", "--portfolio", LOCAL,
        "--by", WHO, "--key", project / "key", "--out", project / out, *more,
    )  # fmt: skip


def is_signed(project: Path, content: bytes) -> bool:
    named = ["-f", "signers", "-I", WHO, "-n", "costack-compliance", "-s", "out/compliance.json.sig"]
    command = ["ssh-keygen", "-Y", "verify", *named]
    return not subprocess.run(
        command, cwd=project, input=content, check=False, capture_output=True
    ).returncode


def test_an_export_is_signed_and_names_what_it_was_read_from(project: Path) -> None:
    done = export(project, "meridian", "out", "--evidence", project / "tried.jsonl")
    assert done.exit_code == Exit.OK, done.output
    content = (project / "out" / "compliance.json").read_bytes()
    assert is_signed(project, content)
    assert not is_signed(project, content.replace(b'"gap"', b'"met"'))
    told = json.loads(content)
    assert (told["tenant"], told["signed_by"], told["deployed_on"]) == ("meridian", WHO, "2026-11-20")
    for each in told["sources"]:
        (path,) = (path for path in project.rglob(each["file"]))
        assert hashlib.sha256(path.read_bytes()).hexdigest() == each["sha256"]
    assert [each["file"] for each in told["sources"]] == [
        "inventory.json",
        "tried.jsonl",
        "compliance.html",
    ]
    assert told["met"] > told["gaps"] > 0
    assert f"{told['gaps']} gaps" in done.stdout
    again = export(project, "meridian", "out")
    assert again.exit_code == Exit.CONFIGURATION
    assert "an export is never overwritten" in again.output


@pytest.mark.parametrize(
    ("tenant", "more", "code", "sentence"),
    [
        ("acme", (), Exit.CONFIGURATION, "acme: has baseline controls; expected a tenant with enhanced ones"),
        ("nobody", (), Exit.CONFIGURATION, "tenant 'nobody' is not deployed; there are acme"),
        ("meridian", ("--by", "*"), Exit.CONFIGURATION, "--by"),
        ("meridian", ("--key", "nokey"), Exit.ERROR, "nokey: cannot sign compliance.json"),
        ("meridian", ("--history", "nowhere"), Exit.ERROR, "nowhere: expected a folder"),
    ],
)
def test_what_cannot_be_exported_is_one_sentence_and_leaves_nothing(
    tenant: str, more: tuple[str, ...], code: Exit, sentence: str, project: Path
) -> None:
    before = sorted(project.rglob("*"))
    done = export(project, tenant, "none", *more)
    assert done.exit_code == code, done.output
    assert sentence in done.output
    assert sorted(project.rglob("*")) == before


def test_files_of_another_portfolio_show_nothing_of_this_one(project: Path) -> None:
    done = export(project, "meridian", "other", "--portfolio", ROOT / "examples" / "every-option")
    assert done.exit_code == Exit.CONFIGURATION
    assert "is of portfolio every-option, deployed is local" in done.stderr
    assert not (project / "other").exists()
