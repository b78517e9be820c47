"""The commands of `costack`. Heavy imports wait until a command runs, so that `--help` is quick."""

from __future__ import annotations

import gc
from typing import Annotated, Final

import typer

from cli.commands.change import (
    drift,
    failback,
    failover,
    move,
    recover,
    refresh,
    rename,
    restore,
    restore_test,
    rotate,
    upgrade,
    upgrade_database,
)
from cli.commands.costs import allocate, compliance, explain, report, sql, track
from cli.commands.costs.prices import prices_app
from cli.commands.costs.review import review_app
from cli.commands.costs.usage import usage_app
from cli.commands.decommission import approve, decommission, expire, extend, purge
from cli.commands.provision import import_estate, init, preview, unit_costs, validate
from cli.commands.provision.adopt import adopt_app
from cli.commands.provision.ci import ci_app
from cli.commands.provision.images import images_app
from cli.commands.provision.stacks import stacks_app
from cli.console.help import Command, CommandsByJob
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


for heading, name, function, example in (
    (PROVISION, "init", init.init, init.INIT_EXAMPLE),
    (PROVISION, "validate", validate.validate, validate.VALIDATE_EXAMPLE),
    (PROVISION, "preview", preview.preview, preview.PREVIEW_EXAMPLE),
    (PROVISION, "unit-costs", unit_costs.unit_costs, unit_costs.UNIT_COSTS_EXAMPLE),
    (PROVISION, "import", import_estate.import_, import_estate.IMPORT_EXAMPLE),
    (CHANGE, "move", move.move, move.MOVE_EXAMPLE),
    (CHANGE, "rename", rename.rename, rename.RENAME_EXAMPLE),
    (CHANGE, "rotate", rotate.rotate, rotate.ROTATE_EXAMPLE),
    (CHANGE, "failover", failover.failover, failover.FAILOVER_EXAMPLE),
    (CHANGE, "failback", failback.failback, failback.FAILBACK_EXAMPLE),
    (CHANGE, "restore", restore.restore, restore.RESTORE_EXAMPLE),
    (CHANGE, "refresh", refresh.refresh, refresh.REFRESH_EXAMPLE),
    (
        CHANGE,
        "upgrade-database",
        upgrade_database.upgrade_database,
        upgrade_database.UPGRADE_DATABASE_EXAMPLE,
    ),
    (CHANGE, "upgrade", upgrade.upgrade, upgrade.UPGRADE_EXAMPLE),
    (CHANGE, "restore-test", restore_test.restore_test, restore_test.RESTORE_TEST_EXAMPLE),
    (CHANGE, "recover", recover.recover, recover.RECOVER_EXAMPLE),
    (CHANGE, "drift", drift.drift, drift.DRIFT_EXAMPLE),
    (DECOMMISSION, "expire", expire.expire, expire.EXPIRE_EXAMPLE),
    (DECOMMISSION, "extend", extend.extend, extend.EXTEND_EXAMPLE),
    (DECOMMISSION, "approve", approve.approve, approve.APPROVE_EXAMPLE),
    (DECOMMISSION, "decommission", decommission.decommission, decommission.DECOMMISSION_EXAMPLE),
    (DECOMMISSION, "purge", purge.purge, purge.PURGE_EXAMPLE),
    (COSTS, "allocate", allocate.allocate, allocate.ALLOCATE_EXAMPLE),
    (COSTS, "explain", explain.explain, explain.EXPLAIN_EXAMPLE),
    (COSTS, "report", report.report, report.REPORT_EXAMPLE),
    (COSTS, "track", track.track, track.TRACK_EXAMPLE),
    (COSTS, "compliance", compliance.compliance, compliance.COMPLIANCE_EXAMPLE),
    (COSTS, "sql", sql.sql, sql.SQL_EXAMPLE),
):
    app.command(name, cls=Command, epilog=example, rich_help_panel=heading)(function)
app.add_typer(adopt_app, name="adopt", rich_help_panel=PROVISION)
app.add_typer(ci_app, name="ci", rich_help_panel=PROVISION)
app.add_typer(images_app, name="images", rich_help_panel=PROVISION)
app.add_typer(stacks_app, name="stacks", rich_help_panel=PROVISION)
app.add_typer(review_app, name="review", rich_help_panel=COSTS)
app.add_typer(usage_app, name="usage", rich_help_panel=COSTS)
app.add_typer(prices_app, name="prices", rich_help_panel=COSTS)


def main() -> None:
    """The console script."""
    # What a command makes lives until it ends: collecting every 700 objects took a fifth of its time.
    gc.set_threshold(100_000, 50, 1000)
    app()
