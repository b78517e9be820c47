"""`costack allocate`: from an inventory, or from bills, to a statement."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Final

from allocation.adapters.pulumi.stack_outputs import inventory_of_file
from allocation.billed.state import MonthState
from allocation.charges import ChargePeriod
from allocation.engine.rulebook import rules_on
from allocation.errors import NotReadyError
from allocation.estimate.estimated_statement import estimated_statement
from allocation.estimate.folders import folders_of_plan
from allocation.money import text_of
from allocation.prices.price_book import load_price_book
from allocation.report.statement.csv_and_markdown import as_csv, as_markdown
from allocation.report.statement.document import document
from allocation.report.statement.table import closing_lines, statement_table
from allocation.statement.statement import Statement
from cli.console.deployed import dated_inventory
from cli.console.output import echo, echo_as
from cli.console.preview_values import month_of
from cli.console.progress import MESSAGES
from cli.console.table import print_table
from tiers.errors import CatalogError
from tiers.inventory import Inventory
from tiers.portfolio.folders import portfolio_folder

if TYPE_CHECKING:
    from allocation.adapters.focus.run import FocusVersion
    from allocation.billed.readiness import Gate
    from allocation.runs.bill import Outcome

_OF_BILLS: Final = (
    *("parts", "usage", "out", "focus", "focus_csv", "history", "close", "restate", "despite"),
    *("labour", "rates", "invoice", "by_invoice", "ended"),
    *("engine", "spark_master", "spark_conf", "read_back"),
)
"""The options that an estimate cannot have."""
_CENTS: Final = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,2})?")


@dataclass(frozen=True)
class Request:
    """What the command line asks for; each field is the option of its name."""

    stack: str | None
    inventories: tuple[str, ...]
    period: str
    bills: tuple[str, ...]
    usage: tuple[Path, ...]
    out: Path | None
    focus: tuple[str, ...]
    focus_csv: bool
    history: Path | None
    close: bool
    restate: str | None
    rulebook: Path | None
    cwd: Path
    output: str
    ended: tuple[Path, ...] = ()
    despite: str | None = None
    labour: Path | None = None
    rates: Path | None = None
    invoice: tuple[str, ...] = ()
    by_invoice: bool = False
    parts: bool = False
    engine: str | None = None
    spark_master: str | None = None
    spark_conf: tuple[str, ...] = ()
    read_back: str | None = None


def print_allocation(request: Request, now: datetime) -> None:
    """Print the statement of a month: of bills when some are named, estimated otherwise.

    Raises:
        CatalogError: When the inventory cannot be read, or not exactly one source is named.
        AllocationError: When it cannot be allocated.
        NotReadyError: When a gate does not pass, and a part is to be charged back or the month to be closed.
    """
    period = month_of(request.period)
    if request.bills:
        _print_billed(request, period, now)
        return
    if given := [f"--{name.replace('_', '-')}" for name in _OF_BILLS if getattr(request, name)]:
        raise CatalogError(f"{', '.join(given)}: expected a bill, found none: add --bill FILE")
    plan = _inventory(request)
    regions = frozenset(fact.region for fact in plan.plan.all_facts())
    folders = folders_of_plan(plan.plan, portfolio_folder(None, request.cwd, plan.plan.portfolio))
    prices = load_price_book(plan.plan.currency, folders.prices, regions)
    rules = rules_on(period.start.date(), request.rulebook or folders.rules)
    _print(estimated_statement(plan, period, prices, rules), request.output)


def _print_billed(request: Request, period: ChargePeriod, now: datetime) -> None:
    from allocation.runs.bill import Request as BillRequest  # noqa: PLC0415 - an estimate does not wait for it
    from allocation.runs.bill import allocate_bills  # noqa: PLC0415
    from cli.actions.costs.engine import engine_of  # noqa: PLC0415
    from lifecycle.decommission.plan import read_plan  # noqa: PLC0415

    _check_options(request)
    outcome = allocate_bills(
        BillRequest(
            bills=request.bills,
            usage=request.usage,
            inventories=request.inventories,
            period=period,
            out=request.out,
            focus=_versions(request),
            focus_csv=request.focus_csv,
            history=request.history,
            close=request.close,
            restate=request.restate,
            despite=request.despite,
            rulebook=request.rulebook,
            labour=request.labour,
            rates=request.rates,
            invoices=_invoices(request),
            parts=request.parts,
            engine=engine_of(request),
            ended={path: read_plan(path).term for path in request.ended},
            cwd=request.cwd,
        ),
        now,
        MESSAGES,
    )
    _print(outcome.statement, request.output)
    for line in (*_breakdown_lines(outcome), *_closing_lines(outcome)):
        echo(line, err=True)
    if outcome.closed.held:
        raise NotReadyError(_held(outcome, period))
    if outcome.failed:
        raise NotReadyError(_unready(outcome))


def _closing_lines(outcome: Outcome) -> list[str]:
    """What each of several portfolios pays and what none does, the state of the month, and the gates."""
    statement = outcome.statement
    currency = statement.currency
    parts = [f"portfolio {part.portfolio}: {text_of(part.charged)} {currency}" for part in statement.parts]
    rest = [f"of no portfolio: {text_of(statement.apart)} {currency}"] if parts else []
    return [*parts, *rest, f"state: {outcome.manifest['state']}", *_gate_lines(outcome)]


def _check_options(request: Request) -> None:
    """Refuse options of a bill that miss what they need."""
    if request.stack is not None or not request.inventories:
        raise CatalogError("a bill needs its tenants: name them with --inventory FILE, not with --stack")
    if request.restate is not None and not request.restate.strip():
        raise CatalogError("--restate needs a REASON, which is filed with the difference")
    if (request.close or request.restate) and request.history is None:
        raise CatalogError("--close and --restate need --history FOLDER, in which statements are filed")
    if request.despite is not None and not (request.despite.strip() and (request.close or request.restate)):
        raise CatalogError("--despite needs a REASON, and --close or --restate beside it")


def _versions(request: Request) -> tuple[FocusVersion, ...]:
    from allocation.adapters.focus.run import FocusVersion  # noqa: PLC0415 - an estimate does not wait for it

    try:
        versions = tuple(FocusVersion(text) for text in request.focus)
    except ValueError as error:
        raise CatalogError(f"--focus: {error}; expected 1.2, 1.3 or 1.4") from None
    if versions and request.out is None:
        raise CatalogError("--focus needs --out FOLDER, to write to")
    return versions


def _invoices(request: Request) -> dict[str, Decimal] | None:
    """The totals by invoice; None if no statement by invoice is asked for.

    Raises:
        CatalogError: When one is not ID=AMOUNT, or is named twice.
    """
    totals: dict[str, Decimal] = {}
    for text in request.invoice:
        name, _, amount = text.rpartition("=")
        if not name or not _CENTS.fullmatch(amount):
            raise CatalogError(
                f"--invoice '{text}': expected ID=AMOUNT with at most two decimals, such as 71=12.50"
            )
        if name in totals:
            raise CatalogError(f"--invoice '{text}': the invoice {name} has a total already")
        totals[name] = Decimal(amount)
    return totals if totals or request.by_invoice else None


def _breakdown_lines(outcome: Outcome) -> list[str]:
    """Cash beside amortised cost, and a line for each invoice."""
    manifest, lines = outcome.manifest, []
    if views := manifest.get("cost_views"):
        lines.append(
            f"billed (cash) {views['billed']}, effective (amortised) {views['effective']} "
            f"{outcome.statement.currency}: each tenant's are in costs.csv of --out"
        )
    for name, said in manifest.get("invoices", {}).items():
        compared = f", total {said['total']}, difference {said['difference']}" if said["total"] else ""
        lines.append(f"invoice {name}: charged {said['charged']}, refused {said['refused']}{compared}")
    return lines


def _gate_lines(outcome: Outcome) -> list[str]:
    """One line for each gate: the value found, and the limit."""
    return [
        f"{'pass' if gate.passed else 'FAIL'}: {gate.gate}: {gate.found}, {gate.limit}"
        for gate in outcome.gates
    ]


def _unready(outcome: Outcome) -> str:
    """Why nothing can be charged back."""
    return f"not ready for chargeback of {', '.join(outcome.chargeback)}: {_named(outcome.failed)}"


def _held(outcome: Outcome, period: ChargePeriod) -> str:
    """Why the month was not filed, and what its user can do."""
    filed = outcome.closed.state in {MonthState.CLOSED, MonthState.RESTATED}
    return (
        f"{period.start:%Y-%m} is not {'restated' if filed else 'closed'}, nothing was filed: "
        f"{_named(outcome.closed.held)}; "
        "mend what was read, or file it with --despite REASON"
    )


def _named(gates: Iterable[Gate]) -> str:
    return "; ".join(f"{gate.gate} is {gate.found}, must be {gate.limit}" for gate in gates)


def _print(statement: Statement, output: str) -> None:
    texts = {
        "json": lambda: json.dumps(document(statement), indent=2),
        "csv": lambda: as_csv(statement),
        "markdown": lambda: as_markdown(statement),
    }
    if echo_as(output, texts):
        return
    # On a narrow terminal the pools are shown as one column.
    narrower = (
        lambda: statement_table(statement, by_pool=False),
        "all pools are in one column: a column for each",
    )
    print_table(statement_table(statement), closing_lines(statement), narrower)


def _inventory(request: Request) -> Inventory:
    if (request.stack is None) == (not request.inventories):
        raise CatalogError("name what to allocate: either --stack NAME or --inventory FILE")
    if request.stack is not None:
        return dated_inventory(request.stack, request.cwd)
    if len(request.inventories) > 1:
        raise CatalogError("an estimate is made of one inventory; several need a --bill")
    return inventory_of_file(Path(request.inventories[0]))
