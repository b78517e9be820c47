from __future__ import annotations

from dataclasses import replace

import pytest

from allocation.adapters.focus.run import FocusError
from tests.allocation.adapters.focus.sample import RUN


def test_a_run_belongs_to_the_partition_of_its_month() -> None:
    assert RUN.month == "2026-10"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"invoice_issuer": " "}, "invoice_issuer: is empty"),
        ({"currency": "usd"}, "currency 'usd': expected an ISO 4217 code"),
        ({"currency": "EUR\n"}, "expected an ISO 4217 code"),
        ({"weight_decimals": 10}, "weight_decimals 10: expected 0 to 9"),
        ({"weight_decimals": -1}, "weight_decimals -1: expected 0 to 9"),
    ],
)
def test_what_focus_would_not_take_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(FocusError, match=message):
        replace(RUN, **change)  # type: ignore[arg-type]
