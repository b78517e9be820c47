"""The script of a month: what an engine of one's own is asked for a bill and its inventories."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from allocation.adapters.distributed.script import Places, script
from allocation.adapters.distributed.sources import source_of
from allocation.billed.deployed import deployed_in
from allocation.charges import ChargePeriod
from allocation.engine.division_sql import Dialect
from allocation.engine.rulebook import rules_on
from allocation.runs.distributed.inputs import dated_inventory, folders_of
from allocation.runs.distributed.reading import asked_of


def script_for(  # noqa: PLR0917 - an engine, a month, and where things are
    dialect: Dialect,
    bill: str,
    inventories: Sequence[str],
    period: ChargePeriod,
    places: Places,
    rulebook: Path | None,
    cwd: Path,
) -> str:
    """The whole script in *dialect*.

    Raises:
        AllocationError: When the bill cannot be grouped.
        CatalogError: When an inventory cannot be read.
    """
    deployed = deployed_in(period, [dated_inventory(text) for text in inventories])
    rules = rules_on(period.start.date(), folders_of(deployed, rulebook, cwd).rules)
    asked, resources = asked_of(deployed, rules, deployed[-1].inventory.plan.currency)
    with TemporaryDirectory(prefix="costack-") as name, duckdb.connect() as connection:
        source = source_of(connection, [bill], period, Path(name))
    return script(source.columns, asked, resources, places, dialect)
