"""The next step of an upgrade of a PostgreSQL server, forward or back, as lines of a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from pydantic import ValidationError

from lifecycle.errors import RefusedError
from lifecycle.going_on import refuse_next_step, refuse_while_busy
from tiers.catalog.tier import Catalog
from tiers.change.versions.database_upgrade import whereabouts
from tiers.expectations import first_fault
from tiers.facts.data import DatabaseInstance
from tiers.facts.database_upgrade import BEFORE, ServerUpgrade, UpgradeStage, may_follow
from tiers.facts.names import DATABASE
from tiers.plan.plan import Plan
from tiers.portfolio.loading import faults_of_platform, faults_of_tenant
from tiers.portfolio.platform import Platform
from tiers.portfolio.postgresql.shared_server import shared_server_faults
from tiers.portfolio.postgresql.versions import named_version
from tiers.portfolio.tenant import Portfolio, Tenant
from tiers.strict_yaml import Fault
from tiers.vocabulary import PLATFORM

STEPS: Final[Mapping[UpgradeStage, str]] = {
    UpgradeStage.CHECK: "asks the server what would make its upgrade to PostgreSQL {to} fail, and changes "
    "nothing of it; people work meanwhile",
    UpgradeStage.WITHOUT_STANDBY: "removes the standby in the second region, which comes back when the "
    "upgrade has ended; people work meanwhile",
    UpgradeStage.UPGRADE: "asks AWS for PostgreSQL {to}: {when}. After it only the snapshot leads back that "
    "AWS takes before it, into another server and without what was written since",
    UpgradeStage.STATISTICS: "gathers statistics, updates extensions and removes the parameter group of the "
    "version before; people work meanwhile",
}
"""What the update of each stage does."""
_IN_WINDOW: Final = (
    "it does not answer for a while in its maintenance window ({window}, UTC); `pulumi refresh` sees it then"
)
_AT_ONCE: Final = (
    "it does not answer for a while during that update, and what waits for its window is made too"
)
_ENDED: Final = "changes nothing more of the server; the upgrade is finished"
_STANDBY_BACK: Final = "makes the standby in the second region anew; the upgrade is finished"


class Target(NamedTuple):
    """A server that can be upgraded by itself, as the files have it.

    Attributes:
        name: The tenant, or `platform`.
        fact: The id of its fact.
        named: The version that the files name for it.
        upgrade: Its upgrade; None while there is none.
        has_standby: Whether its tenant has a standby that follows it.
        window: Its maintenance window.
        keeps: The version to keep for tenants' own servers that name none; None where there are none.
    """

    name: str
    fact: str
    named: str
    upgrade: ServerUpgrade | None
    has_standby: bool
    window: str
    keeps: str | None = None


class Step(NamedTuple):
    """The file after a step; `update` is what the next `pulumi up` does.

    Attributes:
        upgrade: The upgrade; None when it has ended or was taken back.
        lines: Field -> the value in the file, None to remove it.
        update: To follow `the next pulumi up`.
    """

    upgrade: ServerUpgrade | None
    lines: Mapping[str, str | None]
    update: str


def target_of(portfolio: Portfolio, plan: Plan, name: str) -> Target:
    """The server of *name*: a tenant's id, or `platform` for the shared one; *plan* is the deployed one."""
    database = portfolio.platform.database
    if name == PLATFORM:
        own = {server.tenant for server in _servers(plan)}
        unnamed = [
            each
            for each in portfolio.tenants
            if each.tenant in own and each.options.database_engine_version is None
        ]
        follow = database.tenants_engine_version is None and unnamed
        return Target(
            PLATFORM,
            DATABASE,
            database.engine_version,
            database.upgrade,
            has_standby=False,
            window=database.maintenance_window,
            keeps=database.engine_version if follow else None,
        )
    tenant = next(each for each in portfolio.tenants if each.tenant == name)
    return Target(
        name,
        f"{name}/server",
        named_version(database, tenant),
        tenant.database_upgrade,
        has_standby=tenant.options.warm_standby is True,
        window=tenant.options.maintenance_window or database.maintenance_window,
    )


def begin(target: Target, to: str) -> Step:
    """The first step of an upgrade to *to*.

    Raises:
        RefusedError: When one goes on already.
    """
    if target.upgrade is not None:
        raise RefusedError(
            f"the upgrade of {target.name} is {whereabouts(target.upgrade)}: finish that with --next, or "
            "give it up with --back"
        )
    return _step(target, ServerUpgrade.model_validate({"to": to, "stage": UpgradeStage.CHECK}))


def advance(target: Target, *, now: bool = False) -> Step:
    """The next step; *now* upgrades during the update of stage `upgrade`, not in the window.

    Raises:
        RefusedError: When none goes on, or *now* is said of another step.
    """
    there = _going_on(target)
    following = _following(target, there)
    if now and following is not UpgradeStage.UPGRADE:
        raise RefusedError("--now is for the step to stage upgrade: no other one makes users wait")
    if following is None:
        return _ended(target, there)
    return _step(target, there.model_copy(update={"stage": following, "now": now}))


def back(target: Target) -> Step:
    """The step back: the server keeps its version.

    Raises:
        RefusedError: When none goes on, or AWS was asked for the new version already.
    """
    there = _going_on(target)
    if there.stage not in BEFORE:
        raise RefusedError(
            f"AWS was asked to upgrade {target.name} to PostgreSQL {there.to}, and RDS takes no server back: "
            "finish with --next. What leads back is the snapshot that AWS takes before the upgrade (`aws rds "
            "describe-db-snapshots` lists it as preupgrade), restored to another server; what was written "
            "since is not in it"
        )
    update = _STANDBY_BACK if there.stage is UpgradeStage.WITHOUT_STANDBY else _ENDED
    return Step(None, {_field(target): None}, update.replace("finished", "taken back"))


def check_deployed(target: Target, plan: Plan, stack: str, *, going_back: bool = False) -> None:
    """Check that the server is there and the step before was deployed: every update takes one step.

    Who goes back may do so after an update that failed, when the stack does not have its step yet.

    Raises:
        RefusedError: When the server is not there, or file and stack differ.
    """
    servers = {fact.id: fact for fact in _servers(plan)}
    if target.fact not in servers:
        raise RefusedError(
            f"stack '{stack}' has no server of {target.name}'s own; `costack upgrade-database {PLATFORM}` "
            "upgrades the one that tenants share"
        )
    there, here = servers[target.fact].upgrade, target.upgrade
    if there != here and not (going_back and may_follow(there, here)):
        refuse_next_step(f"the upgrade of {target.name}", whereabouts(there), whereabouts(here), stack)


def check_allowed(target: Target, step: Step, portfolio: Portfolio, catalog: Catalog) -> None:
    """Check that files, catalog and AWS' rules allow a step, before it is written.

    Raises:
        RefusedError: With every reason.
    """
    faults = list(_faults(target, step, portfolio, catalog))
    if faults:
        said = "; ".join(f"{'.'.join(map(str, where))}: {why}" for where, why in faults)
        raise RefusedError(f"{target.name} cannot be upgraded: {said}")


def in_words(target: Target, upgrade: ServerUpgrade) -> str:
    """What the update of its stage does, to follow `the next update`."""
    when = _AT_ONCE if upgrade.now else _IN_WINDOW.format(window=target.window)
    return STEPS[upgrade.stage].format(to=upgrade.to, when=when)


def _faults(target: Target, step: Step, portfolio: Portfolio, catalog: Catalog) -> Iterable[Fault]:
    if step.upgrade is None:
        return
    if target.name == PLATFORM:
        after = portfolio.platform.database.model_copy(update={"upgrade": step.upgrade})
        platform: Platform = portfolio.platform.model_copy(update={"database": after})
        yield from faults_of_platform(platform, catalog)
        for each in portfolio.tenants:
            if any(shared_server_faults(each, platform, catalog)):
                refuse_while_busy(each, "upgrade the server that tenants share")
            for where, why in faults_of_tenant(each, platform, catalog):
                yield (each.tenant, *where), why
        return
    tenant: Tenant = next(each for each in portfolio.tenants if each.tenant == target.name)
    try:
        changed = Tenant.model_validate(tenant.model_dump() | {"database_upgrade": step.upgrade})
    except ValidationError as error:  # something else goes on with it
        raise RefusedError(f"{target.name} cannot be upgraded: {first_fault(error)}") from None
    yield from faults_of_tenant(changed, portfolio.platform, catalog)


def _following(target: Target, there: ServerUpgrade) -> UpgradeStage | None:
    if there.stage is UpgradeStage.CHECK and target.has_standby:
        return UpgradeStage.WITHOUT_STANDBY
    return {
        UpgradeStage.CHECK: UpgradeStage.UPGRADE,
        UpgradeStage.WITHOUT_STANDBY: UpgradeStage.UPGRADE,
        UpgradeStage.UPGRADE: UpgradeStage.STATISTICS,
    }.get(there.stage)


def _ended(target: Target, there: ServerUpgrade) -> Step:
    """From now on the files name the new version; that of other servers stays what it is."""
    version = f'"{there.to}"'
    if target.name == PLATFORM:
        lines: dict[str, str | None] = {"database.upgrade": None, "database.engine_version": version}
        if target.keeps is not None:
            lines["database.tenants_engine_version"] = f'"{target.keeps}"'
    else:
        lines = {_field(target): None, "options.database_engine_version": version}
    return Step(None, lines, _STANDBY_BACK if target.has_standby else _ENDED)


def _servers(plan: Plan) -> list[DatabaseInstance]:
    return [fact for fact in plan.all_facts() if isinstance(fact, DatabaseInstance)]


def _going_on(target: Target) -> ServerUpgrade:
    if target.upgrade is None:
        raise RefusedError(
            f"no upgrade of {target.name} goes on; begin with `costack upgrade-database {target.name} --to "
            "VERSION`"
        )
    return target.upgrade


def _field(target: Target) -> str:
    return "database.upgrade" if target.name == PLATFORM else "database_upgrade"


def _step(target: Target, upgrade: ServerUpgrade) -> Step:
    now = ", now: true" if upgrade.now else ""
    line = f'{{to: "{upgrade.to}", stage: {upgrade.stage}{now}}}'
    return Step(upgrade, {_field(target): line}, in_words(target, upgrade))
