"""Allocates bills: from bills and usage to a statement, a manifest and FOCUS files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from allocation.adapters.bill import Intake, ingest
from allocation.adapters.distributed.focus_files import Lines
from allocation.adapters.folders.earlier_months import ITEMS, STATEMENT
from allocation.adapters.folders.filed_months import History
from allocation.adapters.folders.run import MANIFEST, keep_tables, write_json
from allocation.adapters.labour import Labour, add_support_usage, labour_bill
from allocation.adapters.rates import Rate, rates_account, read_rates
from allocation.adapters.usage.intake import UsageIntake, read_usage
from allocation.billed.availability.itemised import Itemised, itemise, keep_whole
from allocation.billed.availability.parts import spare_nodes
from allocation.billed.billed_statement import billed_allocation
from allocation.billed.commitments import commitment_gates
from allocation.billed.deployed import Deployed, catalog_day, deployed_in, portfolios_of
from allocation.billed.earlier_months import EarlierMonths
from allocation.billed.labour import known_labour, tenants_of
from allocation.billed.readiness import Evidence, Gate, gates
from allocation.charges import ChargePeriod
from allocation.engine.attribution import Attributed, attributed
from allocation.engine.drivers import Driver
from allocation.engine.earlier.allocated import runs_read_back
from allocation.engine.rulebook import Rulebook, rules_on
from allocation.engine.settlement import Residuals
from allocation.estimate.folders import Folders
from allocation.prices.price_book import PriceBook, load_price_book
from allocation.report.statement.csv_and_markdown import as_csv
from allocation.report.statement.document import document, items_document
from allocation.runs.attribution import credited, left_out, refuse_for_several, untagged, unused, write_parts
from allocation.runs.breakdowns import breakdowns
from allocation.runs.closing import DESPITE, Closing, close_month
from allocation.runs.distributed.inputs import dated_inventory, folders_of
from allocation.runs.distributed.reading import ingest_by, lines_by
from allocation.runs.focus_files import write_focus_files
from allocation.runs.manifest import manifest_of
from allocation.runs.messages import Messages
from allocation.runs.other_months import filed_months_of, months_outside
from allocation.runs.request import Outcome, Request
from allocation.runs.workplace import connected, workplace
from allocation.statement.statement import Statement
from allocation.track.daily_sums import month_by_day
from tiers.errors import CatalogError

__all__ = ("Outcome", "Request", "allocate_bills")


def allocate_bills(request: Request, now: datetime, messages: Messages) -> Outcome:
    """Read, allocate, prove and write, completely or not at all.

    Raises:
        AllocationError: When a file cannot be read or the figures would not add up.
        CatalogError: When an inventory cannot be read.
    """
    deployed = deployed_in(request.period, [dated_inventory(text) for text in request.inventories])
    folders = folders_of(deployed, request.rulebook, request.cwd, labour=request.labour is not None)
    request = replace(request, rulebook=folders.rules)
    rules = rules_on(request.period.start.date(), folders.rules)
    several = portfolios_of(deployed)
    refuse_for_several(several, {"--history": request.history, "--ended": request.ended})
    history = History(request.history) if request.history else None
    carried = history.carried_into(request.period) if history else {}
    with (
        workplace(request.out) as folder,
        connected(folder) as connection,
        TemporaryDirectory(prefix=".answers-", dir=folder) as answers,
    ):
        run = _Run(request, folders, rules, deployed, connection, folder, Path(answers), messages)
        return run.make(history, carried, now)


@dataclass(frozen=True)
class _Run:
    request: Request
    folders: Folders
    rules: Rulebook
    deployed: tuple[Deployed, ...]
    connection: duckdb.DuckDBPyConnection
    folder: Path
    answers: Path
    messages: Messages

    def make(self, history: History | None, carried: Residuals, now: datetime) -> Outcome:
        request, say = self.request, self.messages.progress
        period, currency = request.period, self.deployed[-1].inventory.plan.currency
        rates = read_rates(request.rates, currency) if request.rates else []
        intake, used, labour = self._read(period, currency, rates)
        itemised = self._itemised(currency)
        say("allocating")
        statement, sources, left = billed_allocation(
            self.connection,
            self.deployed,
            period,
            self.rules,
            carried,
            list(request.ended.values()),
            known_labour(labour.worked),
            earlier=EarlierMonths(filed_months_of(self.connection, history, period)),
        )
        made = attributed(self.connection, self.rules)
        self._warn(unused(made), credited(self.connection), itemised.sentence())
        broken_down = breakdowns(self.connection, intake, request.invoices)
        evidence = self._evidence(intake, sources, labour, made)
        found = (*self._gates(statement, evidence, intake), *broken_down.gates)
        filed_document = document(statement) | {
            "drivers": {str(driver): how for driver, how in sources.items()},
            "chargeback": list(self.rules.chargeback),
        }
        items = items_document(statement)
        by_day = partial(month_by_day, self.connection, self.rules.cost, period)
        asked = Closing(history, request.close, request.restate, request.despite, by_day)
        closed = close_month(asked, period, filed_document, items, left, found, now)
        converted = rates_account(self.connection, request.rates, rates)
        more = {**labour.account, **converted, **broken_down.account(), **itemised.account()}
        of = replace(request, rulebook=self.folders.rules)
        manifest = manifest_of(of, self.rules, intake, used, statement, found, made, more)
        manifest |= {"state": str(closed.state)} | ({DESPITE: closed.despite} if closed.despite else {})
        if request.out:
            broken_down.write(self.folder)
            self._write(filed_document, items, statement, manifest)
        say("")
        return Outcome(statement, found, self.rules.chargeback, closed, manifest)

    def _read(
        self, period: ChargePeriod, currency: str, rates: Sequence[Rate]
    ) -> tuple[Intake, UsageIntake, Labour]:
        """Make the tables `charge`, `refused`, `usage` and `usage_refused`."""
        say = self.messages.progress
        say("reading bills")
        with labour_bill(self.request.labour, period, self.deployed, currency, self.folders.prices) as labour:
            intake, told = self._ingested(labour.bills, currency, rates)
        self._warn_refused("rows of the bill", intake.refused)
        self._warn(left_out(intake), untagged(intake), months_outside(self.connection, currency))
        say(f"{intake.rows} rows read; reading usage")
        used = read_usage(self.connection, self.request.usage, period, [str(driver) for driver in Driver])
        self._warn_refused("rows of usage", used.refused)
        several = len(portfolios_of(self.deployed)) > 1
        add_support_usage(
            self.connection, labour, period, sorted(tenants_of(self.deployed)) if several else ()
        )
        return intake, used, replace(labour, account={**labour.account, **told})

    def _ingested(
        self, beside: Sequence[Path], currency: str, rates: Sequence[Rate]
    ) -> tuple[Intake, dict[str, Any]]:
        """The account of all bills, and what a manifest says of an engine that read them."""
        request, say = self.request, self.messages.progress
        given = (self.connection, request.bills, beside, request.period)
        if request.engine is not None:
            known = (self.deployed, self.rules, currency)
            return ingest_by(request.engine, *given, *known, self.folder, self.answers, say)
        return ingest(
            self.connection,
            [*request.bills, *beside],
            request.period,
            currency,
            into=self.folder,
            rates=rates,
            parts=request.parts,
            progress=say,
        ), {}

    def _itemised(self, currency: str) -> Itemised:
        """Divide the lines that pay for a second zone, where the rules say so and prices are known."""
        if self.rules.availability == "whole":
            return keep_whole(self.connection)
        plans = [one.inventory.plan for one in self.deployed]
        regions = {fact.region for plan in plans for fact in plan.all_facts()}

        def prices() -> PriceBook:
            try:
                return load_price_book(currency, self.folders.prices, regions)
            except CatalogError:  # a bill can be allocated without prices: then its lines stay whole
                return PriceBook([], currency)

        return itemise(self.connection, prices, spare_nodes(self.deployed))

    def _lines(self) -> Lines | None:
        """What writes the lines of a FOCUS file, where an engine has read them."""
        request = self.request
        if request.engine is None:
            return None
        known = (self.deployed, self.rules, self.deployed[-1].inventory.plan.currency)
        given = (request.engine, self.connection, request.bills, request.period)
        return lines_by(*given, *known, self.answers, self.messages.progress)

    def _gates(self, statement: Statement, evidence: Evidence, intake: Intake) -> tuple[Gate, ...]:
        return (
            *gates(self.connection, statement, self.rules, evidence),
            *commitment_gates(self.connection, self.request.period),
            *(Gate(*finding) for finding in intake.findings),
            *(
                # What was refused then, and failed its gates, is not in the file.
                Gate("read from bills", f"rows that run {run} wrote", "bills", passed=False)
                for run in runs_read_back(self.connection)
            ),
        )

    def _warn_refused(self, what: str, refused: Mapping[str, int]) -> None:
        if refused:
            rules = ", ".join(f"{rule} {rows}" for rule, rows in sorted(refused.items()))
            where = "each is listed in the run's folder" if self.request.out else "--out FOLDER lists each"
            self.messages.warn(f"refused {what}: {rules}; {where}")

    def _warn(self, *sentences: str) -> None:
        for sentence in filter(None, sentences):
            self.messages.warn(sentence)

    def _evidence(
        self, intake: Intake, sources: Mapping[Driver, str], labour: Labour, made: Attributed
    ) -> Evidence:
        cost = intake.costs[self.rules.cost]
        # What people worked is no bill: it does not make a month billed, and hides nothing that was refused.
        hours = len(labour.worked)
        return Evidence(
            sources=sources,
            rows=intake.rows - hours,
            charged=intake.charges - hours,
            unknown=intake.unknown,
            read=cost.gross_read - labour.units,
            refused=cost.gross_refused,
            moved=cost.moved,
            catalog=catalog_day(self.deployed),
            made=made,
            has_tags=intake.has_tags,
        )

    def _write(
        self,
        filed_document: Mapping[str, Any],
        items: Mapping[str, Any],
        statement: Statement,
        manifest: Mapping[str, Any],
    ) -> None:
        self.messages.progress("writing")
        write_json(self.folder / STATEMENT, filed_document)
        write_json(self.folder / ITEMS, items, indent=None)
        write_parts(self.folder, statement)
        (self.folder / "statement.csv").write_text(as_csv(statement), encoding="utf-8", newline="")
        keep_tables(self.connection, self.folder)
        write_focus_files(
            self.connection,
            self.folder,
            self.request,
            self.rules,
            self.deployed,
            str(manifest["run_id"]),
            self.messages,
            self._lines(),
        )
        write_json(self.folder / MANIFEST, manifest)
