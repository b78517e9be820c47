"""Allocates bills: from bills and usage to a statement, a manifest and FOCUS files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import duckdb

from allocation.adapters.bill import Intake, ingest
from allocation.adapters.focus.run import FocusRun, FocusVersion
from allocation.adapters.focus.writer import write_focus
from allocation.adapters.folders.earlier_months import ITEMS, STATEMENT
from allocation.adapters.folders.filed_months import History
from allocation.adapters.folders.run import MANIFEST, keep_tables, new_run, sha256_of, write_json
from allocation.adapters.pulumi.stack_outputs import inventory_of_file
from allocation.adapters.usage.intake import UsageIntake, read_usage
from allocation.billed.billed_statement import Deployed, billed_allocation, deployed_in
from allocation.billed.readiness import Evidence, Gate, gates
from allocation.billed.state import state_of
from allocation.charges import ChargePeriod
from allocation.engine import tables
from allocation.engine.drivers import Driver
from allocation.engine.rulebook import DIRECTORY, Rulebook, rules_on
from allocation.engine.settlement import Residuals
from allocation.errors import AllocationError
from allocation.report.statement.csv_and_markdown import as_csv
from allocation.report.statement.document import document, items_document
from allocation.runs.messages import Messages
from allocation.statement.statement import Statement, Term
from tiers.errors import CatalogError

_MEMORY: Final = "1200MB"


@dataclass(frozen=True)
class Request:
    """The options of the command line."""

    bills: Sequence[str | Path]
    usage: Sequence[Path]
    inventories: Sequence[str]
    period: ChargePeriod
    out: Path | None = None
    focus: Sequence[FocusVersion] = ()
    focus_csv: bool = False
    history: Path | None = None
    close: bool = False
    restate: str | None = None
    rulebook: Path | None = None
    parts: bool = False
    """Whether bills with lines about the same are parts of one, and not two deliveries of it."""
    ended: Mapping[Path, Term] = field(default_factory=dict)
    """The decommission plans of ended tenants, and the terms under which retained resources are paid."""


@dataclass(frozen=True)
class Outcome:
    """A statement and its readiness."""

    statement: Statement
    gates: tuple[Gate, ...]
    chargeback: tuple[str, ...]
    manifest: Mapping[str, Any] = field(default_factory=dict)

    @property
    def failed(self) -> list[Gate]:
        """The failed gates, if anything is to be booked."""
        return [gate for gate in self.gates if not gate.passed] if self.chargeback else []


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
    with _workplace(request.out) as folder, _connected(folder) as connection:
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
        period, currency = self.request.period, self.deployed[-1].inventory.plan.currency
        say = self.messages.progress
        say("reading bills")
        intake = self._intake(currency)
        self._warn_refused("rows of the bill", intake.refused)
        say(f"{intake.rows} rows read; reading usage")
        used = read_usage(self.connection, self.request.usage, period, [str(driver) for driver in Driver])
        self._warn_refused("rows of usage", used.refused)
        say("allocating")
        statement, sources, left = billed_allocation(
            self.connection,
            self.deployed,
            period,
            self.rules,
            carried,
            list(self.request.ended.values()),
        )
        found = gates(self.connection, statement, self.rules, self._evidence(intake, sources))
        filed_document = document(statement) | {
            "drivers": {str(driver): how for driver, how in sources.items()},
            "chargeback": list(self.rules.chargeback),
        }
        filed = len(history.filed(period)) if history else 0
        if history and (self.request.close or self.request.restate or filed):
            self._refuse_early_close(now)
            state = history.file(
                period, filed_document, items_document(statement), left, self.request.restate
            )
        else:
            state = state_of(period, now, filed)
        manifest = self._manifest(intake, used, statement, found) | {"state": str(state)}
        if self.request.out:
            self._write(filed_document, statement, manifest)
        say("")
        return Outcome(statement, found, self.rules.chargeback, manifest)

    def _intake(self, currency: str) -> Intake:
        request, say = self.request, self.messages.progress
        into, parts = self.folder, request.parts
        done = ingest(
            self.connection, request.bills, request.period, currency, into=into, parts=parts, progress=say
        )
        if done.left_out:
            one, more = done.left_out[0], len(done.left_out) - 1
            others = f"; {more} more are listed in the run's manifest" if more else ""
            self.messages.warn(f"left out {one['name']}: {one['reason']}{others}")
        return done

    def _warn_refused(self, what: str, refused: Mapping[str, int]) -> None:
        if refused:
            rules = ", ".join(f"{rule} {rows}" for rule, rows in sorted(refused.items()))
            self.messages.warn(f"refused {what}: {rules}; each is listed in the run's folder")

    def _refuse_early_close(self, now: datetime) -> None:
        if now < self.request.period.end:
            raise AllocationError(
                f"{self.request.period.start:%Y-%m} runs until {self.request.period.end:%Y-%m-%d}: "
                "close it after its last day"
            )

    def _evidence(self, intake: Intake, sources: Mapping[Driver, str]) -> Evidence:
        cost = intake.costs[self.rules.cost]
        version = self.deployed[-1].inventory.plan.catalog_version
        return Evidence(sources, cost.refused, cost.moved, _day_of(version))

    def _manifest(
        self, intake: Intake, used: UsageIntake, statement: Statement, found: Sequence[Gate]
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
        _table(
            self.connection, "tenant_tags", "tenant name tags", [(name, *rest) for name, rest in tags.items()]
        )
        pools = [
            (pool.pool, pool.driver.name, pool.driver.unit, f"costack:{pool.pool}:{pool.driver.name}")
            for pool in self.rules.pools
        ]
        _table(self.connection, "rulebook_pool", "pool driver driver_unit method_id", pools)
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


@contextmanager
def _workplace(out: Path | None) -> Iterator[Path]:
    with new_run(out) if out else TemporaryDirectory(prefix="costack-") as folder:
        Path(folder).chmod(0o700)  # it holds every row of the bill
        yield Path(folder)


@contextmanager
def _connected(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A temporary database on disk beside the run, for data larger than memory."""
    with TemporaryDirectory(prefix=".work-", dir=folder) as work:
        connection = duckdb.connect(str(Path(work) / "run.duckdb"))
        try:
            connection.execute(f"SET memory_limit = '{_MEMORY}'")
            connection.execute("SET temp_directory = ?", [str(Path(work) / "spill")])
            yield connection
        finally:
            connection.close()


def _table(
    connection: duckdb.DuckDBPyConnection, name: str, columns: str, rows: Sequence[Sequence[object]]
) -> None:
    table = ", ".join(f"{column} VARCHAR" for column in columns.split())
    tables.create(connection, name, table)
    tables.insert(connection, name, table, rows)
