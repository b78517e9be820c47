"""Offers of commitments are read as the AWS CLI writes them, or refused with a sentence."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from allocation.adapters.commitment_offers import read_offers
from allocation.preview.commitments.offers import Offer, Payment
from tests.allocation.offers import CACHES, PLANS, SERVERS, YEAR, reserved_node, reserved_server, savings_plan
from tiers.errors import CatalogError


def read(folder: Path, name: str, *rows: Any, **more: Any) -> tuple[Offer, ...]:
    file = folder / "offers.json"
    file.write_text(json.dumps({name: rows, **more}), encoding="utf-8")
    return read_offers([file], "us-east-1", "USD")


@pytest.mark.parametrize(
    ("service", "operation", "name", "row"),
    [
        ("rds", "DescribeReservedDBInstancesOfferings", SERVERS, reserved_server()),
        ("elasticache", "DescribeReservedCacheNodesOfferings", CACHES, reserved_node()),
        ("savingsplans", "DescribeSavingsPlansOfferingRates", PLANS, savings_plan()),
    ],
)
def test_the_shapes_are_those_of_the_api(
    service: str, operation: str, name: str, row: dict[str, Any]
) -> None:
    model = botocore.session.get_session().get_service_model(service).operation_model(operation)
    assert model.output_shape is not None
    listed = model.output_shape.members[name]
    assert set(row) <= set(listed.member.members)  # type: ignore[attr-defined]


def test_a_reserved_server_costs_what_its_hours_and_its_beginning_cost(tmp_path: Path) -> None:
    (offer,) = read(
        tmp_path, SERVERS, reserved_server(FixedPrice=100.5, UsagePrice=0.01, OfferingType="Partial Upfront")
    )
    assert (offer.item, offer.payment) == ("RDS PostgreSQL db.t4g.medium Multi-AZ", Payment.PARTIAL)
    assert (offer.upfront, offer.hourly) == (Fraction("100.5"), Fraction("0.10"))
    assert offer.per_hour == Fraction("0.10") + Fraction("100.5") / 8760
    assert offer.source == f"{tmp_path / 'offers.json'}, offer 1"


def test_a_savings_plan_is_paid_in_parts(tmp_path: Path) -> None:
    for payment, upfront in (("No Upfront", 0), ("Partial Upfront", Fraction(1, 2)), ("All Upfront", 1)):
        (offer,) = read(tmp_path, PLANS, savings_plan(payment=payment))
        assert offer.upfront == Fraction("0.1187") * 8760 * upfront
        assert offer.per_hour == Fraction("0.1187")


def test_what_is_for_others_is_left_out(tmp_path: Path) -> None:
    assert not read(tmp_path, SERVERS, reserved_server(ProductDescription="mysql"))
    assert not read(tmp_path, CACHES, reserved_node(ProductDescription="memcached"))
    elsewhere = savings_plan()
    elsewhere["properties"][0]["value"] = "eu-west-1"
    assert not read(
        tmp_path,
        PLANS,
        elsewhere,
        savings_plan(serviceCode="AmazonECS"),
        savings_plan(usageType="UnusedBox:m7g.xlarge"),
    )


MONTHLY = [{"RecurringChargeAmount": 1, "RecurringChargeFrequency": "Monthly"}]


@pytest.mark.parametrize(
    ("name", "row", "said"),
    [
        (SERVERS, reserved_server(Duration="1"), "offer 1: Duration is 1, expected seconds"),
        (SERVERS, reserved_server(FixedPrice=-1), "offer 1: FixedPrice is -1, expected a number from 0"),
        (SERVERS, reserved_server(FixedPrice=None), "FixedPrice is None, expected a number from 0"),
        (SERVERS, reserved_server(CurrencyCode="EUR"), "offer 1: is in EUR, the portfolio is in USD"),
        (SERVERS, reserved_server(OfferingType="Heavy Utilization"), "OfferingType is Heavy Utilization, e"),
        (SERVERS, reserved_server(RecurringCharges=MONTHLY), "is Monthly, e"),
        (SERVERS, "text", "offer 1: is text, expected an object"),
        (CACHES, reserved_node(CacheNodeType=7), "offer 1: CacheNodeType is 7, expected text"),
        (PLANS, savings_plan(rate="cheap"), "offer 1: rate is cheap, expected a number from 0"),
        (PLANS, savings_plan(savingsPlanOffering=None), "offer 1: expected savingsPlanOffering an"),
        ("Offers", reserved_server(), "expected the JSON of `aws rds describe"),
    ],
)  # fmt: skip
def test_what_is_no_offer_is_refused(name: str, row: Any, said: str, tmp_path: Path) -> None:
    with pytest.raises(CatalogError) as refused:
        read(tmp_path, name, row)
    (problem,) = refused.value.problems
    assert problem.startswith(str(tmp_path / "offers.json"))
    assert said in problem


def test_an_answer_that_goes_on_is_refused(tmp_path: Path) -> None:
    for name, more in ((SERVERS, {"Marker": "x"}), (PLANS, {"nextToken": "x"})):
        with pytest.raises(CatalogError, match="so the answer goes on; export all of it"):
            read(tmp_path, name, **more)
    assert YEAR == 31_536_000
