from __future__ import annotations

from pathlib import Path

from tests.torture.bill_fuzz import Fuzz


def test_damaged_bills_are_read_or_refused_in_a_sentence(tmp_path: Path) -> None:
    fuzz = Fuzz(tmp_path)
    faults = {number: fault for number in range(30) if (fault := fuzz.run(number)) is not None}
    assert faults == {}
    assert min(fuzz.outcomes[outcome] for outcome in ("read", "refused rows", "not a bill")) > 1
