from __future__ import annotations

import os
import shutil
import socket
import stat
import threading
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from allocation.adapters.bill import ingest
from allocation.adapters.folders.filed_months import History
from allocation.adapters.folders.run import read_json as read_run
from allocation.adapters.price_list.offers import open_offer
from allocation.adapters.pulumi.preview import plans_of_preview
from allocation.adapters.pulumi.stack_files import stacks_of
from allocation.adapters.pulumi.stack_outputs import inventory_of_file
from allocation.adapters.usage.backup_manifests import counted_users
from allocation.adapters.usage.export import write_usage
from allocation.charges import ChargePeriod
from allocation.engine.rulebook import DIRECTORY as RULES
from allocation.engine.rulebook import rules_on
from allocation.errors import AllocationError
from allocation.prices.price_book import DIRECTORY as PRICES
from allocation.prices.price_book import load_price_book
from lifecycle.decommission.plan import read_plan, write_plan
from lifecycle.evidence import append
from lifecycle.evidence import read as read_evidence
from lifecycle.import_estate import read_rows
from tests.lifecycle.world import ending_plan, production
from tests.portfolios import LOCAL, catalog
from tiers.catalog.loading import CATALOG_DIRECTORY, load_catalog
from tiers.errors import CatalogError
from tiers.files import UnreadableError, opened, parsed_json, private, read_bytes, read_json, read_text
from tiers.portfolio.folders import file_of
from tiers.portfolio.loading import load_portfolio

HIDDEN = "A-WORD-NOBODY-SHOWS"
NOVEMBER = ChargePeriod.month("2026-11")
Reader = Callable[[Path], object]

FOLDERS: dict[str, tuple[Path, str, Reader]] = {
    "tenant": (LOCAL, "tenants/acme.yaml", lambda folder: load_portfolio(folder, catalog())),
    "platform": (LOCAL, "platform.yaml", lambda folder: load_portfolio(folder, catalog())),
    "tenant to change": (LOCAL, "tenants/acme.yaml", lambda folder: file_of(folder, "acme")),
    "tier": (CATALOG_DIRECTORY, "dedicated-db.yaml", load_catalog),
    "classes": (CATALOG_DIRECTORY, "classes.yaml", load_catalog),
    "prices": (PRICES, "aws-eu-west-1.yaml", lambda folder: load_price_book("USD", folder)),
    "prices of a region": (
        *(PRICES, "aws-eu-west-1.yaml"),
        lambda folder: load_price_book("USD", folder, ["eu-west-1"]),
    ),
    "rules": (RULES, "2026-11.yaml", lambda folder: rules_on(date(2026, 11, 1), folder)),
}
"""What a pull request may bring: the folder, a file of it, and who reads it."""

FILES: dict[str, Reader] = {
    "inventory": inventory_of_file,
    "preview": plans_of_preview,
    "run": read_run,
    "plan": read_plan,
    "evidence": read_evidence,
    "estate": read_rows,
    "manifest": lambda path: counted_users(path.parent, NOVEMBER),
    "price list": open_offer,
    "bill": lambda path: ingest(duckdb.connect(), [path], NOVEMBER, "USD"),
}
"""What a user names on the command line."""


def refusal(read: Reader, path: Path) -> str:
    """The sentence with which *read* refuses *path*; it must not wait for anybody."""
    said: list[str] = []

    def reading() -> None:
        try:
            read(path)
        except (CatalogError, AllocationError) as error:
            said.append(str(error))

    reader = threading.Thread(target=reading, daemon=True)
    reader.start()
    reader.join(30)
    assert not reader.is_alive(), "it waits"
    assert len(said) == 1
    return said[0]


@pytest.fixture
def folder(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    made = tmp_path / "local"
    shutil.copytree(FOLDERS[request.param][0], made, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    return made


@pytest.mark.parametrize(("folder", "what"), [(name, name) for name in FOLDERS], indirect=["folder"])
@pytest.mark.parametrize("way", ["link", "pipe", "folder"])
def test_a_pull_request_brings_regular_files_only(folder: Path, what: str, way: str, tmp_path: Path) -> None:
    _, name, read = FOLDERS[what]
    file, outside = folder / name, tmp_path / "outside"
    outside.mkdir()
    file.rename(outside / file.name)
    (outside / file.name).write_text(f"{HIDDEN}: [{HIDDEN}\n", encoding="utf-8")
    if way == "link":
        file.symlink_to(outside / file.name)
    elif way == "pipe":
        os.mkfifo(file)
    else:
        file.mkdir()
    said = refusal(read, folder)
    expected = {"pipe": "found a pipe", "folder": "found a folder"}.get(way, "is a link that leads out of")
    assert f"{file}: " in said
    assert expected in said
    assert HIDDEN not in said


def test_the_folder_of_tenants_is_no_link_out_of_the_portfolio(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(LOCAL, tmp_path / "local"))
    (folder / "tenants").rename(tmp_path / "elsewhere")
    (folder / "tenants").symlink_to(tmp_path / "elsewhere")
    said = refusal(lambda where: load_portfolio(where, catalog()), folder)
    assert said.count(f"is a link that leads out of {folder}") == len(list((LOCAL / "tenants").iterdir()))


@pytest.mark.parametrize("what", FILES)
@pytest.mark.parametrize(("way", "found"), [("pipe", "a pipe"), ("device", "a device")])
def test_what_a_user_names_is_a_regular_file(tmp_path: Path, what: str, way: str, found: str) -> None:
    file = tmp_path / "given.json"
    if way == "pipe":
        os.mkfifo(file)
    else:
        file.symlink_to(os.devnull)
    assert refusal(FILES[what], file).endswith(f"expected a regular file, found {found}") or (
        f"found {found};" in refusal(FILES[what], file)
    )


def test_a_file_of_the_folder_may_be_a_link_to_another_of_it(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "one").write_text("here", encoding="utf-8")
    (tmp_path / "linked").symlink_to("data/one")
    assert read_text(tmp_path / "linked", 10, within=tmp_path) == "here"


def test_a_user_may_keep_a_named_file_behind_a_link(tmp_path: Path) -> None:
    (tmp_path / "one.json").write_text("[1.50]", encoding="utf-8")
    (tmp_path / "linked").symlink_to("one.json")
    assert read_json(tmp_path / "linked", Decimal) == [Decimal("1.50")]


def test_links_in_a_circle_and_impossible_names_are_said(tmp_path: Path) -> None:
    (tmp_path / "circle").symlink_to("circle")
    with pytest.raises(UnreadableError, match="circle: cannot be read: its links lead in a circle"):
        read_bytes(tmp_path / "circle", 10)
    with pytest.raises(UnreadableError, match="cannot be read: no file can have this name"):
        read_bytes(Path("a\0b"), 10)
    with pytest.raises(UnreadableError, match="cannot be read: File name too long"):
        read_bytes(tmp_path / ("x" * 300), 10)


def test_a_socket_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        with pytest.raises(UnreadableError, match="socket: cannot be read"):
            read_bytes(Path("socket"), 10)


def test_more_is_not_read_than_the_bound(tmp_path: Path) -> None:
    file = tmp_path / "sparse"
    with file.open("wb") as stream:
        stream.truncate(1 << 40)
    with pytest.raises(UnreadableError, match=r"sparse: is larger than 1,000 bytes"):
        read_bytes(file, 1000)
    with opened(file) as stream:
        assert stream.read(3) == b"\0\0\0"


def test_json_is_bounded_before_it_is_made() -> None:
    with pytest.raises(UnreadableError, match=r"^there: has more than 3 values$"):
        parsed_json("[1, 2, 3, 4]", "there", most=3)
    assert parsed_json("[1, 2]", "there", most=3) == [1, 2]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": [', "there:1: is not JSON: Expecting value; make it"),
        ("9" * 5000, "there: holds a number that is too large; make it"),
    ],
)
def test_what_is_no_json_is_said_in_a_sentence(text: str, said: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        parsed_json(text, "there", remedy="make it")
    assert str(caught.value) == said


def test_a_number_that_decimal_does_not_take_is_said() -> None:
    with pytest.raises(UnreadableError, match=r"^there: holds a number that is too large$"):
        parsed_json("[1e" + "9" * 30 + "]", "there", Decimal)


def test_json_that_is_too_deep_is_said() -> None:
    with pytest.raises(UnreadableError, match="there: is nested too deeply; make it"):
        parsed_json("[" * 100_000, "there", remedy="make it")


def test_a_stack_file_outside_the_project_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "Pulumi.dev.yaml").write_text(f"{HIDDEN}: [", encoding="utf-8")
    (tmp_path / "project" / "Pulumi.dev.yaml").symlink_to(tmp_path / "Pulumi.dev.yaml")
    with pytest.raises(CatalogError, match="is a link that leads out of") as caught:
        stacks_of("local", tmp_path / "project")
    assert HIDDEN not in str(caught.value)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
@pytest.mark.parametrize("there", [False, True])
def test_what_holds_details_is_read_by_its_owner_only(tmp_path: Path, umask: int, *, there: bool) -> None:
    written: dict[str, Callable[[Path], object]] = {
        "evidence": lambda path: append(path, {"at": "2026-11-01"}),
        "usage": lambda path: write_usage([], path),
        "plan": lambda path: write_plan(ending_plan(production()), path),
        "any": lambda path: private(path, "w").close(),
    }
    before = os.umask(umask)
    try:
        for name, write in written.items():
            path = tmp_path / name
            if there and name != "plan":  # a plan is never overwritten
                path.touch()
                path.chmod(0o666)
            write(path)
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, name
    finally:
        os.umask(before)


def test_a_filed_month_is_read_by_its_owner_only(tmp_path: Path) -> None:
    History(tmp_path).file(NOVEMBER, {"totals": {}, "tenants": []}, {}, {}, None)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "2026-11").iterdir()}
    assert modes == {0o600}
