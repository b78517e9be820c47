"""The commands of `costack`. Heavy imports wait until a command runs, so that `--help` is quick."""

from __future__ import annotations

import gc
from typing import Annotated, Final

import typer

from cli.console.help import CommandsByJob, Place
from cli.console.output import echo

PROVISION: Final = "Provision tenants"
CHANGE: Final = "Change and repair"
DECOMMISSION: Final = "Decommission"
COSTS: Final = "Allocate costs"

app = typer.Typer(
    name="costack",
    cls=CommandsByJob,
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _print_version(asked: bool) -> None:  # noqa: FBT001 - as typer calls it
    if asked:
        from importlib import metadata  # noqa: PLC0415 - it takes longer than all commands

        echo(f"costack {metadata.version('costack')}")
        raise typer.Exit


@app.callback()
def _root(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Host Odoo for many clients, and know who pays for what.

    Run it in the folder of the Pulumi project, the one with Pulumi.yaml.
    """


CommandsByJob.places = {
    "init": Place(PROVISION, "provision.init"),
    "validate": Place(PROVISION, "provision.validate"),
    "preview": Place(PROVISION, "provision.preview"),
    "unit-costs": Place(PROVISION, "provision.unit_costs"),
    "import": Place(PROVISION, "provision.import_estate", "import_"),
    "adopt": Place(PROVISION, "provision.adopt"),
    "ci": Place(PROVISION, "provision.ci"),
    "images": Place(PROVISION, "provision.images"),
    "move": Place(CHANGE, "change.move"),
    "rename": Place(CHANGE, "change.rename"),
    "rotate": Place(CHANGE, "change.rotate"),
    "failover": Place(CHANGE, "change.failover"),
    "failback": Place(CHANGE, "change.failback"),
    "restore": Place(CHANGE, "change.restore"),
    "refresh": Place(CHANGE, "change.refresh"),
    "upgrade-database": Place(CHANGE, "change.upgrade_database"),
    "upgrade": Place(CHANGE, "change.upgrade"),
    "restore-test": Place(CHANGE, "change.restore_test"),
    "recover": Place(CHANGE, "change.recover"),
    "drift": Place(CHANGE, "change.drift"),
    "expire": Place(DECOMMISSION, "decommission.expire"),
    "extend": Place(DECOMMISSION, "decommission.extend"),
    "approve": Place(DECOMMISSION, "decommission.approve"),
    "decommission": Place(DECOMMISSION, "decommission.decommission"),
    "purge": Place(DECOMMISSION, "decommission.purge"),
    "allocate": Place(COSTS, "costs.allocate"),
    "explain": Place(COSTS, "costs.explain"),
    "report": Place(COSTS, "costs.report"),
    "track": Place(COSTS, "costs.track"),
    "compliance": Place(COSTS, "costs.compliance"),
    "sql": Place(COSTS, "costs.sql"),
    "review": Place(COSTS, "costs.review"),
    "usage": Place(COSTS, "costs.usage"),
    "prices": Place(COSTS, "costs.prices"),
}


def main() -> None:
    """The console script."""
    # What a command makes lives until it ends: collecting every 700 objects took a fifth of its time.
    gc.set_threshold(100_000, 50, 1000)
    app()
