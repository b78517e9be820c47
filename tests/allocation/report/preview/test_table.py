from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

import pytest
from rich.console import Console

from allocation.preview.preview import Preview
from allocation.report.preview.document import document
from allocation.report.preview.table import closing_lines, preview_table
from tests.allocation.report.preview.reading import near
from tests.allocation.report.preview.shown import moved, nothing, thousand


def drawn(preview: Preview) -> list[list[str]]:
    """The cells of each row as a person reads them off the screen."""
    console = Console(width=300)
    with console.capture() as capture:
        console.print(preview_table(preview))
    lines = capture.get().splitlines()
    return [[cell.strip() for cell in re.split("[│┃]", line)[1:-1]] for line in lines if line[0] == "│"]


def amount(cell: str) -> Decimal:
    return Decimal(cell.replace(",", "") or 0)


@pytest.mark.parametrize("preview", range(6), indirect=True)
def test_what_is_shown_adds_up_and_is_the_documents(preview: Preview) -> None:
    *found, total = drawn(preview)
    exact = document(preview)
    tenants = {each["tenant"]: each for each in exact["tenants"]}
    for column in (3, 4, 5, 6, 7, 8, 9):
        assert sum(amount(row[column]) for row in found) == amount(total[column])
    for row in found:
        before, after, difference, fee, _, _, margin_after = map(amount, row[3:10])
        assert (difference, margin_after) == (after - before, fee - after)
        if row[0] in tenants:
            assert near(before, tenants[row[0]]["cost"]["before"])
            assert near(after, tenants[row[0]]["cost"]["after"])
            assert row[1] == tenants[row[0]]["kind"]
    assert near(amount(total[4]), exact["bill"]["after"])


def test_lines_under_the_table() -> None:
    lines = list(closing_lines(replace(moved(), notes=("one more node",))))
    does = [line for line in lines if line.startswith("what it does: ")]
    assert does == [f"what it does: {each.in_words}" for each in moved().effects]
    assert lines[len(does)].startswith("cobalt: promise: standard: at most 24 hours")
    assert any(re.match(r"cobalt: by domain: resilience \+[\d.]+, tenant-runtime \+", line) for line in lines)
    assert "cobalt: one-off: labour: 1 hour: 60.00" in lines
    assert "note: one more node" in lines
    assert any(line.startswith("unpriced: meridian/") for line in lines)
    assert lines[-1].endswith("+ unallocated 0.00, exactly")


def test_an_unknown_price_is_said() -> None:
    without = replace(moved(), one_off=tuple(replace(item, units=None) for item in moved().one_off))
    assert "cobalt: one-off: labour: 1 hour: unpriced" in list(closing_lines(without))


def test_nothing_has_no_differences() -> None:
    assert {row[5] for row in drawn(nothing())} == {"0.00"}


@pytest.mark.whole("the comment of a thousand tenants is made from the same rows")
def test_a_thousand_tenants_are_forty_rows() -> None:
    found = drawn(thousand())
    assert len(found) == 44
    assert found[40][0] == "960 more"
