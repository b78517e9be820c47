from __future__ import annotations

from decimal import Decimal

import pytest

from cli.console.preview_values import gates_of, month_of, what_if_of
from tiers.errors import CatalogError


def test_what_if_options_become_what_is_supposed() -> None:
    supposed = what_if_of(
        "acme", "dedicated-db", ["users=80", "dr_region="], ["all=ha-postgresql"], ["3:x"], add_capacity=True
    )
    assert supposed.settings == {"users": "80", "dr_region": ""}
    assert supposed.moves == {"all": "ha-postgresql"}
    assert supposed.more == ((3, "x"),)
    assert not supposed.nothing
    assert what_if_of(None, None, [], [], [], add_capacity=False).nothing


def test_gates_are_read_as_they_are_written() -> None:
    gates = gates_of(["50/mo", "10%"], "29.5%", no_changes=True)
    assert [limit.text for limit in gates.rise] == ["50/mo", "10%"]
    assert gates.margin_floor_percent == Decimal("29.5")
    assert gates.no_changes


@pytest.mark.parametrize("text", ["0:x", "٣:x", "100001:x", "3", "3:", ":x"])
def test_a_number_of_tenants_is_sensible(text: str) -> None:
    with pytest.raises(CatalogError, match="expected a number and a tier"):
        what_if_of(None, None, [], [], [text], add_capacity=False)


def test_a_month_is_a_month() -> None:
    assert month_of("2026-11").start.month == 11
    with pytest.raises(CatalogError, match="--period '2026-13': no such month exists"):
        month_of("2026-13")
