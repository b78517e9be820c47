from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.estimate.assumptions import Assumptions, Given, KnownBy
from allocation.estimate.quantities import CARRIED_BY_POOLS, FREE, lines_of, names_of, priced_kinds
from tests.allocation.estimate.quantities.examples import TODAY, lines, one, said
from tests.portfolios import every_offer, on_the_way, plan_of, routed, two_regions, watched_over
from tiers.facts.compute import NodeGroup
from tiers.facts.every_fact import FACT_TYPES, Metrics
from tiers.facts.network import Traffic
from tiers.facts.record import FactRecord

EVERYTHING = tuple(
    plan_of(*every_offer(), *on_the_way(), platform=watched_over(routed(two_regions()))).all_facts()
)


def test_every_kind_of_fact_is_priced_free_or_carried() -> None:
    assert set(FACT_TYPES) == priced_kinds() | set(FREE) | set(CARRIED_BY_POOLS)
    assert not priced_kinds() & (set(FREE) | set(CARRIED_BY_POOLS))


def test_a_kind_without_a_price_rule_is_an_error() -> None:
    class Satellite(FactRecord):
        kind: str = "satellite"

    fact = Satellite(**one(NodeGroup).model_dump(include=set(FactRecord.model_fields) - {"kind"}))
    with pytest.raises(TypeError, match="no rule prices a Satellite"):
        lines_of(fact, Assumptions.on(TODAY))


@pytest.mark.parametrize("fact", EVERYTHING, ids=lambda fact: fact.id)
def test_every_line_of_every_offer_is_of_something_and_says_how_it_is_known(fact: FactRecord) -> None:
    for line in lines(fact).values():
        assert line.quantity > 0
        assert line.known_by in {KnownBy.DECLARED, KnownBy.ASSUMED}
        assert line.region is None or line.region == "us-east-1"


def test_every_priced_kind_is_in_some_offer() -> None:
    assert priced_kinds() == {type(fact) for fact in EVERYTHING if names_of(fact, TODAY)}


@given(
    quantity=st.decimals(0, 10**9, places=6),
    known_by=st.sampled_from([KnownBy.USAGE_FILE, KnownBy.MEASURED]),
)
def test_what_is_given_stands_in_its_line_and_in_no_other(quantity: Decimal, known_by: KnownBy) -> None:
    fact = one(Traffic, internet_gib_per_month=5, inter_zone_gib_per_month=10)
    before = lines(fact)
    assumptions = Assumptions(TODAY, {(fact.id, "internet"): Given(quantity, known_by)})
    after = {line.name: line for line in lines_of(fact, assumptions)}
    assert after.pop("inter-zone") == before["inter-zone"]
    assert [said(line)[1:] for line in after.values()] == ([(quantity, known_by)] if quantity else [])


def test_what_is_given_for_a_neighbour_changes_nothing() -> None:
    fact = one(Traffic)
    assumptions = Assumptions(TODAY, {("nobody/traffic", "internet"): Given(Decimal(1), KnownBy.MEASURED)})
    assert {line.name: line for line in lines_of(fact, assumptions)} == lines(fact)


def test_a_line_of_nothing_is_left_out_unless_a_quantity_is_given() -> None:
    fact = one(Metrics, samples_per_month=1)
    assert lines(fact) == {}
    assert names_of(fact, TODAY) == {"samples"}
    measured = Assumptions(TODAY, {(fact.id, "samples"): Given(Decimal(7), KnownBy.MEASURED)})
    assert [line.quantity for line in lines_of(fact, measured)] == [Decimal(7)]
