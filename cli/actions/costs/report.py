"""`costack report`: the pages of a month for engineering, finance, account owners and the review."""

from __future__ import annotations

import webbrowser
from pathlib import Path

from allocation.adapters.folders.review_sign_off import kept_sign_off, read_sign_off
from allocation.adapters.pulumi.stack_outputs import inventory_of_file
from allocation.preview.commitments.machines import Commitments
from allocation.preview.off_hours import savings
from allocation.preview.price_age import price_age
from allocation.preview.rightsizing.sizes import Sizes
from allocation.report.showback.month import Showback
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
from cli.actions.costs import tried
from cli.console.deployed import dated_inventory, files_of_plan
from cli.console.output import echo, say
from cli.console.preview_values import month_of
from cli.console.progress import MESSAGES
from tiers.catalog.loading import load_catalog
from tiers.errors import CatalogError
from tiers.plan.plan import Plan
from tiers.portfolio.folders import portfolio_folder
from tiers.portfolio.reviews.loading import load_reviews
from tiers.portfolio.tenant import Portfolio


def write_pages(request: Request, *, open_page: bool = False) -> None:
    """Write the folder, and print which page to open, or open it.

    Raises:
        CatalogError: When what is asked for cannot be read.
        AllocationError: When the figures would not add up.
    """
    period = month_of(request.period)
    plan = _plan(request)
    catalog = load_catalog(folders_of_report(request, plan).catalog)
    portfolio = _portfolio(request, plan)
    folder = portfolio_folder(request.portfolio, request.cwd, plan.portfolio)
    sign_off = request.sign_off or kept_sign_off(folder, request.period)
    signed = read_sign_off(sign_off, request.period, None if request.sign_off else folder) if sign_off else {}
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
        tried.restored(request.evidence, plan, period.end),
        alternatives.by_tenant(),
        readiness_of(request),
        savings(estimate, catalog.classes.off_hours) if estimate else (),
        tuple(tried.rehearsed_before(request.evidence, plan, period.end)),
        frozenset(portfolio.platform.open_book if portfolio else ()),
        price_age(estimate) if estimate and request.run is None else None,
        load_reviews(folder),
        request.today,
        _sizes(alternatives, commitments_of(request, (*past, statement), estimate)),
        tried.left_out(request.evidence, plan, period.end),
    )
    extras = Extras(documents, signed, unit_cost_curve(catalog, statement, estimates, MESSAGES))
    count = write_report(showback, extras, request.out, say)
    say("")
    _show(request.out / "index.html", count, open_page=open_page)


def _show(index: Path, count: int, *, open_page: bool) -> None:
    echo(f"{count} pages; open {index}")
    if open_page and not webbrowser.open_new_tab(index.resolve().as_uri()):
        raise CatalogError(f"--open: this machine has no browser that can be opened; open {index} yourself")


def _sizes(alternatives: Alternatives, commitments: tuple[Commitments, ...]) -> Sizes:
    return Sizes(tuple(alternatives.sizes()), alternatives.machines, alternatives.nodes, commitments)


def _plan(request: Request) -> Plan:
    if (request.stack is None) == (request.inventory is None):
        raise CatalogError("name what was deployed: either --stack NAME or --inventory FILE")
    if request.inventory is not None:
        return inventory_of_file(request.inventory).plan
    return dated_inventory(str(request.stack), request.cwd).plan


def _portfolio(request: Request, plan: Plan) -> Portfolio | None:
    portfolio = files_of_plan(plan, request.portfolio, request.cwd)
    if portfolio is not None and portfolio.platform.catalog != plan.catalog:
        folder = portfolio_folder(request.portfolio, request.cwd, plan.portfolio)
        now, then = (name or "that of Costack" for name in (portfolio.platform.catalog, plan.catalog))
        raise CatalogError(
            f"{folder / 'platform.yaml'}: its catalog is {now}, deployed is {then}: run `pulumi up` first"
        )
    return portfolio
