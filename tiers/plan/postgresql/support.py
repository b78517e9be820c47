"""Warns of servers whose version of PostgreSQL AWS supports at a charge, or soon will."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from tiers.facts.data import DatabaseInstance
from tiers.facts.postgresql_support import standard_support_ends
from tiers.plan.plan import Plan, facts_of
from tiers.portfolio.versions.chosen import SOON
from tiers.vocabulary import PLATFORM, LifecycleStage


def server_support_advice(plan: Plan, today: date) -> Iterator[str]:
    """A sentence for each server whose standard support has ended or ends soon, as of *today*."""
    stay = [each for each in plan.tenants if each.lifecycle_stage is not LifecycleStage.DECOMMISSIONING]
    for name, facts in ((PLATFORM, plan.platform), *((each.name, each.facts) for each in stay)):
        for server in facts_of(facts, DatabaseInstance):
            yield from _support(name, server.engine_version, today)


def _support(name: str, version: str, today: date) -> Iterator[str]:
    last = standard_support_ends(version)
    if last is None or last - today > SOON:
        return
    when = f"ended on {last}" if last < today else f"ends on {last}, in {(last - today).days} days"
    charged = "AWS charges" if last < today else "after it AWS charges"
    yield (
        f"{name}: standard support of PostgreSQL {version} {when}; {charged} extended support for each vCPU "
        f"and hour. Plan its upgrade: `costack upgrade-database {name}`"
    )
