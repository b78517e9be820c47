"""`costack usage cloudwatch`: what to ask CloudWatch about servers and caches."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

from allocation.adapters.cloudwatch.queries import metric_queries
from allocation.adapters.pulumi.stack_outputs import inventory_of_file
from cli.console.deployed import dated_inventory
from cli.console.output import echo
from cli.console.preview_values import month_of
from tiers.errors import CatalogError
from tiers.facts.data import DatabaseInstance
from tiers.files import written_beside
from tiers.plan.plan import facts_of


def write_queries(stack: str | None, inventory: Path | None, month: str, out: Path, cwd: Path) -> None:
    """Write the queries of what is deployed, and print the command of the AWS CLI for each file.

    Raises:
        CatalogError: When nothing deployed is named, or it has neither server nor cache.
    """
    period = month_of(month)
    if (stack is None) == (inventory is None):
        raise CatalogError("name what was deployed: either --stack NAME or --inventory FILE")
    deployed = inventory_of_file(inventory) if inventory else dated_inventory(str(stack), cwd)
    found = metric_queries(deployed)
    if not found:
        raise CatalogError("the inventory has neither server nor cache that is deployed")
    region = next(fact.region for fact in facts_of(deployed.plan.platform, DatabaseInstance))
    out.mkdir(parents=True, exist_ok=True)
    for number, queries in enumerate(found, 1):
        path = out / f"queries-{number}.json"
        with written_beside(path, json.dumps(queries, indent=1) + "\n") as partial:
            partial.replace(path)
        command = ["aws", "cloudwatch", "get-metric-data", "--region", region, "--metric-data-queries"]
        command += [f"file://{path}", "--start-time", f"{period.start:%Y-%m-%dT%H:%M:%SZ}"]
        command += ["--end-time", f"{period.end:%Y-%m-%dT%H:%M:%SZ}", "--output", "json"]
        echo(f"{shlex.join(command)} > {shlex.quote(str(out / f'metrics-{number}.json'))}")
