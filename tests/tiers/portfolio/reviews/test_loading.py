from __future__ import annotations

from pathlib import Path

import pytest

from tiers.errors import CatalogError
from tiers.portfolio.reviews.loading import DECISIONS, SIGNALS, load_reviews

SIGNAL = "signal: acme/fair-use-users, on: 2026-11-05, by: dana"
DECISION = "decision: smaller, on: 2026-11-05, by: dana"
DECIDED = f"{DECISION}, state: decided, what: a smaller class, owner: ola, due: 2026-12-01"


def written(folder: Path, signals: str = "", decisions: str = "") -> Path:
    (folder / "reviews").mkdir(exist_ok=True)
    for path, name, lines in ((SIGNALS, "signals", signals), (DECISIONS, "decisions", decisions)):
        items = "".join(f"  - {{{line}}}\n" for line in lines.splitlines())
        (folder / path).write_text(f"{name}:\n{items}" if items else f"{name}: []\n", encoding="utf-8")
    return folder


def test_a_portfolio_without_a_register_has_no_entries(tmp_path: Path) -> None:
    found = load_reviews(tmp_path)
    assert (found.signals, found.decisions) == ((), ())


def test_entries_are_read_in_their_order(tmp_path: Path) -> None:
    signals = f"{SIGNAL}, state: acknowledged, until: 2027-01-01\n{SIGNAL}, state: solved"
    found = load_reviews(written(tmp_path, signals, f"{DECIDED}\n{DECISION}, state: done"))
    assert [each.state for each in found.signals] == ["acknowledged", "solved"]
    assert [each.state for each in found.decisions] == ["decided", "done"]


@pytest.mark.parametrize(
    ("signals", "decisions", "sentence"),
    [
        (f"{SIGNAL}, state: dismissed, reason: small", "", "size: is missing; an entry that is 'dismissed'"),
        (f"{SIGNAL}, state: dismissed, size: 4", "", "reason: is missing"),
        (f"{SIGNAL}, state: acknowledged", "", "until: is missing"),
        (f"{SIGNAL}, state: acknowledged, until: 2026-11-05", "", "until: expected a day after 2026-11-05"),
        (f"{SIGNAL}, state: solved, until: 2027-01-01", "", "until: says nothing in an entry that is"),
        (f"{SIGNAL}, state: fine", "", "'fine'"),
        (f"{SIGNAL}, state: solved, on: 1764547200", "", "expected a day such as 2026-12-31"),
        ("signal: acme, on: 2026-11-05, by: dana, state: solved", "", "signals.0.signal"),
        (f"{SIGNAL}, state: open\n{SIGNAL.replace('11-05', '11-04')}, state: solved", "", "stands below one"),
        ("", f"{DECISION}, state: done", "no entry before says what it is"),
        ("", f"{DECIDED}\n{DECIDED}", "decided twice"),
        ("", f"{DECIDED}\n{DECISION}, state: done\n{DECISION}, state: done", "is done after it was done"),
        ("", f"{DECIDED.replace('owner: ola, ', '')}", "owner: is missing"),
        ("", f"{DECIDED}, tenant: acme, pool: nodes", "name a tenant or a pool"),
        ("", f"{DECIDED}\n{DECISION}, state: dropped", "reason: is missing"),
        ("", f"{DECIDED}\n{DECISION}, state: done, owner: ola", "owner: says nothing"),
        ("", f"{DECIDED.replace('2026-12-01', '2026-11-01')}", "due: expected 2026-11-05 or a later day"),
        ("", f"{DECIDED}, saving_per_month: NaN", "saving_per_month"),
    ],
)
def test_a_mistake_is_one_sentence_with_file_and_line(
    signals: str, decisions: str, sentence: str, tmp_path: Path
) -> None:
    if "on: 1764547200" in signals:
        signals = signals.replace("on: 2026-11-05, ", "")
    with pytest.raises(CatalogError) as caught:
        load_reviews(written(tmp_path, signals, decisions))
    (problem,) = caught.value.problems
    assert sentence in problem
    assert f"{tmp_path / (SIGNALS if signals else DECISIONS)}:" in problem


def test_mistakes_of_both_files_are_told_together(tmp_path: Path) -> None:
    with pytest.raises(CatalogError) as caught:
        load_reviews(written(tmp_path, f"{SIGNAL}, state: fine", f"{DECISION}, state: done"))
    assert len(caught.value.problems) == 2
