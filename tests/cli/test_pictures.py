"""The documentation's pictures show what the pages say today; `make screenshots` takes them anew."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from allocation.runs.report_folder import Extras, write_report
from tests.allocation.showbacks import moved
from tests.browser import Browser
from tests.cli.pictures import WIDTH, Picture, chunks, size_of, texts_of, with_texts
from tests.portfolios import ROOT

ACCOUNT = Picture("report-account", "account/acme-consulting.html", "header")
INDEX = Picture("report-index", "index.html", "header")
PICTURES = (ACCOUNT, INDEX)
MOST_BYTES = 150 * 1024


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("report") / "2026-12"
    write_report(moved(), Extras(({}, None)), out)
    return out


@pytest.mark.browser
@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)
def test_a_picture_shows_the_page_of_today(browser: Browser, report: Path, picture: Picture) -> None:
    if os.environ.get("UPDATE_SCREENSHOTS"):
        picture.take(browser, report)
    png = picture.path.read_bytes()
    assert texts_of(png) == picture.today(browser, report), "stale: run `make screenshots`, and look at it"
    width, height = size_of(png)
    assert width == WIDTH
    assert 250 < height < 1_200
    assert len(png) <= MOST_BYTES


@pytest.mark.browser
def test_the_picture_of_an_account_answers_why(browser: Browser, report: Path) -> None:
    words = ACCOUNT.today(browser, report)["Words"]
    assert words.startswith("acme-consulting, 2026-12: ")
    assert "more than in 2026-11: acme moved from Shared namespace to Dedicated database." in words
    assert "What the fee covers" not in words


def test_the_documentation_shows_every_picture() -> None:
    pages = [(ROOT / "README.md"), *(ROOT / "docs").glob("*.md")]
    shown = " ".join(path.read_text(encoding="utf-8") for path in pages)
    committed = {path.name for path in (ROOT / "docs" / "images").iterdir()}
    assert committed == {picture.path.name for picture in PICTURES}
    assert [name for name in sorted(committed) if f"images/{name})" not in shown] == []


def test_a_picture_keeps_its_texts_and_its_pixels() -> None:
    png = ACCOUNT.path.read_bytes()
    told = with_texts(png, {"Note": "a word \N{EURO SIGN}"})
    assert texts_of(told) == {**texts_of(png), "Note": "a word \N{EURO SIGN}"}
    assert [each for each in chunks(told) if each[0] == b"IDAT"] == [
        each for each in chunks(png) if each[0] == b"IDAT"
    ]
    assert list(chunks(told))[-1] == (b"IEND", b"")


def test_what_is_no_whole_picture_is_told() -> None:
    png = ACCOUNT.path.read_bytes()
    with pytest.raises(ValueError, match="it is no PNG"):
        list(chunks(b"GIF89a"))
    with pytest.raises(ValueError, match="is broken"):
        list(chunks(png[:-20]))
