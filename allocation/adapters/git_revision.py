"""Folders of a revision of a git repository, such as the target branch of a pull request."""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from tiers.errors import CatalogError


class Revision(NamedTuple):
    """The files of a revision: its root, and the folders that exist in it."""

    root: Path
    folders: dict[Path, Path]


@contextmanager
def revision_of(revision: str, folders: Sequence[Path]) -> Iterator[Revision]:
    """The *folders* of *revision* in a temporary place.

    Args:
        revision: A branch, tag or commit.
        folders: Folders of the first one's repository; those that the revision does not have are left out.

    Raises:
        CatalogError: When git is missing, the folder is in no repository, or the revision is unknown.
    """
    top = Path(_git(folders[0], "rev-parse", "--show-toplevel").decode().strip())
    _git(
        top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}", about=revision
    )
    inside = {each: each.resolve().relative_to(top) for each in folders if each.resolve().is_relative_to(top)}
    known = {each: path for each, path in inside.items() if _holds(top, revision, path)}
    with TemporaryDirectory(prefix="costack-") as scratch:
        if known:
            packed = _git(top, "archive", "--format=tar", revision, "--", *map(str, known.values()))
            with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
                archive.extractall(scratch, filter="data")
        yield Revision(Path(scratch), {each: Path(scratch) / path for each, path in known.items()})


def _holds(top: Path, revision: str, path: Path) -> bool:
    return bool(_git(top, "ls-tree", "--name-only", revision, "--", str(path)).strip())


def _git(folder: Path, *arguments: str, about: str | None = None) -> bytes:
    try:
        done = subprocess.run(  # noqa: S603 - the arguments are a list, no shell reads them
            ["git", "-C", str(folder), *arguments],  # noqa: S607 - whichever git the user has
            capture_output=True,
            check=False,
        )
    except FileNotFoundError:
        raise CatalogError(
            "--base: git is not on PATH; install git, or name a folder instead of a revision"
        ) from None
    if done.returncode == 0:
        return done.stdout
    if about is not None:
        raise CatalogError(f"--base: '{about}' is no folder and no revision that git knows; fetch it first?")
    reason = " ".join(done.stderr.decode(errors="replace").split()).removeprefix("fatal: ")
    raise CatalogError(f"--base: {folder}: git says: {reason or 'nothing'}")
