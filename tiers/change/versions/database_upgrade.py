"""An upgrade of a PostgreSQL server, step by step: which may be the next one, and what each does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from pydantic import ValidationError

from tiers.change.effect import EffectKind
from tiers.change.servers import Change
from tiers.change.versions.upgrades import Servers, name_of, standby_of
from tiers.facts.copies import DatabaseStandby
from tiers.facts.data import DatabaseInstance
from tiers.facts.database_upgrade import ServerUpgrade, UpgradeStage, major_of, may_follow
from tiers.facts.every_fact import Fact
from tiers.vocabulary import PLATFORM

_EFFECTS: Final[Mapping[UpgradeStage, str]] = {
    UpgradeStage.CHECK: "a job asks it what would make its upgrade to PostgreSQL {to} fail; people work, and "
    "nothing changes",
    UpgradeStage.WITHOUT_STANDBY: "has no standby until its upgrade to PostgreSQL {to} has ended, because "
    "RDS takes none in another region along: when the region fails until then, its copies are restored",
    UpgradeStage.UPGRADE: "AWS takes a snapshot before and after its upgrade to PostgreSQL {to}; until the "
    "next stage has gathered statistics, queries may be slow",
    UpgradeStage.STATISTICS: "a job gathers statistics, updates extensions and builds indexes anew whose "
    "sorting order has changed; people work",
}


def upgrade_changes(before: Fact, after: Fact) -> Iterator[Change]:
    """What the next step of an upgrade does to a server; nothing where no step is taken."""
    if not isinstance(before, DatabaseInstance) or not isinstance(after, DatabaseInstance):
        return
    if after.upgrade is None or after.upgrade == before.upgrade:
        return
    yield Change(EffectKind.NOTICE, _EFFECTS[after.upgrade.stage].format(to=after.upgrade.to))
    if after.upgrade.at_once:
        yield Change(
            EffectKind.NOTICE,
            "what else waits for its maintenance window is made at once, together with the upgrade",
        )


def refused_upgrades(portfolio: str, facts: Iterable[Fact], servers: Servers) -> Iterator[str]:
    """Why the next update may not take the step of an upgrade that it asks for."""
    known = tuple(facts)
    for fact in known:
        if isinstance(fact, DatabaseInstance):
            yield from _refused(portfolio, fact, known, servers)


def _refused(
    portfolio: str, fact: DatabaseInstance, facts: tuple[Fact, ...], servers: Servers
) -> Iterator[str]:
    here, recorded = fact.upgrade, servers.asked.get(fact.id, {}).get("upgrade")
    owner = fact.tenant or PLATFORM
    try:
        before = None if recorded is None else ServerUpgrade.model_validate(recorded)
    except ValidationError:
        yield f"{fact.id}: the stage of its upgrade that is deployed cannot be read; use a newer costack"
        return
    if not may_follow(before, here):
        yield (
            f"{fact.id}: its upgrade is {whereabouts(before)} in the stack, and {whereabouts(here)} in the "
            f"file, which is not the next step: put the file back as it was deployed and run `costack "
            f"upgrade-database {owner}` with --next or --back"
        )
    elif here is not None and (why := _not_ready(portfolio, fact, here, facts, servers)):
        yield f"{fact.id}: {why}"


def _not_ready(
    portfolio: str, fact: DatabaseInstance, here: ServerUpgrade, facts: tuple[Fact, ...], servers: Servers
) -> str:
    """What its stage needs and is not there; '' where all is."""
    there = servers.running.get(name_of(portfolio, fact))
    if there is None:
        return "is not deployed yet: take its upgrade out, and name the version that it begins with"
    runs, waiting = major_of(there.version), not any(isinstance(each, DatabaseStandby) for each in facts)
    if here.stage is UpgradeStage.STATISTICS and runs < major_of(here.to):
        return (
            f"runs PostgreSQL {runs} as far as the stack knows, so there are no statistics of {here.to} to "
            f"gather: after its maintenance window ({fact.maintenance_window}, UTC) run `pulumi refresh` and "
            "`pulumi up`"
        )
    if here.stage is UpgradeStage.UPGRADE and waiting and standby_of(portfolio, fact, servers) is not None:
        return (
            "its standby is still there, and RDS takes none in another region along: write stage: "
            f"{UpgradeStage.WITHOUT_STANDBY} into the file and run `pulumi up` first"
        )
    return ""


def whereabouts(upgrade: ServerUpgrade | None) -> str:
    """Where an upgrade stands, to follow `is`.

    >>> whereabouts(None)
    'not under way'
    """
    if upgrade is None:
        return "not under way"
    return f"at stage {upgrade.stage} towards PostgreSQL {upgrade.to}"
