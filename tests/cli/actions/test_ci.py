"""`costack ci`: pipelines for a portfolio, and the stacks that a change is for."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from cli.console.exit_codes import Exit
from cli.main import app
from tests.portfolios import LOCAL
from tests.repositories import git


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["ci", *arguments])


@pytest.fixture
def firm(tmp_path: Path) -> Path:
    """A project of one's own with two portfolios, each of a stack, in a folder of a repository."""
    top = tmp_path / "firm"
    project = top / "hosting"
    for name in ("alps", "nordic"):
        shutil.copytree(LOCAL, project / "portfolios" / name)
        platform = project / "portfolios" / name / "platform.yaml"
        platform.write_text(
            platform.read_text("utf-8").replace("portfolio: local", f"portfolio: {name}"), "utf-8"
        )
        (project / "stacks").mkdir(exist_ok=True)
        stack = project / "stacks" / f"Pulumi.{name}-1.yaml"
        stack.write_text(f"config:\n  costack:portfolio: {name}\n", encoding="utf-8")
    # The first one has sandboxes only.
    for file in (project / "portfolios" / "alps" / "tenants").glob("*.yaml"):
        if "environment: production" in file.read_text(encoding="utf-8"):
            file.unlink()
    git(tmp_path, "init", "-q", "-b", "main", "firm")
    git(top, "add", ".")
    git(top, "commit", "-q", "-m", "base")
    return project


def written(folder: Path) -> dict[str, str]:
    there = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in there}


@pytest.mark.parametrize(
    ("host", "where", "count"),
    [("github", ".github/workflows", 6), ("gitlab", ".gitlab/costack", 6), ("operator", "operator", 1)],
)
def test_a_project_gets_pipelines_of_its_own_portfolio(firm: Path, host: str, where: str, count: int) -> None:
    before = written(firm)
    done = run("init", str(firm), "--host", host, "--portfolio", "alps")
    assert done.exit_code == Exit.OK, done.output
    new = {name: text for name, text in written(firm).items() if name not in before}
    assert len(new) == count
    assert {str(Path(name).parent) for name in new} == {where}
    together = "".join(new.values())
    assert "@@" not in together
    assert "alps-1" in together
    assert "make setup" not in together
    assert "local" not in together.replace("useLocalStackOnly", "")
    for text in new.values():
        assert list(yaml.safe_load_all(text))


def test_nothing_is_overwritten_and_then_nothing_written(firm: Path) -> None:
    mine = firm / ".github" / "workflows" / "update.yml"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine", encoding="utf-8")
    before = written(firm)
    done = run("init", str(firm), "--portfolio", "alps")
    assert done.exit_code == Exit.CONFIGURATION
    assert done.stderr.startswith(f"{mine}: exists already")
    assert written(firm) == before


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ((), "name the portfolio with --portfolio"),
        (("--portfolio", "nope"), "has no platform.yaml"),
        (("--portfolio", "alps", "--stack", "a: b"), "--stack: 'a: b': expected a name of letters"),
    ],
)
def test_what_is_not_known_is_asked_for(firm: Path, options: tuple[str, ...], problem: str) -> None:
    before = written(firm)
    done = run("init", str(firm), *options)
    assert done.exit_code == Exit.CONFIGURATION
    assert problem in done.stderr
    assert written(firm) == before


def test_a_portfolio_of_two_stacks_asks_for_one(firm: Path) -> None:
    shutil.copy(firm / "stacks" / "Pulumi.alps-1.yaml", firm / "stacks" / "Pulumi.alps-2.yaml")
    done = run("init", str(firm), "--portfolio", "alps")
    assert done.exit_code == Exit.CONFIGURATION
    assert "stack files that name portfolio alps: alps-1, alps-2" in done.stderr
    assert run("init", str(firm), "--portfolio", "alps", "--stack", "alps-2").exit_code == Exit.OK


def stacks(firm: Path, base: str = "HEAD~1") -> list[str]:
    done = run("stacks", "--base", base, "-C", str(firm), "-o", "json")
    assert done.exit_code == Exit.OK, done.output
    found = [each["stack"] for each in json.loads(done.stdout)]
    assert run("stacks", "--base", base, "-C", str(firm), "-o", "names").stdout.split() == found
    return found


def commit(firm: Path, file: str, text: str | None) -> None:
    path = firm / file
    if text is None:
        path.unlink()
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    git(firm.parent, "add", "--all", ".")
    git(firm, "commit", "-q", "-m", "change")


def test_a_change_updates_the_stacks_of_its_portfolio(firm: Path) -> None:
    file = "portfolios/nordic/tenants/acme.yaml"
    commit(firm, file, (firm / file).read_text(encoding="utf-8") + "budget_per_month: 900.00\n")
    assert stacks(firm) == ["nordic-1"]
    assert stacks(firm, "HEAD") == []
    assert stacks(firm, "0") == ["alps-1", "nordic-1"]  # sandboxes first
    commit(firm, file, None)
    assert stacks(firm) == ["nordic-1"]
    commit(firm, "requirements.txt", "costack\n")
    assert stacks(firm) == ["alps-1", "nordic-1"]
    commit(firm, "../website/index.html", "<p>\n")
    assert stacks(firm) == []
    assert stacks(firm, "HEAD~3") == ["alps-1", "nordic-1"]


def test_what_is_not_committed_is_no_change(firm: Path) -> None:
    commit(firm, "README.md", "A firm.\n")
    (firm / "requirements.txt").write_text("costack\n", encoding="utf-8")
    assert stacks(firm) == []


def test_a_revision_that_is_unknown_is_no_empty_list(firm: Path) -> None:
    done = run("stacks", "--base", "nope", "-C", str(firm), "-o", "names")
    assert done.exit_code == Exit.CONFIGURATION
    assert done.stdout == ""
    assert "'nope' is no revision that git knows" in done.stderr


def test_the_table_says_why(firm: Path) -> None:
    commit(firm, "requirements.txt", "costack\n")
    shown = run("stacks", "--base", "HEAD~1", "-C", str(firm)).stdout
    assert "requirements.txt" in shown
    assert "nordic-1" in shown
