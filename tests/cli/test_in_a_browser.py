"""Every page of a report in a real browser: what its markup alone cannot tell."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from allocation.runs.report_folder import Extras, write_report
from tests.allocation.metrics import of_cache, of_server
from tests.allocation.offers import SERVERS, reserved_server
from tests.allocation.showbacks import moved
from tests.bench.reports import MOST_PIXELS
from tests.browser import Browser, complaints, first_screen, height_of, opened, pages_of, printed
from tests.cli.reporting import billed_report
from tests.sampling import asks_for_every

pytestmark = pytest.mark.browser
MOVED = "moved"
"""A month after another in which a tenant moved; the others are billed months of golden scenarios."""
PAGES_OF = {MOVED: 9, "small-firm-shared": 7, "mid-market-hybrid": 6, "enterprise-dedicated": 6}
MOST_SHEETS = 4
# All of them have the same kinds of pages: `make torture` reads every one.
REPORTS = tuple(PAGES_OF) if os.environ.get("COSTACK_EVERY_ELEMENT") else (MOVED, "mid-market-hybrid")


@pytest.fixture(scope="module", params=REPORTS)
def report(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    return _moved(folder) if request.param == MOVED else billed_report(request.param, folder, *_sized(folder))


def _sized(folder: Path) -> tuple[object, ...]:
    """Options by which a report has the tables of servers and caches, and of commitments."""
    metrics = [*of_server("platform/database", 15, 130, 1.25), *of_cache("platform/cache", 3, 140)]
    for name, answer in (
        ("metrics", {"MetricDataResults": metrics}),
        ("offers", {SERVERS: [reserved_server()]}),
    ):
        (folder / f"{name}.json").write_text(json.dumps(answer), encoding="utf-8")
    return "--metrics", folder / "metrics.json", "--offers", folder / "offers.json"


def _moved(folder: Path) -> Path:
    write_report(moved(), Extras(({}, None)), folder / "2026-12")
    return folder / "2026-12"


@pytest.mark.sample(1)
def test_everybody_can_read_every_page(
    browser: Browser, report: Path, request: pytest.FixtureRequest
) -> None:
    found, pages = {}, sorted(report.rglob("*.html"))
    for path in pages if asks_for_every() else _one_of_each_kind(pages):
        with opened(browser, path) as page:
            if heard := complaints(page):
                found[path.stem] = heard
            if (sheets := pages_of(printed(page))) > MOST_SHEETS:
                found[f"{path.stem} on paper"] = [f"{sheets} sheets"]
    assert found == {}
    assert len(pages) == PAGES_OF[request.node.callspec.params["report"]]


def _one_of_each_kind(pages: list[Path]) -> list[Path]:
    """The pages, of clients only the first and the last."""
    clients = [path for path in pages if path.parent.name == "account"]
    return [path for path in pages if path not in clients[1:-1]]


SCREENS = ((1280, 800), (390, 844))
"""Of a desk and of a telephone."""
QUESTIONS = {
    "index": ("bill", "margin", "more than in 2026-11", "is allocated to 7 tenants", "due: "),
    "finance": ("fees", "margin", "fees changed for these reasons", "idle capacity takes", "never booked"),
    "engineering": ("idle", "Most is idle of nodes", "due: ", "no restore test", "not proven: meridian"),
    "quarterly": ("decisions open", "margin", "cost of a tenant", "not proven: meridian", "sign-off.yaml"),
    "account/acme-consulting": (
        "fee", "more than in 2026-11", "moved from Shared namespace", "The fee covers all", "restore test",
    ),
}  # fmt: skip
"""What answers the five questions of whoever opens a page: docs/reports.md has the questions."""


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_first_screen_answers_five_questions_and_has_three_figures_and_a_picture(
    browser: Browser, tmp_path: Path, name: str
) -> None:
    path = _moved(tmp_path) / f"{name}.html"
    for width, height in SCREENS:
        with opened(browser, path, width=width) as page:
            seen, figures, pictures = first_screen(page, height)
            long = height_of(page)
        assert [words for words in QUESTIONS[name] if words not in seen] == [], (width, seen)
        assert (figures, pictures) == (3, 1), width
        assert width > 390 or long < MOST_PIXELS
