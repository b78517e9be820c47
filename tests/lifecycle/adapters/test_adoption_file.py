from __future__ import annotations

import hashlib
import os
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from lifecycle.adapters.adoption_file import (
    faults_of_dump,
    read_adoption,
    tenant_files,
    write_adoption,
    write_tenant_file,
)
from lifecycle.adoption.phase import Phase
from lifecycle.adoption.state import FILE, AdoptedTenant, Adoption, DumpFile, LegacyDump, SignOff
from tests.lifecycle.adoption.estates import adoption, after, confirmed, judged, row
from tests.portfolios import ROOT, catalog
from tiers.errors import CatalogError

SIGNED = SignOff(by="dana", when=date(2026, 11, 30), why='she said: "never #1 again"')


def made() -> Adoption:
    rows = (row("Acme GmbH"), row("fjord", 3))
    adopted = AdoptedTenant(
        spellings=(confirmed("Acme GmbH"),), tier="dedicated-db", signed_off={Phase.LOAD: SIGNED}
    )
    started = adoption(rows, acme=adopted)
    return after(started, judged(started, rows))


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    assert write_adoption(tmp_path, made(), "")
    read, text = read_adoption(tmp_path)
    assert read == made()
    assert write_adoption(tmp_path, read, text) == text
    assert (tmp_path / FILE).read_text(encoding="utf-8") == text
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o644  # people review it together


def test_what_people_wrote_stays_to_the_letter(tmp_path: Path) -> None:
    write_adoption(tmp_path, made(), "")
    path = tmp_path / FILE
    text = path.read_text(encoding="utf-8").replace(
        "  fjord:\n", "  # ask Ola first\n  fjord:\n    tier: ha-postgresql\n"
    )
    path.write_text(text, encoding="utf-8")
    read, text = read_adoption(tmp_path)
    other = read.model_copy(update={"headroom_percent": 50})
    assert write_adoption(tmp_path, other, text)
    again = path.read_text(encoding="utf-8")
    assert again == text.replace("headroom_percent: 25", "headroom_percent: 50")
    assert "  # ask Ola first\n  fjord:\n" in again


def test_a_file_that_somebody_changed_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    write_adoption(tmp_path, made(), "")
    read, text = read_adoption(tmp_path)
    path = tmp_path / FILE
    theirs = text.replace("headroom_percent: 25", "headroom_percent: 40")
    path.write_text(theirs, encoding="utf-8")
    other = read.model_copy(update={"headroom_percent": 50})
    with pytest.raises(CatalogError, match="was changed while costack worked"):
        write_adoption(tmp_path, other, text)
    assert path.read_text(encoding="utf-8") == theirs
    with pytest.raises(CatalogError, match="was changed while costack worked"):
        write_adoption(tmp_path, other, "")


@pytest.mark.parametrize("dies_at", ["mkstemp", "fdopen", "fsync", "replace"])
@pytest.mark.parametrize("there", ["new", ""])
def test_an_end_at_any_call_leaves_the_file_whole(
    dies_at: str, there: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = ""
    if there:
        write_adoption(tmp_path, made(), "")
        before = read_adoption(tmp_path)[1]

    def dies(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    place = {"mkstemp": tempfile, "replace": Path}.get(dies_at, os)
    with monkeypatch.context() as patched:
        patched.setattr(place, dies_at, dies)
        with pytest.raises(KeyboardInterrupt):
            write_adoption(tmp_path, made().model_copy(update={"headroom_percent": 50}), before)
    left = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    assert left == ({FILE: before} if there else {})
    assert write_adoption(tmp_path, made().model_copy(update={"headroom_percent": 50}), before)


def test_a_killed_writer_leaves_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    """A child process ends at the very call, without a clean-up of its own."""
    write_adoption(tmp_path, made(), "")
    read, text = read_adoption(tmp_path)
    for call in ("fsync", "replace"):
        child = os.fork()
        if not child:
            ends = lambda *_: os._exit(9)  # noqa: E731
            setattr(Path if call == "replace" else os, call, ends)
            write_adoption(tmp_path, read.model_copy(update={"headroom_percent": 50}), text)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
        assert read_adoption(tmp_path) == (read, text)
    assert write_adoption(tmp_path, read.model_copy(update={"headroom_percent": 50}), text)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("by: dana, when: 2026-11-29", "by: dana", "by and when go together"),
        ("tier: dedicated-db", "tire: dedicated-db", "did you mean tier?"),
        ("load: {", "statement: {", "signed_off.statement: cannot be signed off"),
        (
            "headroom_percent: 25",
            "headroom_percent: 900",
            "headroom_percent: expected a number of at most 400",
        ),
        ("status: open", "status: maybe", "expected 'open', 'blocked' or 'done'"),
    ],
)
def test_a_mistake_is_a_sentence_with_its_line(old: str, new: str, told: str, tmp_path: Path) -> None:
    write_adoption(tmp_path, made(), "")
    path = tmp_path / FILE
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CatalogError) as error:
        read_adoption(tmp_path)
    assert error.value.problems[0].startswith(f"{path}:")
    assert told in str(error.value)


def test_without_a_file_the_way_to_one_is_told(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="begin with `costack adopt start"):
        read_adoption(tmp_path)


def dump(folder: Path, content: bytes = b"dump") -> LegacyDump:
    for name in ("db.dump", "filestore.tar"):
        (folder / name).write_bytes(content)
    size, digest = len(content), hashlib.sha256(content).hexdigest()
    database, filestore = (
        DumpFile(file=name, bytes=size, sha256=digest) for name in ("db.dump", "filestore.tar")
    )
    return LegacyDump(database=database, filestore=filestore)


def test_a_dump_is_what_was_named(tmp_path: Path) -> None:
    named = dump(tmp_path)
    assert faults_of_dump(tmp_path, named, whole=True) == ()
    (tmp_path / "db.dump").write_bytes(b"dumb")
    [fault] = faults_of_dump(tmp_path, named, whole=True)
    assert fault.startswith(f"dump.database: {tmp_path / 'db.dump'}: expected sha256 ")
    assert faults_of_dump(tmp_path, named, whole=False) == ()
    (tmp_path / "db.dump").write_bytes(b"dum")
    [fault] = faults_of_dump(tmp_path, named, whole=False)
    assert fault.endswith("expected 4 bytes, found 3")
    (tmp_path / "db.dump").unlink()
    os.mkfifo(tmp_path / "db.dump")
    (tmp_path / "filestore.tar").unlink()
    assert [each.rpartition(": ")[2] for each in faults_of_dump(tmp_path, named, whole=True)] == [
        "expected a regular file, found a pipe",
        "no such file",
    ]


def test_a_tenants_file_is_new_whole_and_valid(tmp_path: Path) -> None:
    text = (ROOT / "portfolios/local/tenants/acme.yaml").read_text(encoding="utf-8")
    path = write_tenant_file(tmp_path, "acme", text)
    assert path.read_text(encoding="utf-8") == text
    with pytest.raises(CatalogError, match="exists already; nothing is overwritten"):
        write_tenant_file(tmp_path, "acme", text.replace("8", "9"))
    with pytest.raises(CatalogError, match=r"other\.yaml:\d+: tenants: is not a known key"):
        write_tenant_file(tmp_path, "other", f"{text}tenants: x\n")
    assert [each.name for each in (tmp_path / "tenants").iterdir()] == ["acme.yaml"]


def test_each_mistake_of_a_file_is_its_tenants(tmp_path: Path) -> None:
    tenants = tmp_path / "tenants"
    tenants.mkdir()
    local = ROOT / "portfolios/local"
    (tmp_path / "platform.yaml").write_bytes((local / "platform.yaml").read_bytes())
    text = (local / "tenants/acme.yaml").read_text(encoding="utf-8")
    (tenants / "acme.yaml").write_text(text.replace("us-east-1", "eu-west-1"), encoding="utf-8")
    (tenants / "fjord.yaml").write_text("tenant: [", encoding="utf-8")
    found = tenant_files(tmp_path, catalog())
    assert [(name, each.tenant is None, len(each.problems)) for name, each in found.items()] == [
        ("acme", False, 1),
        ("fjord", True, 1),
    ]
    assert "is 'eu-west-1', but the platform is in 'us-east-1'" in found["acme"].problems[0]
