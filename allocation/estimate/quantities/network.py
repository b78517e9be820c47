"""What load balancers, NAT gateways and traffic consume in a month."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from allocation.estimate.quantities.lines import Category, Line, assumed, hours, rule_of, second
from tiers.facts import every_fact as facts


@rule_of.register
def _load_balancer(fact: facts.LoadBalancer, _: date) -> Iterator[Line]:
    service = "Network"
    yield Line("balancer", service, "NLB", hours(1), Category.NETWORK)
    yield assumed("capacity", service, "NLB NLCU", hours(fact.capacity_units), Category.NETWORK)
    yield _addresses(fact.public_addresses)


@rule_of.register
def _nat(fact: facts.NatGateway, _: date) -> Iterator[Line]:
    service, data = "Network", fact.data_gib_per_month
    item = "NAT gateway"
    yield Line("gateways", service, item, hours(min(fact.gateways, 1)), Category.NETWORK)
    yield Line(second("gateways"), service, item, hours(max(fact.gateways - 1, 0)), Category.RESILIENCE)
    yield assumed("data", service, "NAT gateway data processed", data, Category.NETWORK)
    yield _addresses(fact.gateways)


@rule_of.register
def _traffic(fact: facts.Traffic, _: date) -> Iterator[Line]:
    """A tenant's outgoing traffic.

    The first 100 GB a month to the internet are free once for an account, so no tenant is given them: an
    estimate is too high by 9 dollars at most. A GiB between zones is charged as it leaves one and as it
    enters the other (EC2 pricing, data transfer), so its line counts it twice; in one zone there would be
    none, so it is resilience.
    """
    sent, category = fact.internet_gib_per_month, Category.NETWORK
    yield assumed(
        "internet", "DataTransfer", "Outbound data transfer to Internet (first 10TB)", sent, category
    )
    both_ways = 2 * fact.inter_zone_gib_per_month
    item = "inter-AZ transfer, each direction"
    yield assumed("inter-zone", "Network", item, both_ways, Category.RESILIENCE)


@rule_of.register
def _records(fact: facts.DnsRecords, _: date) -> Iterator[Line]:
    """Questions for CNAMEs; those for aliases of a load balancer are free, and records cost nothing.

    Nobody says how many records a zone has: beyond 10,000 each costs 0.0015 dollars a month.
    """
    asked = 0 if fact.target_zone_id else fact.queries_per_month * len(fact.records)
    quantity = Decimal(asked) / 10**6
    yield assumed("queries", "AmazonRoute53", "standard queries first 1B", quantity, Category.NETWORK)


@rule_of.register
def _cdn(fact: facts.Cdn, _: date) -> Iterator[Line]:
    """What a CDN sends, at the price of the edge locations near the tenant's region.

    The first TB and ten million requests a month are free once for an account (CloudFront pricing, "Always
    Free Tier"), so no tenant is given them: an estimate is up to 97 dollars too high in North America. What
    CloudFront gets from a load balancer is free, and so are the distribution, its certificate, and questions
    for an alias of it.
    """
    service, category = "AmazonCloudFront", Category.NETWORK
    sent, asked = fact.gib_per_month, fact.requests_per_month
    yield assumed("sent", service, "data transfer out to internet first 10TB", sent, category)
    yield assumed("requests", service, "HTTPS requests", asked, category)


def _addresses(count: int) -> Line:
    return Line("addresses", "Network", "public IPv4 in use", hours(count), Category.NETWORK)
