"""`costack report`: the pages of a month for engineering, finance, account owners and the review."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from allocation.adapters.folders.review_sign_off import read_sign_off
from allocation.adapters.pulumi.stack_outputs import inventory_of_file
from allocation.preview.off_hours import savings
from allocation.preview.price_age import price_age
from allocation.preview.rightsizing.sizes import Sizes
from allocation.report.showback.month import Recovery, Rehearsed, Showback
from allocation.review.signals import Month
from allocation.runs.other_tiers import Alternatives
from allocation.runs.report import (
    Request,
    commitments_of,
    earlier_months,
    estimates_of,
    folders_of_report,
    levels_of,
    metrics_of,
    month_documents,
    readiness_of,
    refuse_another,
    unit_cost_curve,
)
from allocation.runs.report_folder import Extras, write_report
from allocation.statement.filed import filed_statement
from cli.console.deployed import dated_inventory, files_of_plan
from cli.console.output import echo, say
from cli.console.preview_values import month_of
from cli.console.progress import MESSAGES
from lifecycle.rehearsal.due import standings
from lifecycle.rehearsal.recovery import Recovery as Recovered
from lifecycle.rehearsal.tried import tried_recoveries
from lifecycle.restore_test.result import tried_restores
from tiers.catalog.loading import load_catalog
from tiers.errors import CatalogError
from tiers.plan.plan import Plan
from tiers.portfolio.folders import portfolio_folder
from tiers.portfolio.reviews.loading import load_reviews
from tiers.portfolio.tenant import Portfolio
from tiers.vocabulary import TenantId


def write_pages(request: Request) -> None:
    """Write the folder, and print which page to open.

    Raises:
        CatalogError: When what is asked for cannot be read.
        AllocationError: When the figures would not add up.
    """
    period = month_of(request.period)
    plan = _plan(request)
    catalog = load_catalog(folders_of_report(request, plan).catalog)
    portfolio = _portfolio(request, plan)
    signed = read_sign_off(request.sign_off, request.period) if request.sign_off else {}
    say("allocating")
    documents, estimate = month_documents(request, plan, portfolio, period, MESSAGES)
    estimates = estimates_of(catalog, portfolio, estimate)
    statement = filed_statement(*documents, str(request.run or plan.portfolio))
    refuse_another(statement, request, plan)
    month = Month(statement, plan, catalog, levels_of(request.usage, period, MESSAGES))
    metrics = metrics_of(request, plan, portfolio, period, MESSAGES)
    alternatives = Alternatives(month, portfolio, estimates, request.previews, MESSAGES, metrics)
    past = earlier_months(request, statement)
    showback = Showback(
        month,
        past,
        recoveries(request.evidence, period.end),
        alternatives.by_tenant(),
        readiness_of(request),
        savings(estimate, catalog.classes.off_hours) if estimate else (),
        tuple(rehearsed_before(request.evidence, plan, period.end)),
        frozenset(portfolio.platform.open_book if portfolio else ()),
        price_age(estimate) if estimate and request.run is None else None,
        load_reviews(portfolio_folder(request.portfolio, request.cwd, plan.portfolio)),
        request.today,
        Sizes(
            tuple(alternatives.sizes()),
            alternatives.machines,
            alternatives.nodes,
            commitments_of(request, (*past, statement), estimate),
        ),
    )
    extras = Extras(documents, signed, unit_cost_curve(catalog, statement, estimates, MESSAGES))
    count = write_report(showback, extras, request.out, say)
    say("")
    echo(f"{count} pages; open {request.out / 'index.html'}")


def _plan(request: Request) -> Plan:
    if (request.stack is None) == (request.inventory is None):
        raise CatalogError("name what was deployed: either --stack NAME or --inventory FILE")
    if request.inventory is not None:
        return inventory_of_file(request.inventory).plan
    return dated_inventory(str(request.stack), request.cwd).plan


def recoveries(files: Iterable[Path], end: datetime) -> dict[str, Recovery]:
    """The last restore of each tenant that was tried before the month's end."""
    found: dict[str, Recovery] = {}
    for path in files:
        for at, record in tried_restores(path):
            tenant = str(record.get("tenant"))
            if at < end and (tenant not in found or found[tenant].tried_at < at):
                found[tenant] = _recovery(at, record)
    return found


def rehearsed_before(files: Iterable[Path], plan: Plan, end: datetime) -> Iterator[Rehearsed]:
    """The recovery of each tenant as rehearsals and failovers before the month's end show it."""
    tried = sorted(
        (each for path in files for each in tried_recoveries(path) if each[0] < end),
        key=lambda each: each[0],
        reverse=True,
    )

    def of(tenant: TenantId) -> Iterator[Recovered]:
        return (result for _, result in tried if result.tenant == tenant)

    for each in standings(plan, of, end):
        newest, promise = each.newest, each.promise
        yield Rehearsed(
            each.tenant,
            each.fact.region,
            each.state,
            each.why,
            newest.ended_at if newest else None,
            each.most_days,
            newest.rto_seconds if newest else None,
            newest.lost_seconds if newest else None,
            promise.rto_seconds,
            promise.rpo_seconds,
        )


def _recovery(at: datetime, record: Mapping[str, Any]) -> Recovery:
    seconds = record.get("restore_seconds")
    minutes = -(-int(seconds) // 60) if seconds is not None else None
    return Recovery(at, record.get("result") == "ok", minutes, str(record.get("taken_at") or ""))


def _portfolio(request: Request, plan: Plan) -> Portfolio | None:
    portfolio = files_of_plan(plan, request.portfolio, request.cwd)
    if portfolio is not None and portfolio.platform.catalog != plan.catalog:
        folder = portfolio_folder(request.portfolio, request.cwd, plan.portfolio)
        now, then = (name or "that of Costack" for name in (portfolio.platform.catalog, plan.catalog))
        raise CatalogError(
            f"{folder / 'platform.yaml'}: its catalog is {now}, deployed is {then}: run `pulumi up` first"
        )
    return portfolio
