from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.portfolios import LOCAL, catalog
from tiers.errors import CatalogError
from tiers.portfolio.gates.approvals import Approvals
from tiers.portfolio.loading import load_portfolio

TABLE = """\
approvals:
  groups: {finance: [dana, erin], operations: [ola, DANA]}
  rules:
    - {change: cost, over_per_month: "100.00", approvers: [finance]}
    - {change: data, environments: [production], approvers: [finance, operations], count: 3}
"""


def loaded(folder: Path, text: str) -> Approvals | None:
    path = Path(shutil.copytree(LOCAL, folder / "portfolio"))
    with (path / "platform.yaml").open("a", encoding="utf-8") as file:
        file.write(text)
    return load_portfolio(path, catalog()).platform.approvals


def test_a_table_is_read_and_a_person_of_two_groups_is_one(tmp_path: Path) -> None:
    found = loaded(tmp_path, TABLE)
    assert found is not None
    assert found.people(found.rules[1]) == ("DANA", "erin", "ola")


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("change: cost", "change: costs", "change: expected 'any', 'cost'"),
        (', over_per_month: "100.00"', "", "a rule for cost has one of them"),
        (
            "approvers: [finance]}",
            "over_percent: 5, approvers: [finance]}",
            "a rule for cost has one of them",
        ),
        ("change: data,", "change: data, over_percent: 5,", "another has none"),
        ("change: data,", "change: data, below_percent: 5,", "below_percent: a rule for margin has it"),
        ("change: data, env", "change: yardstick, env", "a rule for yardstick is for the whole portfolio"),
        (
            'change: cost, over_per_month: "100.00"',
            "change: margin",
            "below_percent: a rule for margin has it",
        ),
        (
            "[finance]}",
            "[finances]}",
            "rule 1 (cost): approvers: 'finances' is no group; groups: finance, operations",
        ),
        ("count: 3", "count: 4", "rule 2 (data): count is 4, and its groups have 3 people"),
        ("count: 3", "count: 0", "count: expected a number above 0"),
        ('"100.00"', "-1", "expected a number of at least 0"),
        ('"100.00"', "NaN", "over_per_month"),
        ("[dana, erin]", "[]", "rule 1 (cost): count is 1, and its groups have 0 people"),
        ("[dana, erin]", '["@dana"]', "groups.finance.0: expected text of the form"),
    ],
)
def test_a_wrong_rule_is_one_sentence_with_its_line(tmp_path: Path, old: str, new: str, problem: str) -> None:
    assert old in TABLE
    with pytest.raises(CatalogError) as caught:
        loaded(tmp_path, TABLE.replace(old, new))
    (said,) = caught.value.problems
    assert problem in said
    assert "platform.yaml:" in said
