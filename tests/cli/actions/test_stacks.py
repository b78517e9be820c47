"""`costack stacks`: which stacks there are, which a change is for, in which order, and as manifests."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from typer.testing import CliRunner, Result

from cli.console.exit_codes import Exit
from cli.main import app
from tests.portfolios import LOCAL
from tests.tiers.plan.cells.portfolios import in_cells

PLATFORM, CELL, OTHER = "local-platform", "local-cell-1", "local-cell-2"
OWN = ["local-tenant-cobalt", "local-tenant-halcyon", "local-tenant-meridian"]
STRING = {"type": "string"}
TEXTS = ("serviceAccountName", "projectRepo", "branch", "stack", "backend", "secretsProvider")
SWITCHES = ("useLocalStackOnly", "destroyOnFinalize", "continueResyncOnCommitMatch")
OPERATOR: dict[str, Any] = {
    "type": "object",
    "required": ["apiVersion", "kind", "metadata", "spec"],
    "properties": {
        "apiVersion": {"const": "pulumi.com/v1"},
        "kind": {"const": "Stack"},
        "spec": {
            "type": "object",
            "required": ["stack"],
            "additionalProperties": False,
            "properties": {
                **{name: {"type": "string"} for name in TEXTS},
                **{name: {"type": "boolean"} for name in SWITCHES},
                "resyncFrequencySeconds": {"type": "integer"},
                "workspaceReclaimPolicy": {"enum": ["Retain", "Delete"]},
                "workspaceTemplate": {"type": "object"},
                "prerequisites": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["name"],
                        "additionalProperties": False,
                        "properties": {
                            "name": STRING,
                            "requirement": {
                                "type": "object",
                                "additionalProperties": False,
                                "properties": {"succeededWithinDuration": STRING},
                            },
                        },
                    },
                },
            },
        },
    },
}
"""What the operator's v1 API says of the fields in use (pulumi-kubernetes-operator 2.9, stack_types.go)."""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one portfolio in cells."""
    in_cells(tmp_path / "portfolios")
    return tmp_path


def stacks(project: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["stacks", *arguments, "--cwd", str(project)])


def said(project: Path, *arguments: str) -> Any:
    done = stacks(project, *arguments)
    assert done.exit_code == Exit.OK, done.output
    return json.loads(done.stdout)


def edit(project: Path, path: str, old: str, new: str) -> None:
    file = project / "portfolios" / "local" / path
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def git(project: Path, *arguments: str) -> str:
    words = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", *arguments]
    return subprocess.run(words, cwd=project, check=True, capture_output=True, text=True).stdout.strip()


def commit(project: Path) -> str:
    if not (project / ".git").exists():
        git(project, "init", "-q")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "change")
    return git(project, "rev-parse", "HEAD")


def test_new_tenants_are_assigned_and_nobody_moves(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(LOCAL, tmp_path / "portfolios" / "local"))
    refused = stacks(tmp_path, "assign")
    assert (refused.exit_code, refused.stdout) == (Exit.CONFIGURATION, "")
    assert "platform.yaml: has no `cells`; add `cells: {tenants_per_cell: 50}`" in refused.stderr
    edit(tmp_path, "platform.yaml", "dr_regions:", "cells: {tenants_per_cell: 2}\ndr_regions:")
    assert stacks(tmp_path, "assign", "--dry-run").stdout.endswith("7 tenants in 6 stacks (not written)\n")
    assert not (folder / "cells.yaml").exists()
    assert stacks(tmp_path, "assign").stdout.startswith("acme: cell-1\nacme-staging: cell-1\n")
    before = (folder / "cells.yaml").read_text(encoding="utf-8")
    acme = (folder / "tenants" / "acme.yaml").read_text(encoding="utf-8")
    (folder / "tenants" / "zeta.yaml").write_text(acme.replace("acme", "zeta"), encoding="utf-8")
    (folder / "tenants" / "borealis.yaml").unlink()
    done = stacks(tmp_path, "assign")
    assert done.stdout.splitlines()[:2] == ["zeta: cell-2", "borealis: removed, no file has it"]
    after = (folder / "cells.yaml").read_text(encoding="utf-8")
    assert after == before.replace("  borealis: cell-2\n", "") + "  zeta: cell-2\n"


def test_all_stacks_are_listed_in_order(project: Path) -> None:
    assert stacks(project, "list", "-o", "names").stdout.split() == [PLATFORM, CELL, OTHER, *OWN]
    first, second, *_ = said(project, "list", "-o", "json", "--prefix", "live")
    assert (first["name"], first["tenants"]) == ("live-platform", [])
    assert second == {
        "name": "live-cell-1",
        "stack": "cell-1",
        "wave": 3,
        "tenants": ["acme", "acme-staging"],
        "production": 1,
        "because": [],
    }


def test_only_what_a_commit_changes_is_updated(project: Path) -> None:
    first = commit(project)
    assert said(project, "order", "--changed-since", first) == []
    edit(project, "tenants/acme.yaml", "acme.odoo", "acme.erp")
    (project / "README.md").write_text("a document", encoding="utf-8")
    second = commit(project)
    assert said(project, "order", "--changed-since", first) == [[CELL]]
    edit(project, "platform.yaml", "log_gib_per_month: 10", "log_gib_per_month: 20")
    third = commit(project)
    everything = [[PLATFORM], [CELL, OTHER, *OWN]]
    assert said(project, "order", "--changed-since", second) == everything
    (project / "stacks").mkdir()
    (project / "stacks" / f"Pulumi.{OTHER}.yaml").write_text("config: {}\n", encoding="utf-8")
    commit(project)
    ((found),) = said(project, "plan", "--changed-since", third, "-o", "json")
    assert (found["name"], found["because"]) == (OTHER, [f"stacks/Pulumi.{OTHER}.yaml"])
    (project / "requirements.txt").write_text("costack", encoding="utf-8")
    fourth = commit(project)
    assert said(project, "order", "--changed-since", third) == everything
    assert said(project, "order", "--changed-since", fourth) == []
    assert said(project, "order", "--changed-since", "0" * 40) == everything


def test_jobs_of_a_matrix_are_shared_among_shards(project: Path) -> None:
    whole = said(project, "matrix", "--wave", "3")["include"]
    assert [each["stack"] for each in whole] == [CELL, OTHER, *OWN]
    shards = [
        said(project, "matrix", "--wave", "3", "--shard", f"{number}/2")["include"] for number in (1, 2)
    ]
    assert sorted(each["stack"] for shard in shards for each in shard) == sorted([CELL, OTHER, *OWN])
    assert whole[0] == {"stack": CELL, "wave": 3, "tenants": 2}
    for wrong in ("3/2", "0/2", "1", "a/b"):
        refused = stacks(project, "matrix", "--shard", wrong)
        assert (refused.exit_code, refused.stdout) == (Exit.CONFIGURATION, "")
        assert f"--shard: '{wrong}': expected a part and how many there are" in refused.stderr


def test_who_is_assigned_elsewhere_must_have_moved(project: Path, tmp_path: Path) -> None:
    before = shutil.copytree(project / "portfolios" / "local", tmp_path / "before" / "local")
    edit(project, "cells.yaml", "  acme: cell-1", "  acme: cell-3")
    refused = stacks(project, "matrix", "--base-folder", str(before))
    assert (refused.exit_code, refused.stdout) == (Exit.CONFIGURATION, "")
    assert "'acme' comes from cell-1 into cell-3" in refused.stderr
    moved = said(project, "order", "--base-folder", str(before), "--state-moved")
    assert moved == [[PLATFORM], [CELL], ["local-cell-3"]]


def test_one_stack_has_no_stacks(tmp_path: Path) -> None:
    shutil.copytree(LOCAL, tmp_path / "portfolios" / "local")
    refused = stacks(tmp_path, "list")
    assert refused.exit_code == Exit.CONFIGURATION
    assert "cells.yaml: is missing: one stack deploys this portfolio" in refused.stderr


def test_manifests_are_those_of_the_operator(project: Path) -> None:
    printed = stacks(project, "manifests")
    assert printed.exit_code == Exit.OK, printed.output
    objects = list(yaml.safe_load_all(printed.stdout))
    found = [each for each in objects if each["kind"] == "Stack"]
    assert [each["metadata"]["name"] for each in found] == [PLATFORM, CELL, OTHER, *OWN]
    for each in found:
        Draft202012Validator(OPERATOR).validate(each)
        assert each["spec"]["stack"] == each["metadata"]["name"]
        before = [one["name"] for one in each["spec"].get("prerequisites", ())]
        assert before == ([] if each["spec"]["stack"] == PLATFORM else [PLATFORM])
        accounts = {one["metadata"]["name"] for one in objects if one["kind"] == "ServiceAccount"}
        assert each["spec"]["serviceAccountName"] in accounts
    assert "costack-template" not in printed.stdout
    names = [(each["kind"], each["metadata"]["name"]) for each in objects]
    assert len(set(names)) == len(names)


def test_manifests_are_like_one_that_somebody_filled_in(project: Path, tmp_path: Path) -> None:
    CliRunner().invoke(app, ["ci", "init", str(project), "--host", "operator", "--stack", "local"])
    like = project / "operator" / "stack.yaml"
    text = like.read_text(encoding="utf-8").replace("REPOSITORY_URL", "https://git.example.com/local.git")
    like.write_text(text, encoding="utf-8")
    out = tmp_path / "out"
    assert stacks(project, "manifests", "--like", str(like), "--out", str(out)).exit_code == Exit.OK
    assert sorted(each.stem for each in out.iterdir()) == sorted([PLATFORM, CELL, OTHER, *OWN])
    *_, stack = yaml.safe_load_all((out / f"{CELL}.yaml").read_text(encoding="utf-8"))
    assert stack["spec"]["projectRepo"] == "https://git.example.com/local.git"
    again = stacks(project, "manifests", "--like", str(like), "--out", str(out))
    assert (again.exit_code, again.stdout) == (Exit.CONFIGURATION, "")
    like.write_text("kind: Job\n", encoding="utf-8")
    refused = stacks(project, "manifests", "--like", str(like))
    assert "expected one object of kind Stack" in refused.stderr


def test_pipelines_update_the_same_stacks(project: Path) -> None:
    """`costack ci stacks` is what update.yml asks: of cells it lists those that a change is for, in waves."""
    (project / "stacks").mkdir()
    for stack in ("platform", "cell-1", "cell-2", "tenant-cobalt"):
        config = f"config:\n  costack:portfolio: local\n  costack:stack: {stack}\n"
        (project / "stacks" / f"Pulumi.local-{stack}.yaml").write_text(config, encoding="utf-8")
    first = commit(project)
    edit(project, "tenants/acme.yaml", "acme.odoo", "acme.erp")
    second = commit(project)
    edit(project, "platform.yaml", "log_gib_per_month: 10", "log_gib_per_month: 20")
    commit(project)

    def listed(base: str) -> list[str]:
        done = CliRunner().invoke(app, ["ci", "stacks", "--base", base, "--cwd", str(project), "-o", "names"])
        assert done.exit_code == Exit.OK, done.output
        return done.stdout.split()

    everything = [PLATFORM, CELL, OTHER, "local-tenant-cobalt"]
    assert listed(second) == listed("0") == listed(first) == everything
    git(project, "reset", "-q", "--hard", second)
    assert listed(first) == [CELL]
