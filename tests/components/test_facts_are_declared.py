from __future__ import annotations

from tests.components.conftest import declare_plan
from tests.components.monitor import Declared
from tests.declarations import (
    COMPARED,
    NOT_A_RESOURCE,
    ONLY_ADOPTED,
    Registration,
    Registrations,
    differences,
)
from tests.portfolios import every_offer, local_plan, plan_of
from tiers.facts.every_fact import FACT_TYPES, Origin


def test_every_kind_of_fact_is_compared_or_excused() -> None:
    assert set(FACT_TYPES) == set(COMPARED) | NOT_A_RESOURCE | ONLY_ADOPTED
    for fact in local_plan().all_facts():
        if type(fact) in ONLY_ADOPTED:
            assert fact.origin is Origin.ADOPTED


def test_every_fact_is_what_was_declared_for_it(declared: tuple[Declared, ...]) -> None:
    registered = Registrations(
        "local", [Registration(each.type, each.name, each.props) for each in declared if each.custom]
    )
    assert differences(local_plan(), registered) == []


def test_every_offer_of_every_tier_is_declared_as_planned() -> None:
    plan = plan_of(*every_offer())
    registered = Registrations(
        "local",
        [Registration(each.type, each.name, each.props) for each in declare_plan(plan) if each.custom],
    )
    assert differences(plan, registered) == []


def test_a_difference_would_be_seen(declared: tuple[Declared, ...]) -> None:
    wrong = [
        Registration(each.type, each.name, {**each.props, "multiAz": False})
        for each in declared
        if each.custom
    ]
    found = differences(local_plan(), Registrations("local", wrong))
    servers = ("platform/database", "halcyon/server", "meridian/server")
    assert found == [f"{name}: multi_az: the fact says True, registered was False" for name in servers]
