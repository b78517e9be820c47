"""The FOCUS files of a run: an allocation with the tags of its tenants and the methods of its pools."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import duckdb

from allocation.adapters.distributed.focus_files import Lines, write_grouped
from allocation.adapters.focus.run import FocusRun
from allocation.adapters.focus.writer import write_focus
from allocation.billed.deployed import Deployed, portfolios_of
from allocation.engine.portfolios import of_portfolios
from allocation.engine.rulebook import Rulebook
from allocation.runs.messages import Messages
from allocation.runs.request import Request
from allocation.runs.workplace import text_table


def write_focus_files(  # noqa: PLR0917 - all that a FOCUS file is made of
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    request: Request,
    rules: Rulebook,
    deployed: Sequence[Deployed],
    run_id: str,
    messages: Messages,
    lines: Lines | None = None,
) -> None:
    """Write a file of each version that is asked for; *lines* is an engine that writes those of groups."""
    if not request.focus:
        return
    _make_tables(connection, rules, deployed)
    whose = ", ".join(portfolios_of(deployed))
    run = FocusRun(
        run_id=run_id,
        period=request.period,
        currency=deployed[-1].inventory.plan.currency,
        billing_account_id=whose,
        billing_account_name=whose,
        invoice_issuer=whose,
        provider="AWS",
        publisher="AWS",
        converts=request.rates is not None,
    )
    for version in request.focus:
        messages.progress(f"writing FOCUS {version}")
        if lines is None:
            write_focus(connection, folder / "focus", version, run, csv=request.focus_csv)
        else:
            write_grouped(connection, folder / "focus", version, run, lines, folder)


def _make_tables(
    connection: duckdb.DuckDBPyConnection, rules: Rulebook, deployed: Sequence[Deployed]
) -> None:
    """Make the tables `tenant_tags` and `rulebook_pool`."""
    tags = {
        tenant.tenant: (tenant.client, json.dumps(tenant.cost_tags().as_tags(), sort_keys=True))
        for one in deployed
        for tenant in one.inventory.plan.tenants
    }
    text_table(connection, "tenant_tags", "tenant name tags", [(name, *rest) for name, rest in tags.items()])
    pools = [
        (pool.pool, pool.driver.name, pool.driver.unit, f"costack:{pool.pool}:{pool.driver.name}")
        for pool in of_portfolios(rules, portfolios_of(deployed)).pools
    ]
    text_table(connection, "rulebook_pool", "pool driver driver_unit method_id", pools)
