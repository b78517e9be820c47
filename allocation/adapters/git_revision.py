"""Folders of a commit of a git repository, such as the one a pull request started from."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from allocation.adapters.git import Git
from allocation.preview.base import Base, BaseKind
from tiers.errors import CatalogError
from tiers.files import UnreadableError, read_bytes
from tiers.strict_yaml import MAX_FILE_BYTES

_FILES: Final = ("100644", "100755")
_RUNS_A_PREVIEW: Final = b"costack preview"
_PIPELINE: Final = re.compile(rb"((\.[^/]+|ci)/.+|[^/]+)\.ya?ml|Jenkinsfile|Makefile")
"""Where pipelines lie: `.github/workflows`, `.gitlab-ci.yml`, what is at the top with it, and the like."""
_PLACES: Final = ("refs/", "refs/tags/", "refs/heads/", "refs/remotes/")
"""Where git looks for a short name, in its order (gitrevisions)."""


class Revision(NamedTuple):
    """The files of a commit: their root, the folders that exist in it, and which commit it is.

    `pipelines` names the files that run `costack preview` there, and are other ones in the working tree.
    """

    root: Path
    folders: dict[Path, Path]
    base: Base
    git: Git
    pipelines: tuple[str, ...] = ()

    def add(self, folder: Path) -> None:
        """Bring another *folder* of the working tree, if the commit has it.

        Raises:
            CatalogError: As `revision_of`.
        """
        path = _inside(self.git, folder)
        if path is not None and _write(self.git, self.base, path, self.root):
            self.folders[folder] = self.root / path


@contextmanager
def revision_of(revision: str, folders: Sequence[Path], *, tip: bool = False) -> Iterator[Revision]:
    """The *folders* of the merge base of HEAD and *revision*, in a temporary place.

    Args:
        revision: A branch, tag or commit.
        folders: Folders of the first one's repository; those that the commit does not have are left out.
        tip: Whether to take *revision* itself instead.

    Raises:
        CatalogError: When git is missing, the folder is in no repository, the revision is unknown, there is
            no merge base, or a folder holds what is no regular file.
    """
    git = Git.around(folders[0], "--base-tip" if tip else "--base")
    base = _tip(git, revision) if tip else _merge_base(git, revision)
    inside = {each: path for each in folders if (path := _inside(git, each)) is not None}
    if folders[0] not in inside:
        raise _behind_a_link(git, folders[0])
    with TemporaryDirectory(prefix="costack-") as scratch:
        # A portfolio at the top of its repository keeps the folder that its name is compared with.
        root = Path(scratch) / git.top.name
        known = {each: root / path for each, path in inside.items() if _write(git, base, path, root)}
        yield Revision(root, known, base, git, tuple(_changed_pipelines(git, base)))


def changed_files(revision: str, folder: Path) -> tuple[str, ...]:
    """The files of HEAD that are new, other or gone since *revision*, seen from *folder*, in order.

    Files outside *folder* begin with `../`.

    Raises:
        CatalogError: When git is missing, *folder* is in no repository, or the revision is unknown.
    """
    git = Git.around(folder, "--base")
    here = _inside(git, folder)
    if here is None:
        raise _behind_a_link(git, folder)
    then, now = ({*_entries(git, _commit(git, each))} for each in (revision, "HEAD"))
    paths = {entry.partition(b"\t")[2].decode("utf-8", "surrogateescape") for entry in then ^ now}
    return tuple(sorted(os.path.relpath(path, here) for path in paths))


def _entries(git: Git, commit: str) -> list[bytes]:
    """A line of `git ls-tree` for each file, link and submodule of a commit."""
    listed = git.ask("ls-tree", "-r", "-z", "--full-tree", "--end-of-options", commit)
    return [entry for entry in listed.split(b"\0") if entry]


def _inside(git: Git, folder: Path) -> Path | None:
    """Where *folder* is in the working tree by its name; None outside.

    A link in a folder's place, which a pull request may bring, would choose which folder of the base is read.

    Raises:
        CatalogError: When it lies behind a link in the working tree.
    """
    named = Path(os.path.abspath(folder))  # noqa: PTH100 - without following links, as `resolve` does
    tops = [each for each in (named, *named.parents) if each.resolve() == git.top]
    if not tops:
        return None
    path = named.relative_to(tops[-1])
    if named.resolve() != git.top / path:
        raise _behind_a_link(git, folder)
    return path


def _behind_a_link(git: Git, folder: Path) -> CatalogError:
    return CatalogError(
        f"{git.option}: {folder}: lies behind a link; expected a folder of the working tree, because in the "
        "base the link is another folder, or none"
    )


def _tip(git: Git, revision: str) -> Base:
    commit = _commit(git, revision)
    return Base(BaseKind.TIP, revision, commit, _day(git, commit))


def _merge_base(git: Git, revision: str) -> Base:
    theirs, ours = _commit(git, revision), _commit(git, "HEAD")
    found = (git.tell("merge-base", "--all", "--end-of-options", ours, theirs) or b"").decode().split()
    shallow = git.ask("rev-parse", "--is-shallow-repository").strip() == b"true"
    if not found and shallow:
        raise CatalogError(
            f"--base: HEAD and {revision} have no commit in common in this shallow clone; fetch more of the "
            "history, with `git fetch --deepen=100` or `git fetch --unshallow`, and run it again, or compare "
            f"with its tip (--base-tip {revision})"
        )
    if not found:
        raise CatalogError(
            f"--base: HEAD and {revision} have no commit in common: their histories are unrelated; compare "
            f"with its tip (--base-tip {revision})"
        )
    return Base(BaseKind.MERGE_BASE, revision, found[0], _day(git, found[0]), len(found), shallow)


def _commit(git: Git, revision: str) -> str:
    """The whole name of the commit that *revision* names."""
    if revision != "HEAD":
        _refuse_ambiguous(git, revision)
    found = _verified(git, revision)
    if found is not None:
        return found
    if revision == "HEAD":
        raise CatalogError(f"{git.option}: {git.top}: HEAD has no commit yet; commit something first")
    named = revision and Path(revision).is_dir()
    folder = f"; to compare with the folder: --base-folder {revision}" if named else ""
    raise CatalogError(f"{git.option}: '{revision}' is no revision that git knows; fetch it first?{folder}")


def _refuse_ambiguous(git: Git, revision: str) -> None:
    """Refuse a name that a tag and a branch share: git would take the tag, which anybody may have pushed.

    Raises:
        CatalogError: When several references of that name are different commits.
    """
    name = re.split(r"[~^:]|@\{", revision, maxsplit=1)[0]
    found = {f"{place}{name}": _verified(git, f"{place}{name}") for place in _PLACES} if name else {}
    known = {place: commit for place, commit in found.items() if commit is not None}
    if len(set(known.values())) > 1:
        raise CatalogError(
            f"{git.option}: '{revision}' is {' and '.join(known)}, which are different commits; "
            "name one in full"
        )


def _verified(git: Git, revision: str) -> str | None:
    named = f"{revision}^{{commit}}"
    found = git.tell("rev-parse", "--verify", "--quiet", "--end-of-options", named)
    return None if found is None else found.decode().strip()


def _day(git: Git, commit: str) -> date:
    """The day of the commit in UTC: the same words on every machine."""
    heads = git.ask("cat-file", "--end-of-options", "commit", commit).partition(b"\n\n")[0].splitlines()
    (committed,) = (line for line in heads if line.startswith(b"committer "))
    return datetime.fromtimestamp(int(committed.rsplit(b" ", 2)[1]), UTC).date()


def _changed_pipelines(git: Git, base: Base) -> Iterator[str]:
    """The pipelines that run a preview, by the base, and are different or no regular file by now."""
    listed = git.ask("ls-tree", "-r", "-z", "--full-tree", "--end-of-options", str(base.commit))
    entries = [each for each in listed.split(b"\0") if _PIPELINE.fullmatch(each.partition(b"\t")[2])]
    files = dict(_file(git, base, each) for each in entries if each.startswith(b"100"))
    contents = _contents(git, files.values())
    for name, blob in files.items():
        then = contents.get(blob, b"")
        if _RUNS_A_PREVIEW in then and _text(then) != _read(git.top / name):
            yield name


def _read(path: Path) -> bytes | None:
    if path.is_symlink():
        return None
    try:
        return _text(read_bytes(path, MAX_FILE_BYTES))
    except UnreadableError:
        return None


def _text(content: bytes) -> bytes:
    """*content* with the line ends of the repository; git may write others into a working tree."""
    return content.replace(b"\r\n", b"\n")


def _contents(git: Git, blobs: Iterable[str]) -> dict[str, bytes]:
    names = "\n".join(dict.fromkeys(blobs))
    return _blobs(git.ask("cat-file", "--batch", given=f"{names}\n".encode())) if names else {}


def _write(git: Git, base: Base, path: Path, root: Path) -> bool:
    """Write the folder *path* of the commit under *root*, byte by byte; whether the commit has it."""
    inside = () if path == Path() else (path.as_posix(),)
    listed = git.ask("ls-tree", "-r", "-z", "--full-tree", "--end-of-options", str(base.commit), *inside)
    files = dict(_file(git, base, entry) for entry in listed.split(b"\0") if entry)
    contents = _contents(git, files.values())
    for name, blob in files.items():
        if blob not in contents:
            raise CatalogError(f"{git.option}: {base.name}: git has no content of {name}; fetch it first?")
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(contents[blob])
    return bool(files)


def _file(git: Git, base: Base, entry: bytes) -> tuple[str, str]:
    """Path and blob of a line of `git ls-tree`."""
    about, _, raw = entry.partition(b"\t")
    mode, _, blob = about.decode().split(" ")
    name = raw.decode("utf-8", errors="surrogateescape")
    if mode not in _FILES or {"..", ".git"} & set(PurePosixPath(name).parts) or name.startswith("/"):
        shown = raw.decode("utf-8", errors="replace")
        raise CatalogError(
            f"{git.option}: {base.name}: {shown} is no regular file there; expected no links or submodules "
            "in the folders of portfolio, catalog, prices and rules"
        )
    return name, blob


def _blobs(batch: bytes) -> dict[str, bytes]:
    """The contents by blob, from the output of `git cat-file --batch` (git-cat-file, batch output)."""
    found: dict[str, bytes] = {}
    place = 0
    while place < len(batch):
        end = batch.index(b"\n", place)
        blob, kind, *size = batch[place:end].decode().split(" ")
        place = end + 1
        if kind == "blob":
            found[blob] = batch[place : place + int(size[0])]
            place += int(size[0]) + 1
    return found
