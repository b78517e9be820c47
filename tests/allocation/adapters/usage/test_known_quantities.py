from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from allocation.adapters.usage.known_quantities import Usage, read_usage
from allocation.estimate.assumptions import Given, KnownBy
from tests.portfolios import local_plan
from tiers.errors import CatalogError

TODAY = date(2026, 11, 30)


def read(folder: Path, *entries: str, day: date = TODAY) -> Usage:
    path = folder / "usage.yaml"
    path.write_text("usage:\n" + "".join(f"  - {{{entry}}}\n" for entry in entries))
    return read_usage(path, local_plan().all_facts(), day)


def test_a_quantity_is_said_of_a_line_and_how_it_is_known(tmp_path: Path) -> None:
    assert read(
        tmp_path,
        'fact: acme/traffic, line: internet, quantity: "120", source: measured',
        "fact: platform/nat, line: data, quantity: 33.25",
        "fact: platform/database, line: backup, quantity: 4, source: usage-file",
    ) == {
        ("acme/traffic", "internet"): Given(Decimal(120), KnownBy.MEASURED),
        ("platform/nat", "data"): Given(Decimal("33.25"), KnownBy.USAGE_FILE),
        ("platform/database", "backup"): Given(Decimal(4), KnownBy.USAGE_FILE),
    }


def test_a_file_may_say_nothing(tmp_path: Path) -> None:
    path = tmp_path / "usage.yaml"
    path.write_text("usage: []\n")
    assert read_usage(path, (), TODAY) == {}


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("fact: acme/trafic, line: internet, quantity: 1", "usage.1.fact: there is no 'acme/trafic'"),
        (
            "fact: acme/traffic, line: intranet, quantity: 1",
            "usage.1.line: acme/traffic has no line 'intranet'; there are inter-zone, internet",
        ),
        (
            "fact: acme/route, line: data, quantity: 1",
            "usage.1.line: acme/route has no line 'data'; there are none",
        ),
        ("fact: platform/nat, line: data, quantity: 2", "usage.1.line: platform/nat data is given twice"),
        (
            "fact: acme/traffic, line: internet, quantity: -1",
            "usage.1.quantity: expected a number of at least 0, found '-1'",
        ),
        (
            "fact: acme/traffic, line: internet, quantity: much",
            "usage.1.quantity: expected a number, found 'much'",
        ),
        (
            "fact: acme/traffic, line: internet, quantity: NaN",
            "usage.1.quantity: expected a number, found 'NaN'",
        ),
        (
            "fact: acme/traffic, line: internet, quantity: 0.0000001",
            "usage.1.quantity: expected a number with 6 decimals at most",
        ),
        (
            "fact: acme/traffic, line: internet, quantity: 1, source: guessed",
            "usage.1.source: expected ",
        ),
        ("fact: acme/traffic, line: internet", "usage.1.quantity: is missing"),
        ("fact: acme/traffic, line: internet, quantity: 1, unit: GB", "usage.1.unit: is not a known key"),
    ],
)
def test_a_mistake_is_reported_with_file_and_line(tmp_path: Path, entry: str, problem: str) -> None:
    with pytest.raises(CatalogError) as caught:
        read(tmp_path, "fact: platform/nat, line: data, quantity: 1", entry)
    (reported,) = caught.value.problems
    assert reported.startswith(f"{tmp_path}/usage.yaml:3: {problem}")


def test_some_lines_are_there_on_some_days_only(tmp_path: Path) -> None:
    entry = "fact: platform/control-plane, line: extended-support, quantity: 100"
    with pytest.raises(CatalogError, match="platform/control-plane has no line 'extended-support'"):
        read(tmp_path, entry)
    assert read(tmp_path, entry, day=date(2027, 3, 28))


def test_mistakes_without_end_are_counted(tmp_path: Path) -> None:
    with pytest.raises(CatalogError) as caught:
        read(tmp_path, *["fact: nobody/traffic, line: internet, quantity: 1"] * 23)
    assert len(caught.value.problems) == 21
    assert caught.value.problems[-1] == f"{tmp_path}/usage.yaml: and 3 more mistakes"
