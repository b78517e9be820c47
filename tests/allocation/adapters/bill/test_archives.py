from __future__ import annotations

import contextlib
import gzip
import zipfile
from pathlib import Path

import pytest

from allocation.adapters.bill import BillError
from allocation.adapters.bill.files.archives import unpacked
from allocation.adapters.bill.files.bill_file import is_bill
from allocation.adapters.deliveries import collect
from tests.allocation.adapters.bill.written import FOCUS, NOVEMBER, PLAIN, bill, parquet, read

HEADER = b"id,start,end,service,cost,currency\n"
ROW = b"1,2026-11-01,2026-11-02,S,1,USD\n"


def named(folder: Path) -> list[str]:
    """The files that are read when *folder* is given."""
    found = collect([folder], NOVEMBER, folder / "fetched", is_bill, lambda _: None)
    return [file.name for file in found.files]


def archive(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name, content)
    return path


@pytest.mark.parametrize("member", ["bill.csv", "../../bill.csv", "folder/bill", "bill.csv.gz"])
def test_the_one_bill_of_an_archive_is_read(tmp_path: Path, member: str) -> None:
    content = HEADER + ROW
    members = {"folder/": b"", member: gzip.compress(content) if member.endswith(".gz") else content}
    done = read(archive(tmp_path / "bill.csv.zip", members), into=tmp_path / "out")
    assert [charge["source"] for charge in done.charges] == ["bill.csv.zip"]
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["bill.csv.zip", "charges.parquet", "out"]


def test_parquet_in_an_archive(tmp_path: Path) -> None:
    made = parquet(bill(tmp_path / "focus.csv", [FOCUS]), "BilledCost::DECIMAL(18, 2) AS BilledCost")
    done = read(archive(tmp_path / "focus.zip", {"focus.parquet": made.read_bytes()}))
    assert done.intake.files[0].format == "FOCUS 1.0 Parquet"


def test_an_archive_of_several_files_is_no_bill(tmp_path: Path) -> None:
    for count, members in ((2, {"a.csv": HEADER, "b.csv": HEADER}), (0, {"folder/": b""})):
        file = archive(tmp_path / f"{count}.zip", members)
        with pytest.raises(
            BillError, match=rf"{count}\.zip: expected an archive of one bill, found {count} files"
        ):
            read(file)


def test_an_archive_that_is_cut_or_changed(tmp_path: Path) -> None:
    whole = archive(tmp_path / "bill.zip", {"bill.csv": HEADER + ROW * 99}).read_bytes()
    changed = bytearray(whole)
    changed[len(changed) // 4] ^= 1
    for content in (whole[:-10], bytes(changed)):
        (tmp_path / "bill.zip").write_bytes(content)
        with pytest.raises(BillError, match=r"^bill\.zip: is not whole: its ZIP archive"):
            read(tmp_path / "bill.zip")


@pytest.mark.parametrize(
    "kind", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
def test_whatever_is_changed_in_an_archive_is_said_in_a_sentence(tmp_path: Path, kind: int) -> None:
    file = tmp_path / "bill.zip"
    with zipfile.ZipFile(file, "w", kind) as made:
        made.writestr("bill.csv", HEADER + ROW)
    whole = file.read_bytes()
    for place in range(len(whole)):
        changed = bytearray(whole)
        changed[place] ^= 0x81
        file.write_bytes(changed)
        (tmp_path / "unpacked").unlink(missing_ok=True)
        with contextlib.suppress(BillError):
            unpacked("bill.zip", file, tmp_path / "unpacked")


def test_an_archive_with_a_password(tmp_path: Path) -> None:
    content = bytearray(archive(tmp_path / "bill.zip", {"bill.csv": HEADER + ROW}).read_bytes())
    for start in (content.index(b"PK\x03\x04") + 6, content.index(b"PK\x01\x02") + 8):
        content[start] |= 1  # the flag that says so
    (tmp_path / "bill.zip").write_bytes(content)
    with pytest.raises(BillError, match=r"bill\.zip: is locked with a password"):
        read(tmp_path / "bill.zip")


def test_an_archive_may_hold_so_many_times_its_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("allocation.adapters.bill.files.archives._LEAST_OF_MOST", 1000)
    file = archive(tmp_path / "bill.zip", {"bill.csv": HEADER + b"1,2,3\n" * 1_000_000})
    with pytest.raises(BillError, match=r"bill\.zip: holds more than [0-9,]+ bytes, .* give the CSV"):
        read(file, into=tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_compressed_bills_of_a_folder_are_found_whatever_they_are_called(tmp_path: Path) -> None:
    content = HEADER + ROW
    for name in ("a.csv.gz", "b.gz", "c", "d.CSV.GZIP"):
        (tmp_path / name).write_bytes(gzip.compress(content))
    archive(tmp_path / "e.zip", {"bill.csv": content})
    archive(tmp_path / "f", {"bill.csv": content})
    (tmp_path / "g.zip").write_bytes(b"what arrived of it")
    assert named(tmp_path) == ["a.csv.gz", "b.gz", "c", "d.CSV.GZIP", "e.zip", "f", "g.zip"]


def test_a_plain_bill_beside_them(tmp_path: Path) -> None:
    file = bill(tmp_path / "bill.csv", [PLAIN])
    assert (file.name, named(tmp_path)) == ("bill.csv", ["bill.csv"])


def test_what_macos_adds_to_an_archive_is_no_bill(tmp_path: Path) -> None:
    members = {"bill.csv": HEADER + ROW, "__MACOSX/._bill.csv": b"of the archiver"}
    assert read(archive(tmp_path / "bill.zip", members)).intake.charges == 1


def test_parquet_inside_gzip_is_named(tmp_path: Path) -> None:
    file = tmp_path / "bill.parquet.gz"
    file.write_bytes(gzip.compress(parquet(bill(tmp_path / "bill.csv", [PLAIN])).read_bytes()))
    with pytest.raises(BillError, match=r"bill\.parquet\.gz: expected CSV inside the gzip, found Parquet"):
        read(file)
