"""Allocates bills: from bills and usage to a statement, a manifest and FOCUS files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from allocation.adapters.bill import Intake, ingest
from allocation.adapters.focus.run import FocusRun, FocusVersion
from allocation.adapters.focus.writer import write_focus
from allocation.adapters.folders.earlier_months import ITEMS, STATEMENT
from allocation.adapters.folders.filed_months import History
from allocation.adapters.folders.run import MANIFEST, keep_tables, sha256_of, write_json
from allocation.adapters.labour import Labour, add_support_usage, labour_bill
from allocation.adapters.pulumi.stack_outputs import inventory_of_file
from allocation.adapters.rates import Rate, rates_account, read_rates
from allocation.adapters.usage.intake import UsageIntake, read_usage
from allocation.billed.billed_statement import Deployed, billed_allocation, deployed_in
from allocation.billed.labour import known_labour
from allocation.billed.readiness import Evidence, Gate, gates
from allocation.charges import ChargePeriod
from allocation.engine.drivers import Driver
from allocation.engine.rulebook import DIRECTORY, Rulebook, rules_on
from allocation.engine.settlement import Residuals
from allocation.report.statement.csv_and_markdown import as_csv
from allocation.report.statement.document import document, items_document
from allocation.runs.breakdowns import breakdowns
from allocation.runs.closing import DESPITE, Closed, Closing, close_month
from allocation.runs.messages import Messages
from allocation.runs.workplace import connected, text_table, workplace
from allocation.statement.statement import Statement, Term
from tiers.errors import CatalogError


@dataclass(frozen=True)
class Request:
    """The options of the command line."""

    bills: Sequence[Path]
    usage: Sequence[Path]
    inventories: Sequence[str]
    period: ChargePeriod
    out: Path | None = None
    focus: Sequence[FocusVersion] = ()
    focus_csv: bool = False
    history: Path | None = None
    close: bool = False
    restate: str | None = None
    despite: str | None = None
    """The reason to file the month although gates fail."""
    rulebook: Path | None = None
    labour: Path | None = None
    """The hours of a ticket export."""
    rates: Path | None = None
    """The exchange rates into the currency of the portfolio."""
    invoices: Mapping[str, Decimal] | None = None
    """The totals of invoices; None if no statement by invoice is asked for."""
    ended: Mapping[Path, Term] = field(default_factory=dict)
    """The decommission plans of ended tenants, and the terms under which retained resources are paid."""


@dataclass(frozen=True)
class Outcome:
    """A statement and its readiness."""

    statement: Statement
    gates: tuple[Gate, ...]
    chargeback: tuple[str, ...]
    closed: Closed
    manifest: Mapping[str, Any] = field(default_factory=dict)

    @property
    def failed(self) -> list[Gate]:
        """The failed gates, if anything is to be booked and nobody filed it despite of them."""
        booked = self.chargeback and self.closed.despite is None
        return [gate for gate in self.gates if not gate.passed] if booked else []


def allocate_bills(request: Request, now: datetime, messages: Messages) -> Outcome:
    """Read, allocate, prove and write, completely or not at all.

    Raises:
        AllocationError: When a file cannot be read or the figures would not add up.
        CatalogError: When an inventory cannot be read.
    """
    rules = rules_on(request.period.start.date(), request.rulebook or DIRECTORY)
    deployed = deployed_in(request.period, [_inventory(text) for text in request.inventories])
    history = History(request.history) if request.history else None
    carried = history.carried_into(request.period) if history else {}
    with workplace(request.out) as folder, connected(folder) as connection:
        return _Run(request, rules, deployed, connection, folder, messages).make(history, carried, now)


@dataclass(frozen=True)
class _Run:
    request: Request
    rules: Rulebook
    deployed: tuple[Deployed, ...]
    connection: duckdb.DuckDBPyConnection
    folder: Path
    messages: Messages

    def make(self, history: History | None, carried: Residuals, now: datetime) -> Outcome:
        period, say = self.request.period, self.messages.progress
        currency = self.deployed[-1].inventory.plan.currency
        rates = read_rates(self.request.rates, currency) if self.request.rates else []
        intake, used, labour = self._read(period, currency, rates)
        say("allocating")
        statement, sources, left = billed_allocation(
            self.connection,
            self.deployed,
            period,
            self.rules,
            carried,
            list(self.request.ended.values()),
            known_labour(labour.worked),
        )
        broken_down = breakdowns(self.connection, intake, self.request.invoices)
        evidence = self._evidence(intake, sources, labour)
        found = (*gates(self.connection, statement, self.rules, evidence), *broken_down.gates)
        filed_document = document(statement) | {
            "drivers": {str(driver): how for driver, how in sources.items()},
            "chargeback": list(self.rules.chargeback),
        }
        asked = Closing(history, self.request.close, self.request.restate, self.request.despite)
        items = items_document(statement)
        closed = close_month(asked, period, filed_document, items, left, found, now)
        converted = rates_account(self.connection, self.request.rates, rates)
        more = {**labour.account, **converted, **broken_down.account()}
        proof = self._manifest(intake, used, statement, found, more)
        manifest = proof | {"state": str(closed.state)}
        if closed.despite:
            manifest |= {DESPITE: closed.despite}
        if self.request.out:
            broken_down.write(self.folder)
            self._write(filed_document, statement, manifest)
        say("")
        return Outcome(statement, found, self.rules.chargeback, closed, manifest)

    def _read(
        self, period: ChargePeriod, currency: str, rates: Sequence[Rate]
    ) -> tuple[Intake, UsageIntake, Labour]:
        """Make the tables `charge`, `refused`, `usage` and `usage_refused`."""
        say = self.messages.progress
        say("reading bills")
        with labour_bill(self.request.labour, period, self.deployed, currency) as labour:
            bills = [*self.request.bills, *labour.bills]
            intake = ingest(
                self.connection, bills, period, currency, into=self.folder, rates=rates, progress=say
            )
        self._warn_refused("rows of the bill", intake.refused)
        say(f"{intake.rows} rows read; reading usage")
        used = read_usage(self.connection, self.request.usage, period, [str(driver) for driver in Driver])
        self._warn_refused("rows of usage", used.refused)
        add_support_usage(self.connection, labour, period)
        return intake, used, labour

    def _warn_refused(self, what: str, refused: Mapping[str, int]) -> None:
        if refused:
            rules = ", ".join(f"{rule} {rows}" for rule, rows in sorted(refused.items()))
            self.messages.warn(f"refused {what}: {rules}; each is listed in the run's folder")

    def _evidence(self, intake: Intake, sources: Mapping[Driver, str], labour: Labour) -> Evidence:
        cost = intake.costs[self.rules.cost]
        version = self.deployed[-1].inventory.plan.catalog_version
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
            catalog=_day_of(version),
        )

    def _manifest(
        self,
        intake: Intake,
        used: UsageIntake,
        statement: Statement,
        found: Sequence[Gate],
        more: Mapping[str, Any],
    ) -> dict[str, Any]:
        files = sorted((self.request.rulebook or DIRECTORY).glob("*.yaml"))
        manifest = {
            "schema_version": 1,
            "period": f"{self.request.period.start:%Y-%m}",
            "bill": intake.document(),
            "usage": {
                "files": {path.name: sha256_of(path) for path in self.request.usage},
                "rows": used.rows,
                "taken": used.taken,
                "refused": dict(used.refused),
            },
            "inventories": [_hashed(text) for text in self.request.inventories],
            **self._ended(),
            **more,
            "rulebooks": {path.name: sha256_of(path) for path in files},
            "unallocated": {item.reason: item.charges for item in statement.unallocated},
            "strangers": list(statement.unknown_consumers),
            "versions": dict(statement.versions),
            "cost": self.rules.cost,
            "chargeback": list(self.rules.chargeback),
            "readiness": [gate._asdict() for gate in found],
        }
        text = json.dumps(manifest, sort_keys=True)
        return manifest | {"run_id": hashlib.sha256(text.encode()).hexdigest()[:16]}

    def _ended(self) -> dict[str, Any]:
        """The plans of ended tenants that are still on the bill, if there are any."""
        files = {path.name: sha256_of(path) for path in self.request.ended}
        return {"ended": files} if files else {}

    def _write(
        self, filed_document: Mapping[str, Any], statement: Statement, manifest: Mapping[str, Any]
    ) -> None:
        self.messages.progress("writing")
        write_json(self.folder / STATEMENT, filed_document)
        write_json(self.folder / ITEMS, items_document(statement))
        (self.folder / "statement.csv").write_text(as_csv(statement), encoding="utf-8", newline="")
        keep_tables(self.connection, self.folder)
        for version in self.request.focus:
            self.messages.progress(f"writing FOCUS {version}")
            self._focus(version, str(manifest["run_id"]))
        write_json(self.folder / MANIFEST, manifest)

    def _focus(self, version: FocusVersion, run_id: str) -> None:
        tags = {
            tenant.tenant: (tenant.client, json.dumps(tenant.cost_tags().as_tags(), sort_keys=True))
            for one in self.deployed
            for tenant in one.inventory.plan.tenants
        }
        text_table(
            self.connection, "tenant_tags", "tenant name tags", [(name, *rest) for name, rest in tags.items()]
        )
        pools = [
            (pool.pool, pool.driver.name, pool.driver.unit, f"costack:{pool.pool}:{pool.driver.name}")
            for pool in self.rules.pools
        ]
        text_table(self.connection, "rulebook_pool", "pool driver driver_unit method_id", pools)
        plan = self.deployed[-1].inventory.plan
        run = FocusRun(
            run_id=run_id,
            period=self.request.period,
            currency=plan.currency,
            billing_account_id=plan.portfolio,
            billing_account_name=plan.portfolio,
            invoice_issuer=plan.portfolio,
            provider="AWS",
            publisher="AWS",
            converts=self.request.rates is not None,
        )
        write_focus(self.connection, self.folder / "focus", version, run, csv=self.request.focus_csv)


def _inventory(text: str) -> tuple[datetime, Any]:
    """The inventory of `FILE`, or of `YYYY-MM-DD=FILE` for one in force from that day on."""
    day, equals, path = text.partition("=")
    if not equals:
        return datetime.min.replace(tzinfo=UTC), inventory_of_file(Path(text))
    try:
        since = date.fromisoformat(day)
    except ValueError:
        raise CatalogError(f"--inventory '{text}': expected FILE or YYYY-MM-DD=FILE") from None
    return datetime(since.year, since.month, since.day, tzinfo=UTC), inventory_of_file(Path(path))


def _hashed(text: str) -> dict[str, str]:
    day, equals, path = text.partition("=")
    file = Path(path if equals else text)
    return {"file": file.name, "since": day if equals else "", "sha256": sha256_of(file)}


def _day_of(version: str) -> date | None:
    """The day of a version such as 2026-11 or 2026-11-23."""
    for text in (version, f"{version}-01"):
        try:
            return date.fromisoformat(text)
        except ValueError:
            continue
    return None
