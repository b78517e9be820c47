"""Every insecure resource is refused by its rule, or is on the list of what is not judged."""

from __future__ import annotations

from typing import Any

import pytest

from policies.clauses import Violation
from policies.not_judged import NOT_JUDGED
from policies.rules import RULES
from tests.policies.insecure import AWS, Insecure
from tests.policies.insecure_objects import OBJECTS
from tests.policies.unjudged import UNJUDGED, Unjudged

TABLE = (*AWS, *OBJECTS)
# What is about money and names is no matter of these rows.
ASIDE = frozenset({"cost-tags", "kept-promises", "protected-data"})
OUTSIDE = "outside"
"""What no resource of a program can be an example of."""


def violations(type_token: str, props: Any) -> dict[str, list[Violation]]:
    found = {rule.name: list(rule.check(type_token, props)) for rule in RULES if rule.name not in ASIDE}
    assert all(isinstance(each, Violation) for said in found.values() for each in said), found
    return {
        name: [each for each in said if isinstance(each, Violation)] for name, said in found.items() if said
    }


def test_the_tables_have_what_a_reviewer_tried() -> None:
    assert len(TABLE) >= 48
    assert len({row.what for row in TABLE}) == len(TABLE)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.what)
def test_an_insecure_resource_is_refused_for_its_one_mistake(row: Insecure) -> None:
    found = violations(row.type, row.props)
    assert set(found) == {row.rule}
    (said,) = found[row.rule]
    where, _, remedy = said.partition("; ")
    assert where
    assert remedy, "a violation names a remedy"
    assert "made-up" not in said, "a violation names no secret"


@pytest.mark.parametrize("row", [row for row in TABLE if row.good is not None], ids=lambda row: row.what)
def test_without_its_mistake_it_passes(row: Insecure) -> None:
    assert violations(row.type, row.repaired()) == {}


@pytest.mark.parametrize("row", UNJUDGED, ids=lambda row: f"{row.reason} {row.type}")
def test_what_passes_is_on_the_list_of_what_is_not_judged(row: Unjudged) -> None:
    assert row.reason in NOT_JUDGED
    assert violations(row.type, row.props) == {}


def test_everything_on_the_list_still_passes() -> None:
    assert {row.reason for row in UNJUDGED} == NOT_JUDGED.keys() - {OUTSIDE}


def test_every_clause_of_the_documentation_refuses_something() -> None:
    said = {
        each.clause for row in TABLE for found in violations(row.type, row.props).values() for each in found
    }
    unproven = {clause for rule in RULES for clause in rule.clauses} - said
    assert unproven == set()
