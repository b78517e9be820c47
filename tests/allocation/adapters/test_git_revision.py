from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from allocation.adapters.git_revision import revision_of
from allocation.preview.base import Base, BaseKind
from tests.repositories import git
from tiers.errors import CatalogError


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


def commit(root: Path, text: str) -> str:
    """The name of a new commit in which `a/one` is *text*."""
    (root / "a" / "one").write_text(text, encoding="utf-8")
    git(root, "commit", "-q", "-a", "-m", text)
    return git(root, "rev-parse", "HEAD")


def read(folder: Path, revision: str = "main", *, tip: bool = False) -> tuple[str, Base]:
    """The text of `one` in *folder* of the base, and what the base is."""
    with revision_of(revision, [folder], tip=tip) as then:
        return (then.folders[folder] / "one").read_text(encoding="utf-8"), then.base


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


def test_the_base_is_where_both_parted_and_the_tip_is_the_tip(repository: Path) -> None:
    first = git(repository, "rev-parse", "main")
    git(repository, "stash", "-q")
    git(repository, "switch", "-q", "-c", "change")
    commit(repository, "changed here")
    git(repository, "switch", "-q", "main")
    newest = commit(repository, "changed there")
    git(repository, "switch", "-q", "change")
    day = date(2026, 11, 27)
    assert read(repository / "a") == ("then", Base(BaseKind.MERGE_BASE, "main", first, day))
    assert read(repository / "a", tip=True) == ("changed there", Base(BaseKind.TIP, "main", newest, day))


def criss_cross(root: Path) -> None:
    """Two branches that took each other's first commit, so that both of these are merge bases."""
    git(root, "stash", "-q")
    git(root, "switch", "-q", "-c", "change")
    ours = commit(root, "ours")
    git(root, "switch", "-q", "main")
    theirs = commit(root, "theirs")
    git(root, "merge", "-q", "-s", "ours", "-m", "takes ours", ours)
    git(root, "switch", "-q", "change")
    git(root, "merge", "-q", "-s", "ours", "-m", "takes theirs", theirs)


def test_of_several_merge_bases_gits_own_choice_is_taken_and_said(repository: Path) -> None:
    criss_cross(repository)
    text, base = read(repository / "a")
    assert (base.commit, base.merge_bases) == (git(repository, "merge-base", "HEAD", "main"), 2)
    assert text == git(repository, "show", f"{base.commit}:a/one")
    assert "git chose it among 2 merge bases" in base.in_words


def test_a_shallow_clone_without_merge_base_says_what_to_fetch(repository: Path, tmp_path: Path) -> None:
    git(repository, "stash", "-q")
    git(repository, "switch", "-q", "-c", "change")
    commit(repository, "changed here")
    git(repository, "switch", "-q", "main")
    commit(repository, "changed there")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--depth=1", "--no-single-branch", f"file://{repository}", str(clone))
    git(clone, "switch", "-q", "change")
    with pytest.raises(CatalogError, match=r"in this shallow clone; fetch more .*`git fetch --deepen=100`"):
        read(clone / "a", "origin/main")
    git(clone, "fetch", "-q", "--deepen=100")
    text, base = read(clone / "a", "origin/main")
    assert (text, base.shallow) == ("then", False)


def test_a_shallow_clone_with_a_merge_base_says_that_it_is_shallow(repository: Path, tmp_path: Path) -> None:
    git(repository, "stash", "-q")
    for text in ("second", "third"):
        commit(repository, text)
    git(repository, "switch", "-q", "-c", "change")
    commit(repository, "changed here")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--depth=2", "--no-single-branch", f"file://{repository}", str(clone))
    text, base = read(clone / "a", "origin/main")
    assert (text, base.shallow) == ("third", True)
    assert "this clone is shallow" in base.in_words


def test_unrelated_histories_have_no_merge_base_and_a_tip(repository: Path) -> None:
    git(repository, "stash", "-q")
    git(repository, "switch", "-q", "--orphan", "other")
    (repository / "a").mkdir(exist_ok=True)
    (repository / "a" / "one").write_text("of another history", encoding="utf-8")
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "other")
    with pytest.raises(CatalogError, match="their histories are unrelated; compare with its tip"):
        read(repository / "a")
    assert read(repository / "a", tip=True)[0] == "then"


def test_a_repository_without_a_commit_is_reported(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main", ".")
    (tmp_path / "a").mkdir()
    with pytest.raises(CatalogError, match="no revision that git knows"):
        read(tmp_path / "a")


@pytest.mark.parametrize("revision", ["nowhere", "--help", "main:a", "-n", ""])
def test_a_revision_git_does_not_know_is_reported(repository: Path, revision: str) -> None:
    with pytest.raises(CatalogError, match=r"--base: .* is no folder and no revision that git knows"):
        read(repository / "a", revision)
    with pytest.raises(CatalogError, match=r"--base-tip: .* is no revision that git knows"):
        read(repository / "a", revision, tip=True)


def test_a_folder_in_no_repository_is_reported(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="not a git repository"), revision_of("main", [tmp_path]):
        pass


def test_without_git_a_folder_can_be_named(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(CatalogError, match="git is not on PATH"), revision_of("main", [repository / "a"]):
        pass


def test_a_folder_that_looks_like_a_repository_is_a_folder(repository: Path, tmp_path: Path) -> None:
    """The files that git keeps are there, as a pull request could bring them; git must not ask them."""
    strange = tmp_path / "strange"
    git(tmp_path, "init", "-q", "--bare", "-b", "main", str(strange))
    for each in sorted(strange.rglob("*")):
        if each.is_file():
            there = repository / "a" / each.relative_to(strange)
            there.parent.mkdir(parents=True, exist_ok=True)
            there.write_bytes(each.read_bytes())
    for folder in ("objects", "refs/heads"):
        (repository / "a" / folder).mkdir(parents=True, exist_ok=True)
    assert git(repository / "a", "rev-parse", "--is-bare-repository") == "true"
    assert read(repository / "a")[0] == "then"


def test_a_repository_inside_another_is_refused(repository: Path) -> None:
    git(repository, "init", "-q", "-b", "main", str(repository / "a"))
    with pytest.raises(CatalogError, match="is a git repository of its own inside the one of"):
        read(repository / "a")


def test_the_portfolio_may_be_the_top(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main", ".")
    (tmp_path / "one").write_text("then", encoding="utf-8")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "first")
    (tmp_path / "one").write_text("now", encoding="utf-8")
    assert read(tmp_path)[0] == "then"


def test_the_repository_is_the_folders_whatever_a_hook_has_set(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "another"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    assert read(repository / "a")[0] == "then"


def test_files_are_read_as_they_are_without_filters_or_substitutions(repository: Path) -> None:
    """Attributes of the commit could change what is read: a filter of the user's, a keyword, line ends."""
    git(repository, "config", "filter.loud.smudge", "tr a-z A-Z")
    attributes = "* filter=loud\none export-subst\n"
    (repository / ".gitattributes").write_text(attributes, encoding="utf-8")
    (repository / "a" / ".gitattributes").write_text(attributes, encoding="utf-8")
    git(repository, "add", ".")
    commit(repository, "$Format:%H$ as it is")
    assert read(repository / "a")[0] == "$Format:%H$ as it is"


@pytest.mark.parametrize("target", ["one", "../elsewhere"])
def test_a_link_is_refused(repository: Path, target: str) -> None:
    (repository / "a" / "two").symlink_to(target)
    git(repository, "add", ".")
    commit(repository, "a link")
    with pytest.raises(CatalogError, match="a/two is no regular file there; expected no links"):
        read(repository / "a")


def test_names_are_read_as_they_are(repository: Path) -> None:
    strange = repository / "a" / "with space\tand \N{SNOWMAN}"
    strange.write_text("odd", encoding="utf-8")
    git(repository, "add", ".")
    commit(repository, "then")
    with revision_of("main", [repository / "a"]) as then:
        assert (then.folders[repository / "a"] / strange.name).read_text(encoding="utf-8") == "odd"
