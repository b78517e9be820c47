"""What breaks programs since the newest version tag, on repositories of git."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.plugin.since_tag import STORED, main
from tests.plugin.test_compatibility import BREAKING, HARMLESS, TODAY, changed


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A git repository with two tagged versions, of which only the second has a schema."""
    made = tmp_path / "repository"
    (made / "plugin").mkdir(parents=True)
    git(made, "init", "--quiet")
    commit(made, "README.md", "first")
    git(made, "tag", "v0.1.0")
    commit(made, "plugin/schema.json", json.dumps({**TODAY, "version": "0.2.0"}))
    git(made, "tag", "v0.2.0")
    git(made, "tag", "nightly")
    return made


def git(folder: Path, *arguments: str) -> None:
    author = ("-c", "user.name=t", "-c", "user.email=t@example.com")
    subprocess.run(["git", *author, *arguments], cwd=folder, check=True)


def commit(repository: Path, name: str, text: str) -> None:
    (repository / name).write_text(text, encoding="utf-8")
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "-m", name)


def release(repository: Path, version: str, schema: dict[str, Any]) -> None:
    commit(repository, "plugin/schema.json", json.dumps({**schema, "version": version}))


def test_a_change_is_compared_with_the_newest_tag_before_it(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def said(code: int) -> str:
        assert main(repository, tmp_path / "no-such-file") == code
        return capsys.readouterr().out

    release(repository, "0.2.1", changed(HARMLESS["an optional input"]))
    assert said(0) == "nothing breaks programs since v0.2.0\n"
    broken = changed(BREAKING["costack:index:TenantStack url is removed"])
    release(repository, "0.2.1", broken)
    assert said(1).splitlines() == [
        "costack:index:TenantStack url is removed",
        "breaks programs of v0.2.0: a version after 0.2.0 that may do so is needed",
    ]
    git(repository, "tag", "v0.2.1")
    assert said(1).startswith("costack:index:TenantStack url is removed"), "a release is no measure of itself"
    release(repository, "0.3.0", broken)
    assert said(0) == "nothing breaks programs since v0.2.1\n"
    git(repository, "tag", "--delete", "v0.2.1")
    assert said(0).splitlines()[1:] == [
        "version 0.3.0 may break programs of v0.2.0: tell them in CHANGELOG.md"
    ]


def test_a_clone_without_tags_is_compared_with_the_stored_schema(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    release(repository, "0.2.0", changed(BREAKING["costack:index:CostTagged is removed"]))
    git(repository, "tag", "--delete", "v0.2.0")
    assert main(repository) == 1
    assert f"breaks programs of {STORED}" in capsys.readouterr().out
    assert main(repository, repository / "none.json") == 2
    assert "none.json" in capsys.readouterr().err


def test_a_tag_whose_schema_is_broken_is_named(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    commit(repository, "plugin/schema.json", "{")
    git(repository, "tag", "v0.2.1")
    release(repository, "0.2.2", TODAY)
    assert main(repository) == 2
    assert "plugin/schema.json of the tag v0.2.1" in capsys.readouterr().err
