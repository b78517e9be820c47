from __future__ import annotations

import os
from contextlib import suppress
from datetime import date
from pathlib import Path
from subprocess import CalledProcessError

import pytest

from allocation.adapters.git import Git
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
    with pytest.raises(CatalogError, match=r"--base: .* is no revision that git knows"):
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


@pytest.mark.parametrize("inner", ["a", "a/b"])
def test_a_repository_inside_another_is_refused(repository: Path, inner: str) -> None:
    """Of a submodule a pull request chooses the commits; so the inner one is never taken unasked."""
    (repository / "a" / "b" / "c").mkdir(parents=True)
    git(repository, "init", "-q", "-b", "main", str(repository / inner))
    with pytest.raises(CatalogError, match=f"the git repository .*/{inner} is inside the one of .*; compare"):
        read(repository / "a" / "b" / "c")


def test_a_file_that_points_at_a_repository_is_refused(repository: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--bare", str(repository), str(tmp_path / "another"))
    (repository / "a" / ".git").write_text(f"gitdir: {tmp_path / 'another'}\n", encoding="utf-8")
    with pytest.raises(CatalogError, match=r"/a is inside the one of .*/repository; compare with a folder"):
        read(repository / "a")


def test_who_owns_the_inner_repository_says_so_by_gits_own_variable(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(repository, "init", "-q", "-b", "main", str(repository / "a"))
    (repository / "a" / "b").mkdir()
    (repository / "a" / "b" / "one").write_text("inner", encoding="utf-8")
    git(repository / "a", "add", ".")
    git(repository / "a", "commit", "-q", "-m", "first")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(repository))
    assert read(repository / "a" / "b")[0] == "inner"


def test_git_is_asked_at_the_top_and_nowhere_above(repository: Path, tmp_path: Path) -> None:
    """A folder `.git` that is none must not send git to a repository above it."""
    git(tmp_path, "init", "-q", "-b", "main", ".")
    (tmp_path / ".git" / "HEAD").rename(tmp_path / ".git" / "AWAY")
    (repository / ".git" / "HEAD").unlink()
    with pytest.raises(CatalogError, match="--base: "):
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


def marking(folder: Path, name: str) -> str:
    """A command that a configuration names; whether it ran is seen by the file `ran-NAME` in *folder*."""
    script = folder / f"{name}.sh"
    script.write_text(f"#!/bin/sh\ntouch '{folder}/ran-{name}'\nexit 1\n", encoding="utf-8")
    script.chmod(0o755)
    return str(script)


def ran(folder: Path) -> list[str]:
    """The commands of `marking` that ran."""
    return sorted(each.name.removeprefix("ran-") for each in folder.glob("ran-*"))


COMMANDS = (
    *("core.fsmonitor", "core.pager", "core.sshCommand", "core.askPass", "credential.helper"),
    *("diff.external", "diff.loud.textconv", "diff.loud.command"),
    *("filter.loud.clean", "filter.loud.smudge", "filter.loud.process"),
    *("alias.rev-parse", "alias.cat-file", "alias.ls-tree", "pager.cat-file", "pager.ls-tree"),
    "remote.origin.uploadpack",
)


def test_no_command_of_a_configuration_runs(repository: Path, tmp_path: Path) -> None:
    (repository / ".gitattributes").write_text("* filter=loud diff=loud\n", encoding="utf-8")
    git(repository, "add", ".")
    commit(repository, "then")
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for name in ("post-index-change", "post-checkout", "reference-transaction", "pre-auto-gc"):
        Path(marking(tmp_path, f"hook-{name}")).rename(hooks / name)
    git(repository, "config", "core.hooksPath", str(hooks))
    for key in COMMANDS:
        git(repository, "config", key, marking(tmp_path, key))
    assert read(repository / "a")[0] == "then"
    assert ran(tmp_path) == []
    # They would: a question that we never ask runs some of them, and they fail.
    with suppress(CalledProcessError):
        git(repository, "status", "--short")
    assert "core.fsmonitor" in ran(tmp_path)


def test_a_partial_clone_is_not_completed_by_a_command_of_its_configuration(
    repository: Path, tmp_path: Path
) -> None:
    """Git would fetch what is missing there, with the program that the configuration names."""
    blob = git(repository, "rev-parse", "main:a/one")
    for key, value in (
        ("core.repositoryFormatVersion", "1"),
        ("extensions.partialClone", "origin"),
        ("remote.origin.promisor", "true"),
        ("remote.origin.url", f"file://{tmp_path / 'nowhere'}"),
        ("remote.origin.uploadpack", marking(tmp_path, "uploadpack")),
    ):
        git(repository, "config", key, value)
    (repository / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(CatalogError, match=r"--base: main: git has no content of a/one; fetch it first\?"):
        read(repository / "a")
    assert ran(tmp_path) == []


def test_what_stands_for_another_object_does_not_count(repository: Path) -> None:
    """A reference under `refs/replace` may come with a fetch of all references."""
    first = git(repository, "rev-parse", "main")
    git(repository, "replace", first, commit(repository, "in its place"))
    git(repository, "update-ref", "refs/heads/main", first)
    assert git(repository, "show", "main:a/one") == "in its place"
    text, base = read(repository / "a")
    assert (text, base.commit) == ("then", first)


def test_a_tag_with_the_name_of_a_branch_is_not_taken_for_it(repository: Path) -> None:
    git(repository, "stash", "-q")
    first = git(repository, "rev-parse", "main")
    git(repository, "update-ref", "refs/remotes/origin/main", first)
    git(repository, "tag", "origin/main", first)
    assert read(repository / "a", "origin/main")[1].commit == first
    git(repository, "tag", "-f", "origin/main", commit(repository, "as the tag says"))
    for revision in ("origin/main", "origin/main~0", "origin/main^{commit}"):
        with pytest.raises(
            CatalogError,
            match=r"is refs/tags/origin/main and refs/remotes/origin/main, which are different commits; name",
        ):
            read(repository / "a", revision, tip=True)
    assert read(repository / "a", "refs/remotes/origin/main", tip=True)[0] == "then"


def test_a_git_that_lies_where_costack_was_started_is_not_run(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path(marking(tmp_path, "git")).rename(repository / "git")
    monkeypatch.chdir(repository)
    monkeypatch.setenv("PATH", f".{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(CatalogError, match=r"PATH finds git as \./git; expected no relative folder on PATH"):
        read(repository / "a")
    assert ran(tmp_path) == []


def test_git_is_asked_nothing_that_reads_a_working_tree(repository: Path) -> None:
    asked = Git.around(repository / "a", "--base")
    for question in ("archive", "diff", "status", "checkout", "show", "-c", "--exec-path=x"):
        with pytest.raises(ValueError, match="expected one of cat-file, ls-tree, merge-base, rev-parse"):
            asked.ask(question, "HEAD")


def test_a_folder_behind_a_link_is_refused(repository: Path, tmp_path: Path) -> None:
    """Its target would choose another folder of the base, or none, so that nothing seems to change."""
    git(repository, "stash", "-q")
    (repository / "copy").mkdir()
    (repository / "copy" / "one").write_text("copied", encoding="utf-8")
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "a copy")
    (repository / "a").rename(repository / "away")
    (repository / "a").symlink_to("copy")
    for folders in (["a"], ["copy", "a"]):
        with (
            pytest.raises(
                CatalogError, match=r"/a: lies behind a link; expected a folder of the working tree"
            ),
            revision_of("main", [repository / each for each in folders]),
        ):
            pass
    outside = tmp_path / "outside"
    outside.symlink_to(repository / "copy")
    with pytest.raises(CatalogError, match="/outside: lies behind a link"):
        read(outside)


def test_a_working_tree_behind_a_link_is_that_tree(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "linked").symlink_to(repository)
    assert read(tmp_path / "linked" / "a")[0] == "then"


def test_a_folder_may_be_called_like_an_option(repository: Path) -> None:
    (repository / "-d").mkdir()
    (repository / "-d" / "one").write_text("then", encoding="utf-8")
    git(repository, "add", ".")
    commit(repository, "one more")
    assert read(repository / "-d")[0] == "then"


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
