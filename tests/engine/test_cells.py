"""One stack is split into several and joined again: nothing is made, replaced or deleted on the way."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.engine.holdings import holdings
from tests.engine.project import Project, running_project

pytestmark = [
    pytest.mark.engine,
    pytest.mark.whole(
        "two stacks' worth of updates; tests/lifecycle/cells and tests/costack prove the parts"
    ),
]
HELD = ("local-platform", "local-cell-1", "local-cell-2", "local-tenant-cobalt")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A copy with four tenants in two cells and a stack of a dedicated one."""
    with running_project(tmp_path_factory.mktemp("cells") / "project") as made:
        portfolio = made.folder / "portfolios" / "local"
        for name in ("halcyon", "meridian", "borealis-migration"):
            (portfolio / "tenants" / f"{name}.yaml").unlink()
        with (portfolio / "platform.yaml").open("a", encoding="utf-8") as file:
            file.write("cells: {tenants_per_cell: 2}\n")
        made.costack("stacks", "assign")
        yield made


def physical(project: Project, stacks: tuple[str, ...]) -> dict[str, str]:
    """What the states hold: name of a resource within its stack -> its id in the cloud."""
    found = {}
    for stack in stacks:
        state = json.loads(project.pulumi("stack", "export", "--stack", stack).stdout)
        for each in state["deployment"].get("resources", []):
            if each["custom"] and not each["type"].startswith("pulumi:"):
                found[each["urn"].partition("::")[2]] = each["id"]
    return found


def statement(project: Project, stack: str) -> str:
    """The statement of what is deployed."""
    return project.costack("allocate", "--stack", stack, "--period", "2026-12", "-o", "json").stdout


def changes(project: Project, stack: str) -> list[str]:
    """What Pulumi would do to resources of a stack; components are left out, and what reads another stack."""
    steps = json.loads(project.pulumi("preview", "--json", "--stack", stack).stdout)["steps"]
    return [
        step["urn"].rpartition("::")[2]
        for step in steps
        if step["op"] not in ("same", "read") and (step.get("newState") or step["oldState"])["custom"]
    ]


def test_a_stack_is_split_and_joined_with_everything_it_holds(project: Project, tmp_path: Path) -> None:
    project.up("--suppress-outputs")
    before, cloud, told = (
        physical(project, ("local",)),
        holdings(project.clients()),
        statement(project, "local"),
    )
    assert len(before) > 200
    planned = project.costack("stacks", "split").stdout
    assert physical(project, ("local",)) == before
    done = project.costack("stacks", "split", "--yes")
    assert done.stdout.startswith(planned)
    assert "an update would replace nothing and delete nothing" in done.stdout
    assert project.costack("stacks", "split").stdout == "nothing to move\n"
    assert physical(project, HELD) == before
    ended = project.costack("stacks", "up", "--parallel", "2", "--journal", str(tmp_path / "journal.jsonl"))
    assert sorted(json.loads(ended.stdout)["updated"]) == sorted(HELD)
    again = project.costack("stacks", "up", "--journal", str(tmp_path / "journal.jsonl"))
    assert json.loads(again.stdout)["updated_before"] == list(HELD)
    assert physical(project, HELD) == before
    assert holdings(project.clients()) == cloud
    assert statement(project, "local") == told
    project.costack("stacks", "split", "--back", "--yes")
    project.up("--suppress-outputs")
    assert physical(project, ("local",)) == before
    assert holdings(project.clients()) == cloud
    assert statement(project, "local") == told
    stored = yaml.safe_load((project.folder / "stacks" / "Pulumi.local.yaml").read_text(encoding="utf-8"))
    assert "costack:stack" not in stored["config"]


def test_a_change_is_for_the_stacks_that_pulumi_would_change(project: Project, tmp_path: Path) -> None:
    """After it has been split once more; the others see nothing of what happens to one."""
    project.costack("stacks", "split", "--yes")
    project.costack("stacks", "up", "--parallel", "2")
    portfolio = project.folder / "portfolios" / "local"
    before = shutil.copytree(portfolio, tmp_path / "local")
    with project.edited("portfolios/local/tenants/acme.yaml", "acme.odoo", "acme.erp"):
        order = project.costack("stacks", "order", "--base-folder", str(before))
        assert json.loads(order.stdout) == [["local-cell-1"]]
        assert [stack for stack in HELD if changes(project, stack)] == ["local-cell-1"]
        project.costack("stacks", "up", "--base-folder", str(before))
        assert [stack for stack in HELD if changes(project, stack)] == []
    others = tuple(stack for stack in HELD if stack != "local-cell-2")
    held = physical(project, others)
    project.pulumi("destroy", "--yes", "--skip-preview", "--stack", "local-cell-2")
    assert physical(project, ("local-cell-2",)) == {}
    assert physical(project, others) == held
    assert [stack for stack in others if changes(project, stack)] == ["local-cell-1"]  # the edit is undone
