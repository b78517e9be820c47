from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from allocation.prices.price_book import DIRECTORY, read_price_file
from cli.actions.costs.prices import UpdateRequest, update_prices
from cli.console.exit_codes import Exit
from cli.main import app
from tests.allocation.adapters.price_list.offer_files import BACKUP, RDS, S3, VERSION, Offer, database
from tests.allocation.adapters.price_list.price_server import serving
from tests.allocation.adapters.usage.server import answering
from tests.portfolios import ROOT

SMALL = "RDS PostgreSQL db.t4g.small"


@pytest.fixture
def book(tmp_path: Path) -> Path:
    folder = tmp_path / "book"
    shutil.copytree(DIRECTORY, folder)
    return folder


def prices(*arguments: object) -> Any:
    return CliRunner().invoke(app, ["prices", *map(str, arguments)])


def test_lint_lists_what_every_region_prices() -> None:
    said = prices("lint")
    assert said.exit_code == Exit.OK, said.output
    rows = {line.split()[0]: line.split()[1:] for line in said.stdout.splitlines() if line.strip()}
    assert rows["region"] == ["prices", "priced", "classes", "unpriced", "classes", "oldest", "price"]
    assert rows["eu-west-1"][1:3] == ["15", "0"]
    assert rows["eu-central-1"][1:3] == ["9", "6"]
    assert "eu-central-1: no price for RDS PostgreSQL db.r7g.large Single-AZ, " in said.stdout
    assert "eu-west-1: no price for" not in said.stdout
    assert "is an example; find the real price" in said.stderr
    assert "are older than a year" in said.stderr
    assert "exactly twice" in said.stderr


def test_lint_of_a_broken_book_tells_everything_and_fails(book: Path) -> None:
    house = book / "house.yaml"
    text = house.read_text(encoding="utf-8")
    house.write_text(
        text.replace('"60"', "-1", 1).replace("confidence: example", "confidence: sure", 1), "utf-8"
    )
    (book / "aws-eu-west-1.yaml").write_text("not: a price file\n", encoding="utf-8")
    said = prices("lint", "--prices", book)
    assert said.exit_code == Exit.CONFIGURATION
    assert "house.yaml:9: prices.0.price: " in said.stderr
    assert "house.yaml:9: prices.0.confidence: " in said.stderr
    assert "aws-eu-west-1.yaml:1: " in said.stderr
    assert "us-east-1" in said.stdout  # what is right is shown all the same


def test_explain_says_everything_about_a_price() -> None:
    said = prices("explain", "AmazonRDS", "db.t4g.small multi", "--region", "us-east-1")
    assert said.exit_code == Exit.OK
    facts = dict(line.split(None, 1) for line in said.stdout.splitlines())
    assert (facts["item"], facts["price"], facts["confidence"]) == (f"{SMALL} Multi-AZ", "0.065", "A")
    assert {"source", "where", "date", "sku", "unit"} <= facts.keys()


def test_several_hits_are_all_listed() -> None:
    said = prices("explain", "AmazonRDS", "db.t4g.small", "--region", "us-east-1", "-o", "json")
    assert [fact["item"] for fact in json.loads(said.stdout)] == [f"{SMALL} Multi-AZ", f"{SMALL} Single-AZ"]


def test_an_unknown_price_is_one_sentence_with_its_neighbours() -> None:
    said = prices("explain", "AmazonRDS", "RDS PostgreSQL db.t4g.smal Single-AZ", "--region", "us-east-1")
    assert (said.exit_code, said.stdout) == (Exit.ERROR, "")
    assert said.stderr.startswith(
        "AmazonRDS 'RDS PostgreSQL db.t4g.smal Single-AZ' has no price in us-east-1; did you mean "
        "'RDS PostgreSQL db.t4g.small Single-AZ', "
    )
    assert said.stderr.count("\n") == 1
    assert prices("explain", "Nobody", "x", "--region", "us-east-1").stderr == (
        "Nobody 'x' has no price in us-east-1\n"
    )


def update(book: Path, *arguments: object, region: str = "us-east-1") -> Any:
    return prices("update", "--region", region, "--prices", book, *arguments)


def test_a_region_is_brought_up_to_date_from_a_server(book: Path) -> None:
    with answering(serving(RDS, BACKUP)) as server:
        said = update(book, "--url", server.url, "--service", "AmazonRDS", "--service", "AWSBackup")
    assert said.exit_code == Exit.OK, said.stderr
    file = read_price_file(book / "aws-us-east-1.yaml")
    by_item = {price.item: price for price in file.prices}
    assert (by_item[f"{SMALL} Multi-AZ"].sku, by_item[f"{SMALL} Multi-AZ"].confidence) == ("PGSMALL2", "A")
    assert by_item["EFS warm backup"].source == f"AWSBackup-{VERSION}"
    assert set(file.offers) == {f"AmazonRDS-{VERSION}", f"AWSBackup-{VERSION}"}
    assert "kept: AmazonRDS RDS PostgreSQL db.t4g.medium Multi-AZ 0.129, of 2026-08-31" in said.stderr
    assert said.stdout.splitlines()[-1].startswith(f"{book}/aws-us-east-1.yaml: 0 changed, 0 new, ")


def test_what_changed_is_printed(book: Path, tmp_path: Path) -> None:
    dearer = database("PGSMALL1", "InstanceUsage:db.t4g.small", "0.0330000000")
    new = database("PGNEW001", "EU-InstanceUsage:db.m7g.8xlarge", "1.5000000000")
    path = Offer("AmazonRDS", [dearer, new]).written(tmp_path)
    said = update(book, "--file", path)
    assert said.stdout.splitlines()[0] == f"AmazonRDS {SMALL} Single-AZ: 0.032 -> 0.033 USD per hour"


def test_a_price_that_a_region_did_not_have_is_new(book: Path, tmp_path: Path) -> None:
    medium = database("PGMEDIUM", "EUC1-InstanceUsage:db.t4g.medium", "0.0770000000")
    said = update(book, "--file", Offer("AmazonRDS", [medium]).written(tmp_path), region="eu-central-1")
    expected = "AmazonRDS RDS PostgreSQL db.t4g.medium Single-AZ: new -> 0.077 USD per hour"
    assert said.stdout.splitlines()[0] == expected


def test_twice_changes_nothing(book: Path, tmp_path: Path) -> None:
    files = ("--file", RDS.written(tmp_path), "--file", S3.written(tmp_path, ".json"))
    first = update(book, *files)
    data = (book / "aws-us-east-1.yaml").read_bytes()
    second = update(book, *files)
    assert (first.exit_code, second.exit_code) == (Exit.OK, Exit.OK)
    assert (book / "aws-us-east-1.yaml").read_bytes() == data
    assert second.stdout.splitlines()[-1].endswith("; nothing to write")
    assert "->" not in second.stdout


def test_another_file_may_be_written(book: Path, tmp_path: Path) -> None:
    before = (book / "aws-us-east-1.yaml").read_bytes()
    out = tmp_path / "new" / "prices.yaml"
    said = update(book, "--file", RDS.written(tmp_path), "--out", out)
    assert said.exit_code == Exit.OK
    assert read_price_file(out).region == "us-east-1"
    assert (book / "aws-us-east-1.yaml").read_bytes() == before


def test_a_region_without_a_file_gets_one(book: Path, tmp_path: Path) -> None:
    (book / "aws-eu-north-1.yaml").unlink()
    small = database("PGSMALL1", "EUN1-InstanceUsage:db.t4g.small", "0.0310000000")
    said = update(book, "--file", Offer("AmazonRDS", [small]).written(tmp_path), region="eu-north-1")
    assert said.exit_code == Exit.OK, said.stderr
    assert [price.item for price in read_price_file(book / "aws-eu-north-1.yaml").prices] == [
        f"{SMALL} Single-AZ"
    ]


def test_two_skus_stop_the_update_and_the_book_stays(book: Path, tmp_path: Path) -> None:
    before = {path.name: path.read_bytes() for path in book.iterdir()}
    twin = database("PGTWIN01", "InstanceUsage:db.t4g.small", "0.0330000000")
    said = update(book, "--file", Offer("AmazonRDS", [*RDS.products, twin]).written(tmp_path))
    assert said.exit_code == Exit.ERROR
    assert "means 2 SKUs, expected one: PGSMALL1" in said.stderr
    assert {path.name: path.read_bytes() for path in book.iterdir()} == before


def test_another_regions_offer_is_refused(book: Path, tmp_path: Path) -> None:
    said = update(book, "--file", RDS.written(tmp_path), region="eu-west-1")
    assert said.exit_code == Exit.ERROR
    assert "holds no price of eu-west-1 that a rule reads; does it list another region?" in said.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--service", "AmazonSNS"), Exit.CONFIGURATION, "--service 'AmazonSNS': no rule reads this offer"),
        (("--file", "none.csv"), Exit.ERROR, "none.csv: no such file"),
        (
            ("--url", "http://127.0.0.1:1", "--service", "awskms"),
            Exit.ERROR,
            "could not be reached (ConnectError)",
        ),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    book: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], code: Exit, message: str
) -> None:
    monkeypatch.setattr("allocation.adapters.price_list.fetching._ATTEMPTS", 1)
    said = update(book, *arguments)
    assert (said.exit_code, said.stdout, said.stderr.count("\n")) == (code, "", 1)
    assert message in said.stderr


@pytest.mark.whole("two seconds of a server that is busy")
def test_nothing_but_the_sentence_is_said_while_it_asks_again(book: Path) -> None:
    program = (
        "from allocation.adapters.price_list import fetching\n"
        "fetching._ATTEMPTS = 2\n"
        "from cli.main import main\n"
        "main()"
    )
    arguments = ("prices", "update", "--region", "us-east-1", "--service", "awskms", "--prices", str(book))
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments, "--url", "http://127.0.0.1:1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (Exit.ERROR, "", 1)


def test_a_region_that_is_unknown_is_refused(book: Path) -> None:
    said = update(book, region="everywhere")
    assert said.exit_code == Exit.ERROR
    assert "--region 'everywhere': the prefix of its usage types is unknown" in said.stderr


def test_an_offer_of_something_else_or_given_twice_is_refused(book: Path, tmp_path: Path) -> None:
    other = Offer("AmazonSNS").written(tmp_path)
    assert "is offer AmazonSNS; expected one of AWSBackup, " in update(book, "--file", other).stderr
    path = RDS.written(tmp_path)
    assert "offer AmazonRDS is given twice" in update(book, "--file", path, "--file", path).stderr


def test_progress_is_for_people(
    book: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with answering(serving(RDS)) as server:
        request = UpdateRequest("us-east-1", ("AmazonRDS",), server.url, prices=book)
        update_prices(request, show_progress=True)
        assert "\r\x1b[KAmazonRDS: 0 MB\r\x1b[K" in capsys.readouterr().err.replace(" of 0", "")
        update_prices(request, show_progress=False)
        assert "MB" not in capsys.readouterr().err
