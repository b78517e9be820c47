from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from allocation.adapters.git_revision import revision_of
from tiers.errors import CatalogError


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
    subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository whose only commit holds `a/one` with the text `then`; the working tree says `now`."""
    root = tmp_path / "repository"
    (root / "a").mkdir(parents=True)
    (root / "a" / "one").write_text("then", encoding="utf-8")
    git(tmp_path, "init", "-q", "-b", "main", str(root))
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "first")
    (root / "a" / "one").write_text("now", encoding="utf-8")
    (root / "b").mkdir()
    return root


def test_a_folder_is_as_it_was_and_gone_afterwards(repository: Path) -> None:
    with revision_of("main", [repository / "a"]) as then:
        there = then.folders[repository / "a"]
        assert there.is_relative_to(then.root)
        assert (there / "one").read_text(encoding="utf-8") == "then"
    assert not there.exists()
    assert (repository / "a" / "one").read_text(encoding="utf-8") == "now"


def test_what_was_not_there_or_lies_outside_is_left_out(repository: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    with revision_of("main", [repository / "b", outside, repository / "a"]) as then:
        assert set(then.folders) == {repository / "a"}


@pytest.mark.parametrize("revision", ["nowhere", "--help", "main:a", "-n", ""])
def test_a_revision_git_does_not_know_is_reported(repository: Path, revision: str) -> None:
    with (
        pytest.raises(CatalogError, match="is no folder and no revision that git knows"),
        revision_of(revision, [repository / "a"]),
    ):
        pass


def test_a_folder_in_no_repository_is_reported(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="not a git repository"), revision_of("main", [tmp_path]):
        pass


def test_without_git_a_folder_can_be_named(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(CatalogError, match="git is not on PATH"), revision_of("main", [repository / "a"]):
        pass
