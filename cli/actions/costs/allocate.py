"""`costack allocate`: from an inventory, or from bills, to a statement."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from allocation.adapters.pulumi.stack_outputs import inventory_of_file
from allocation.charges import ChargePeriod
from allocation.engine.rulebook import DIRECTORY, rules_on
from allocation.errors import NotReadyError
from allocation.estimate.estimated_statement import estimated_statement
from allocation.prices.price_book import load_price_book
from allocation.report.statement.csv_and_markdown import as_csv, as_markdown
from allocation.report.statement.document import document
from allocation.report.statement.table import closing_lines, statement_table
from allocation.statement.statement import Statement
from cli.console.deployed import dated_inventory
from cli.console.output import echo
from cli.console.preview_values import month_of
from cli.console.progress import MESSAGES
from cli.console.table import print_table
from tiers.errors import CatalogError
from tiers.inventory import Inventory

if TYPE_CHECKING:
    from allocation.runs.bill import Outcome


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
    parts: bool = False


def print_allocation(request: Request, now: datetime) -> None:
    """Print the statement of a month: of bills when some are named, estimated otherwise.

    Raises:
        CatalogError: When the inventory cannot be read, or not exactly one source is named.
        AllocationError: When it cannot be allocated.
        NotReadyError: When a part is to be charged back and a gate does not pass.
    """
    period = month_of(request.period)
    if request.bills:
        _print_billed(request, period, now)
        return
    of_bills = (request.usage, request.out, request.focus, request.history, request.close, request.restate)
    if any((*of_bills, request.ended, request.parts)):
        raise CatalogError(
            "--parts, --usage, --out, --focus, --history, --close, --restate and --ended need a bill: "
            "add --bill FILE"
        )
    plan = _inventory(request)
    regions = frozenset(fact.region for fact in plan.plan.all_facts())
    prices = load_price_book(plan.plan.currency, regions=regions)
    rules = rules_on(period.start.date(), request.rulebook or DIRECTORY)
    _print(estimated_statement(plan, period, prices, rules), request.output)


def _print_billed(request: Request, period: ChargePeriod, now: datetime) -> None:
    from allocation.adapters.focus.run import FocusVersion  # noqa: PLC0415 - an estimate does not wait for it
    from allocation.runs.bill import Request as BillRequest  # noqa: PLC0415
    from allocation.runs.bill import allocate_bills  # noqa: PLC0415
    from lifecycle.decommission.plan import read_plan  # noqa: PLC0415

    if request.stack is not None or not request.inventories:
        raise CatalogError("a bill needs its tenants: name them with --inventory FILE, not with --stack")
    if (request.close or request.restate) and request.history is None:
        raise CatalogError("--close and --restate need --history FOLDER, in which statements are filed")
    try:
        versions = tuple(FocusVersion(text) for text in request.focus)
    except ValueError as error:
        raise CatalogError(f"--focus: {error}; expected 1.2, 1.3 or 1.4") from None
    if versions and request.out is None:
        raise CatalogError("--focus needs --out FOLDER, to write to")
    outcome = allocate_bills(
        BillRequest(
            bills=request.bills,
            usage=request.usage,
            inventories=request.inventories,
            period=period,
            out=request.out,
            focus=versions,
            focus_csv=request.focus_csv,
            history=request.history,
            close=request.close,
            restate=request.restate,
            rulebook=request.rulebook,
            parts=request.parts,
            ended={path: read_plan(path).term for path in request.ended},
        ),
        now,
        MESSAGES,
    )
    _print(outcome.statement, request.output)
    for line in (f"state: {outcome.manifest['state']}", *_gate_lines(outcome)):
        echo(line, err=True)
    if outcome.failed:
        raise NotReadyError(_unready(outcome))


def _gate_lines(outcome: Outcome) -> list[str]:
    """One line for each gate: the value found, and the limit."""
    return [
        f"{'pass' if gate.passed else 'FAIL'}: {gate.gate}: {gate.found}, {gate.limit}"
        for gate in outcome.gates
    ]


def _unready(outcome: Outcome) -> str:
    """Why nothing can be charged back."""
    names = "; ".join(f"{gate.gate} is {gate.found}, must be {gate.limit}" for gate in outcome.failed)
    return f"not ready for chargeback of {', '.join(outcome.chargeback)}: {names}"


def _print(statement: Statement, output: str) -> None:
    texts = {
        "json": lambda: json.dumps(document(statement), indent=2),
        "csv": lambda: as_csv(statement).replace("\r\n", "\n").rstrip("\n"),
        "markdown": lambda: as_markdown(statement).rstrip("\n"),
    }
    if output in texts:
        echo(texts[output]())
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
