from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from lifecycle.evidence import BEGINNING, EvidenceError, append, files, read

DAY = "2026-11-24T12:00:00Z"


def test_what_is_appended_is_read(tmp_path: Path) -> None:
    path = tmp_path / "evidence.jsonl"
    first = append(path, {"at": DAY, "step": "dump", "client": "Zoë & Söhne"})
    second = append(path, {"at": DAY, "step": "destroy", "seconds": 1.5})
    assert read(path) == (
        {"at": DAY, "step": "dump", "client": "Zoë & Söhne", "before": BEGINNING},
        {"at": DAY, "step": "destroy", "seconds": 1.5, "before": first},
    )
    lines = path.read_bytes().splitlines()
    assert [hashlib.sha256(line).hexdigest() for line in lines] == [first, second]


def test_a_line_is_the_same_in_whatever_order_a_record_is_made(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    assert append(one, {"at": DAY, "a": 1}) == append(other, {"a": 1, "at": DAY})


def written(path: Path, count: int = 4) -> list[bytes]:
    for number in range(count):
        append(path, {"at": DAY, "step": number})
    return path.read_bytes().splitlines(keepends=True)


def test_every_line_changed_removed_repeated_or_moved_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "evidence.jsonl"
    lines = written(path)
    for index in range(len(lines) - 1):
        after = lines[index + 1 :]
        tampered = {
            "changed": [*lines[:index], lines[index].replace(b'"step":', b'"step":9'), *after],
            "removed": [*lines[:index], *after],
            "repeated": [*lines[: index + 1], lines[index], *after],
            "moved": [*lines[:index], lines[index + 1], lines[index], *after[1:]],
        }
        for content in tampered.values():
            path.write_bytes(b"".join(content))
            with pytest.raises(EvidenceError, match=r"evidence\.jsonl:\d+: the chain is broken here"):
                read(path)


def head_of(path: Path) -> Path:
    return path.with_name("evidence.jsonl.head")


@pytest.mark.parametrize("kept", [0, 1, 3])
def test_lines_cut_off_at_the_end_are_noticed_and_nothing_is_added(kept: int, tmp_path: Path) -> None:
    path = tmp_path / "evidence.jsonl"
    lines = written(path)
    path.write_bytes(b"".join(lines[:kept]))
    cut = path.read_bytes()
    for use in (lambda: read(path), lambda: append(path, {"at": DAY})):
        with pytest.raises(EvidenceError, match=f"evidence.jsonl: was cut off: it has {kept} lines, and"):
            use()
    assert path.read_bytes() == cut


def test_the_last_line_that_was_changed_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "evidence.jsonl"
    lines = written(path)
    path.write_bytes(b"".join([*lines[:-1], lines[-1].replace(b'"step":3', b'"step":9')]))
    for use in (lambda: read(path), lambda: append(path, {"at": DAY})):
        with pytest.raises(
            EvidenceError, match=r"evidence\.jsonl:4: is another line than evidence\.jsonl\.head"
        ):
            use()


def test_a_file_of_an_older_version_is_read_and_gets_its_head_with_the_next_line(tmp_path: Path) -> None:
    path = tmp_path / "evidence.jsonl"
    lines = written(path)
    head_of(path).unlink()
    path.write_bytes(b"".join(lines[:-1]))
    assert len(read(path)) == 3
    append(path, {"at": DAY})
    assert json.loads(head_of(path).read_text("utf-8"))["lines"] == 4
    assert head_of(path).stat().st_mode & 0o777 == 0o600


def test_a_writer_that_died_before_it_wrote_the_head_leaves_a_line_more(tmp_path: Path) -> None:
    path = tmp_path / "evidence.jsonl"
    written(path, 2)
    older = head_of(path).read_bytes()
    append(path, {"at": DAY})
    head_of(path).write_bytes(older)
    assert len(read(path)) == 3
    append(path, {"at": DAY})
    assert len(read(path)) == 4


def test_line_endings_of_windows_are_named_and_nothing_is_added(tmp_path: Path) -> None:
    path = tmp_path / "evidence.jsonl"
    converted = b"".join(written(path, 1)).replace(b"\n", b"\r\n")
    head_of(path).unlink()
    path.write_bytes(converted)
    for use in (lambda: read(path), lambda: append(path, {"at": DAY})):
        with pytest.raises(EvidenceError, match=r"evidence\.jsonl:1: ends as lines of Windows do"):
            use()
    assert path.read_bytes() == converted


def test_a_file_that_is_gone_and_left_its_head_is_neither_none_nor_begun_anew(tmp_path: Path) -> None:
    path, other = tmp_path / "evidence.jsonl", tmp_path / "other.jsonl"
    written(path)
    append(other, {"at": DAY})
    path.unlink()
    for use in (lambda: read(path), lambda: append(path, {"at": DAY})):
        with pytest.raises(
            EvidenceError, match=r"is missing, and evidence\.jsonl\.head says that it had 4 lines"
        ):
            use()
    assert not path.exists()
    assert files(tmp_path, ".jsonl") == {path, other}


@pytest.mark.parametrize("content", [b"", b"{}", b"not json", b'{"lines":0,"sha256":""}', b" " * 2000])
def test_a_head_that_cannot_be_read_is_not_none(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "evidence.jsonl"
    written(path)
    head_of(path).write_bytes(content)
    for use in (lambda: read(path), lambda: append(path, {"at": DAY})):
        with pytest.raises(EvidenceError, match=r"evidence\.jsonl\.head: "):
            use()


@pytest.mark.parametrize("kept", [1, 20, -1])
def test_a_line_its_writer_did_not_end_never_was(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "evidence.jsonl"
    lines = written(path, 3)
    longer = written(tmp_path / "longer")
    assert longer[:3] == lines
    path.write_bytes(b"".join(lines) + longer[-1][:kept])
    assert [record["step"] for record in read(path)] == [0, 1, 2]
    append(path, {"at": DAY, "step": "again"})
    assert [record["step"] for record in read(path)] == [0, 1, 2, "again"]


@pytest.mark.parametrize(
    "content", [b"not json\n", b"[]\n", b"{}\n", b'{"before":1}\n', b"\xff\n", b"[" * 9**5 + b"\n"]
)
def test_what_is_no_evidence_is_neither_read_nor_continued(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "evidence.jsonl"
    path.write_bytes(content)
    for use in (lambda: read(path), lambda: append(path, {"at": DAY})):
        with pytest.raises(EvidenceError, match=r"evidence\.jsonl:1: is not a line of evidence"):
            use()
    assert path.read_bytes() == content


def test_a_record_says_when_and_leaves_the_chain_alone(tmp_path: Path) -> None:
    for record in ({"step": "dump"}, {"at": DAY, "before": BEGINNING}):
        with pytest.raises(ValueError, match="its time under `at`"):
            append(tmp_path / "evidence.jsonl", record)
    with pytest.raises(ValueError, match="not JSON compliant"):
        append(tmp_path / "evidence.jsonl", {"at": DAY, "seconds": float("nan")})
    assert read(tmp_path / "evidence.jsonl") == ()


def test_what_cannot_be_opened_is_said(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="no such file"):
        read(tmp_path / "none")
    with pytest.raises(EvidenceError, match="cannot be written: No such file"):
        append(tmp_path / "none" / "evidence.jsonl", {"at": DAY})
    with pytest.raises(EvidenceError, match="cannot be written: Is a directory"):
        append(tmp_path, {"at": DAY})


def _write(path: Path, writer: int) -> None:
    for number in range(20):
        append(path, {"at": DAY, "writer": writer, "number": number})


def test_many_writers_make_one_chain(tmp_path: Path) -> None:
    path = tmp_path / "evidence.jsonl"
    spawning = multiprocessing.get_context("fork")
    writers = [spawning.Process(target=_write, args=(path, writer)) for writer in range(4)]
    for process in writers:
        process.start()
    for process in writers:
        process.join()
    records = read(path)
    assert len(records) == 80
    for writer in range(4):
        assert [record["number"] for record in records if record["writer"] == writer] == list(range(20))


def test_a_killed_writer_leaves_a_chain(tmp_path: Path) -> None:
    path = tmp_path / "evidence.jsonl"
    for _ in range(5):
        process = multiprocessing.get_context("fork").Process(target=_write, args=(path, 0))
        process.start()
        while not path.exists() or path.stat().st_size < 100:
            pass
        os.kill(process.pid or 0, signal.SIGKILL)
        process.join()
        before = len(read(path))
        append(path, {"at": DAY})
        assert len(read(path)) == before + 1
    assert all(json.loads(line) for line in path.read_text().splitlines())
