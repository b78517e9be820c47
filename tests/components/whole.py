"""One portfolio with everything in it: each tier in each environment, and neighbours that share."""

from __future__ import annotations

from functools import cache

from tests.components.conftest import declare_plan
from tests.components.monitor import Declared
from tests.components.reachability import Network, network_of
from tests.portfolios import every_offer, plan_of, tenant
from tiers.plan.plan import Plan


@cache
def whole_plan() -> Plan:
    """Every offer, and two more production tenants that share a namespace, a server and a bucket."""
    return plan_of(*every_offer(), tenant("acme"), tenant("borealis"))


@cache
def whole() -> tuple[Declared, ...]:
    """What the components declare for it."""
    return tuple(declare_plan(whole_plan()))


@cache
def whole_network() -> Network:
    """Who talks to whom in it."""
    return network_of(whole())
