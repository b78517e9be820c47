from __future__ import annotations

from decimal import Decimal

from allocation.estimate.assumptions import KnownBy
from tests.allocation.estimate.quantities.examples import lines, one, said
from tiers.facts.network import LoadBalancer, NatGateway, Traffic


def test_a_balancer_and_a_gateway_pay_for_their_addresses() -> None:
    balancer = lines(one(LoadBalancer, public_addresses=2, capacity_units=3))
    assert said(balancer["addresses"]) == ("public IPv4 in use", Decimal(2 * 730), KnownBy.DECLARED)
    assert said(balancer["balancer"]) == ("NLB", Decimal(730), KnownBy.DECLARED)
    assert said(balancer["capacity"]) == ("NLB NLCU", Decimal(3 * 730), KnownBy.ASSUMED)
    gateway = lines(one(NatGateway, gateways=2, data_gib_per_month=20))
    assert said(gateway["addresses"]) == ("public IPv4 in use", Decimal(2 * 730), KnownBy.DECLARED)
    for name, category in (("gateways", "network"), ("second-gateways", "resilience")):
        assert said(gateway[name]) == ("NAT gateway", Decimal(730), KnownBy.DECLARED)
        assert gateway[name].category == category
    assert "second-gateways" not in lines(one(NatGateway, gateways=1))
    assert said(gateway["data"]) == ("NAT gateway data processed", Decimal(20), KnownBy.ASSUMED)


def test_every_gib_sent_is_charged_and_what_crosses_zones_twice() -> None:
    found = lines(one(Traffic, internet_gib_per_month=5, inter_zone_gib_per_month=10))
    internet = "Outbound data transfer to Internet (first 10TB)"
    assert said(found["internet"]) == (internet, Decimal(5), KnownBy.ASSUMED)
    zones = "inter-AZ transfer, each direction"
    assert said(found["inter-zone"]) == (zones, Decimal(20), KnownBy.ASSUMED)
    assert (found["internet"].category, found["inter-zone"].category) == ("network", "resilience")
