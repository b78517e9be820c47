"""A tenant's files from one file system to another: all of them, or the copy is refused."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.scripts import script
from tests.lifecycle.odoo import DATABASE, store
from tests.lifecycle.pods import Pods
from tests.postgres import OWNER, give

pytestmark = pytest.mark.postgres


@pytest.fixture
def places(pods: Pods) -> Iterator[tuple[Path, Path]]:
    """A directory with files in it, and an empty one on another file system."""
    source, target = pods.folder / "here", pods.folder / "there"
    filestore = source / "filestore" / DATABASE
    for number in range(40):
        store(filestore, f"content {number}".encode())
    store(filestore, b"")
    (source / "sessions" / "zo\u00eb's").mkdir(parents=True)
    (source / "sessions" / "zo\u00eb's" / "a session").write_text("x", encoding="utf-8")
    (source / ".costack-owner").write_text(OWNER, encoding="utf-8")
    target.mkdir()
    give(pods.folder)
    yield source, target
    for place in (source, target, pods.folder / "move"):
        shutil.rmtree(place, ignore_errors=True)


def copy(pods: Pods, places: tuple[Path, Path]) -> subprocess.CompletedProcess[str]:
    source, target = places
    return pods.run(script("filestore_copy.sh"), SOURCE=str(source), TARGET=str(target))


def contents(place: Path) -> dict[str, bytes]:
    return {str(path.relative_to(place)): path.read_bytes() for path in place.rglob("*") if path.is_file()}


@pytest.mark.sample(1)
def test_every_file_arrives_and_is_checked_by_its_name(pods: Pods, places: tuple[Path, Path]) -> None:
    done = copy(pods, places)
    assert done.returncode == 0, done.stderr
    size = 391 + len(OWNER)  # 42 files, and the one that says whose they are
    assert json.loads(done.stdout) == {"files": 43, "checked": 41, "bytes": size, "result": "ok"}
    assert contents(places[1]) == contents(places[0])
    assert copy(pods, places).returncode == 0


@pytest.mark.sample(1)
def test_an_older_copy_is_brought_up_to_date(pods: Pods, places: tuple[Path, Path]) -> None:
    source, target = places
    assert copy(pods, places).returncode == 0
    changed = next(path for path in sorted((target / "filestore").rglob("*")) if path.is_file())
    changed.write_bytes(b"damaged")
    store(source / "filestore" / DATABASE, b"new since then")
    give(source)
    assert copy(pods, places).returncode == 0
    assert contents(target) == contents(source)


def test_a_file_that_is_not_what_its_name_says_stops_the_move(pods: Pods, places: tuple[Path, Path]) -> None:
    source, _ = places
    wrong = next(path for path in sorted(source.rglob("*")) if path.is_file() and len(path.name) == 40)
    wrong.write_bytes(b"something else")
    done = copy(pods, places)
    assert done.returncode == 1
    assert wrong.name in done.stderr
    assert "files in the copy are not what their names say; it is not used" in done.stderr
    assert done.stdout == ""


def test_a_file_that_does_not_arrive_stops_the_move(pods: Pods, places: tuple[Path, Path]) -> None:
    lossy = pods.folder / "tools" / "tar"
    lossy.write_text(
        '#!/bin/bash\n/bin/tar "$@" || exit\n'
        'case "$*" in *-xf*) find "$2" -name "a session" -delete ;; esac\n',
        encoding="utf-8",
    )
    lossy.chmod(0o755)
    try:
        done = copy(pods, places)
    finally:
        lossy.unlink()
    assert done.returncode == 1
    assert "1 files are missing or have another size in the copy, such as sessions/" in done.stderr


def test_a_source_that_is_not_there_is_no_empty_one(pods: Pods, places: tuple[Path, Path]) -> None:
    shutil.rmtree(places[0])
    assert copy(pods, places).returncode != 0


def test_nothing_is_copied_over_the_files_of_somebody_else(pods: Pods, places: tuple[Path, Path]) -> None:
    source, target = places
    for place in (target, source):
        (place / ".costack-owner").write_text("local/newcomer/acme", encoding="utf-8")
        give(pods.folder)
        before = contents(target)
        done = copy(pods, places)
        assert done.returncode == 1
        assert (
            f"the files in {place} belong to local/newcomer/acme, and this tenant is {OWNER}" in done.stderr
        )
        assert contents(target) == before
        (target / ".costack-owner").unlink(missing_ok=True)


def test_a_copy_from_before_marks_goes_on_and_strange_files_stop_it(
    pods: Pods, places: tuple[Path, Path]
) -> None:
    source, target = places
    assert copy(pods, places).returncode == 0
    (target / ".costack-owner").unlink()
    half = next(path for path in sorted((target / "filestore").rglob("*")) if path.is_file())
    half.write_bytes(b"half")
    assert copy(pods, places).returncode == 0
    assert contents(target) == contents(source)
    (target / ".costack-owner").unlink()
    store(target / "filestore" / DATABASE, b"of somebody else")
    give(target)
    before = contents(target)
    done = copy(pods, places)
    assert done.returncode == 1
    assert f"{target} holds 1 files without an owner's mark that are not in {source}" in done.stderr
    assert contents(target) == before


def test_only_its_owner_empties_a_directory_and_the_mark_goes_last(pods: Pods) -> None:
    home = pods.folder / "odoo"
    kept = pods.folder / "kept"
    shutil.copytree(home, kept)
    owners = home / ".costack-owner"
    try:
        owners.write_text("local/newcomer/acme", encoding="utf-8")
        give(home)
        before = contents(home)
        refused = pods.run(script("filestore_empty.sh"))
        assert refused.returncode == 1
        assert "belong to local/newcomer/acme" in refused.stderr
        assert contents(home) == before
        owners.write_text(OWNER, encoding="utf-8")
        stopped = pods.folder / "tools" / "rm"  # killed before the last step
        stopped.write_text("#!/bin/bash\nexit 1\n", encoding="utf-8")
        stopped.chmod(0o755)
        assert pods.run(script("filestore_empty.sh")).returncode == 1
        assert list(contents(home)) == [".costack-owner"]
        stopped.unlink()
        assert pods.run(script("filestore_empty.sh")).returncode == 0
        assert list(home.iterdir()) == []
    finally:
        shutil.copytree(kept, home, dirs_exist_ok=True)
        owners.unlink(missing_ok=True)
        shutil.rmtree(kept)
        give(home)
