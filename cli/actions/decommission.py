"""`costack decommission`: a plan first, then exactly that plan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import typer

from allocation.adapters.pulumi.stack_outputs import inventory_of_stack
from allocation.money import text_of
from allocation.prices.price_book import load_price_book
from lifecycle.adapters.aws_account import Account
from lifecycle.adapters.decommission_world import RealHands
from lifecycle.adapters.pulumi_cli import Stack
from lifecycle.decommission.plan import EndingPlan, facts_sha256, read_plan, write_plan
from lifecycle.decommission.retained import Remains
from lifecycle.decommission.steps import REMAINS, Decommission
from lifecycle.errors import RefusedError
from lifecycle.restore_test.result import tried_restores
from lifecycle.stack_resources import targets_of
from tiers.catalog.loading import load_catalog
from tiers.errors import CatalogError
from tiers.plan.plan import Plan, TenantPlan
from tiers.portfolio.folders import portfolio_folder
from tiers.vocabulary import Environment, ResilienceClass

_STEPS = {
    "stand-still": "lifecycle_stage: decommissioning, no pod runs, a last dump is made",
    "save": "the last dump is there and whole",
    "hand-over": "a copy of it lies where the client may fetch it",
    "unprotect": "protected: false, what is shared is dropped and emptied",
    "take-away": "the tenant's file goes, and everything of it with it",
    "delete-copies": "file systems that replication filled; the backups of files stay",
    "remains": "what is left in the account, by tag and by name",
}


@dataclass(frozen=True)
class Wanted:
    """What the command line says."""

    tenant: str | None
    stack: str
    cwd: Path
    portfolio: Path | None
    out: Path | None
    early: str | None
    apply: Path | None
    phrase: str | None
    record: Path | None
    restore_evidence: Path | None


def decommission(wanted: Wanted, clock: Callable[[], datetime]) -> None:
    """Make a plan, or act on one.

    Raises:
        CatalogError: When something cannot be read.
        RefusedError: When a guard does not allow it.
        LifecycleError: When it stops on the way; the same command goes on.
    """
    if wanted.apply is None:
        _plan(wanted, clock())
    elif wanted.tenant is not None:
        raise CatalogError("--apply says which tenant; leave its name out")
    else:
        _apply(wanted, wanted.apply, clock)


def _plan(wanted: Wanted, now: datetime) -> None:
    if wanted.tenant is None:
        raise CatalogError("name the tenant to decommission, or the plan to act on with --apply")
    stack = Stack(wanted.stack, wanted.cwd)
    plan = inventory_of_stack(stack.name, stack.project).plan
    tenant = next((each for each in plan.tenants if each.tenant == wanted.tenant), None)
    if tenant is None:
        there = ", ".join(each.tenant for each in plan.tenants) or "none"
        raise CatalogError(f"stack '{stack.name}' has no tenant '{wanted.tenant}'; there are {there}")
    made = _ending_plan(plan, tenant, stack, now, wanted.early)
    path = wanted.out or Path(f"decommission-{made.id}.json")
    write_plan(made, path)
    _show(made, path)


def _ending_plan(
    plan: Plan, tenant: TenantPlan, stack: Stack, now: datetime, early: str | None
) -> EndingPlan:
    production = tenant.environment is Environment.PRODUCTION
    return EndingPlan(
        stack=stack.name,
        portfolio=plan.portfolio,
        account=Account(plan.region).id,
        currency=plan.currency,
        region=plan.region,
        regions=tuple(sorted({plan.region, *(fact.region for fact in tenant.facts)})),
        tenant=tenant.tenant,
        client=tenant.client,
        environment=tenant.environment,
        tier=tenant.tier,
        resilience_class=tenant.resilience_class,
        made_at=now.replace(microsecond=0),
        facts_sha256=facts_sha256(tenant),
        targets=targets_of(stack.state(), tenant.tenant, f"stack '{stack.name}'"),
        keep_days=load_catalog().classes.endings[tenant.environment].keep_days,
        needs_restore_test=production and tenant.resilience_class is not ResilienceClass.STANDARD,
        final_dump=any(fact.kind == "logical-backup" for fact in tenant.facts),
        early_because=early,
    )


def _show(plan: EndingPlan, path: Path) -> None:
    typer.echo(
        f"{plan.environment} {plan.tenant} of {plan.client}, stack {plan.stack}, account {plan.account}"
    )
    for what in sorted({target.what for target in plan.targets if target.holds_data}):
        found = [target for target in plan.targets if target.what == what]
        kept = sum(target.retained for target in found)
        typer.echo(f"  {len(found)} {what}{f', {kept} left where it is' if kept else ''}")
    others = sum(not target.holds_data for target in plan.targets)
    typer.echo(f"  and {others} resources that hold no data")
    for name, words in _STEPS.items():
        typer.echo(f"  then {name}: {words}")
    typer.echo(f"kept afterwards: {f'{plan.keep_days} days' if plan.keep_days else 'nothing'}")
    typer.echo(f"the plan is in {path}, good until {plan.expires_at:%Y-%m-%d %H:%M} UTC. To act on it:")
    typer.echo(f"  costack decommission --apply {path} --phrase '{plan.phrase}'")


def _apply(wanted: Wanted, path: Path, clock: Callable[[], datetime]) -> None:
    plan = read_plan(path)
    if wanted.phrase is None:
        raise RefusedError(f"to act on the plan add --phrase '{plan.phrase}'")
    stack = Stack(wanted.stack, wanted.cwd)
    hands = RealHands(plan, stack, portfolio_folder(wanted.portfolio, wanted.cwd, plan.portfolio), clock)
    record = wanted.record or path.with_suffix(".evidence.jsonl")
    ending = Decommission(
        plan=plan,
        hands=hands,
        prices=load_price_book(plan.currency, regions=plan.regions),
        record=record,
        phrase=wanted.phrase,
        stack=stack.name,
        restore_tested_at=_restore_tested_at(wanted.restore_evidence, plan),
        told=lambda step: typer.echo(f"{plan.tenant}: {step}: {_STEPS[step]}", err=True),
    )
    _show_remains(ending.run(), plan, record)


def _restore_tested_at(path: Path | None, plan: EndingPlan) -> datetime | None:
    """When a restore was last tried with success, as its evidence says."""
    if path is None:
        return None
    return max(
        (
            at
            for at, record in tried_restores(path)
            if (record.get("tenant"), record.get("result")) == (plan.tenant, "ok")
        ),
        default=None,
    )


def _show_remains(remains: Remains, plan: EndingPlan, record: Path) -> None:
    typer.echo(f"{plan.tenant} has ended; {REMAINS}: {len(remains.kept)}, evidence in {record}")
    for each in remains.kept:
        cost = "unpriced" if each.units is None else f"{text_of(each.units)} a month"
        where = f"{each.holding.what} {each.holding.id} ({each.holding.region})"
        typer.echo(f"  still billing: {where}: {cost}, until {each.until:%Y-%m-%d}: {each.because}")
    typer.echo("nothing else bills for it" if remains.kept else "nothing bills for it any longer")
