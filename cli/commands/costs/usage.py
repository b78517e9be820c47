"""The commands of `costack usage` and their options."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.console import shared_options as options
from cli.console.exit_codes import guarded
from cli.console.help import Command

usage_app = typer.Typer(no_args_is_help=True, help="Fetch usage from Prometheus, OpenCost, backups or AWS.")
_Url = Annotated[str, typer.Option(metavar="URL", help="Ask the server at this address, http or https.")]
_Month = Annotated[str, typer.Option(metavar="YYYY-MM", help="Calendar month, in UTC; it must be over.")]
_Out = Annotated[
    Path, typer.Option(metavar="FILE", help="Write this CSV file, for `costack allocate --usage`.")
]
_TokenVariable = Annotated[
    str | None,
    typer.Option(
        "--token-env", metavar="VARIABLE", help="Send the bearer token in this environment variable."
    ),
]
_Unlabelled = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="Count usage without a tenant's label for this name, such as platform."
    ),
]
_Drivers = Annotated[
    list[str] | None,
    typer.Option(metavar="DRIVER", help="Fetch this driver only. Default: all. May be repeated."),
]
_ClusterLabel = Annotated[
    str | None,
    typer.Option(
        metavar="LABEL",
        help="Tell clusters apart by this label of Prometheus. Default: cluster, k8s_cluster_name or another "
        "usual one that all series have.",
    ),
]

PROMETHEUS_EXAMPLE: Final = (
    "Example: costack usage prometheus --url http://127.0.0.1:9090 --period 2026-10 --out usage.csv"
)
OPENCOST_EXAMPLE: Final = (
    "Example: costack usage opencost --url http://127.0.0.1:9003 --period 2026-10 --out usage.csv"
)
SPLIT_COST_EXAMPLE: Final = (
    "Example: costack usage split-cost cur/ --period 2026-10 --inventory inventory.json --out usage.csv"
)
CLOUDWATCH_EXAMPLE: Final = (
    "Example: costack usage cloudwatch --stack production --period 2026-10 --out metrics"
)
BACKUPS_EXAMPLE: Final = "Example: costack usage backups manifests --period 2026-10 --out users.csv"


@usage_app.command(cls=Command, epilog=PROMETHEUS_EXAMPLE)
def prometheus(  # noqa: PLR0917 - options of a command
    url: _Url,
    period: _Month,
    out: _Out,
    driver: _Drivers = None,
    token_env: _TokenVariable = None,
    unlabelled: _Unlabelled = None,
    cluster_label: _ClusterLabel = None,
) -> None:
    """Fetch usage from Prometheus: a row for each tenant, driver and day.

    Drivers are measured in core-hours, GiB-hours, requests and seconds.
    """
    from cli.actions.costs.usage import Request, fetch_prometheus  # noqa: PLC0415

    request = Request(
        url=url,
        period=period,
        out=out,
        token_variable=token_env,
        unlabelled=unlabelled,
        drivers=tuple(driver or ()),
        cluster_label=cluster_label,
    )
    guarded(lambda: fetch_prometheus(request, os.environ, datetime.now(UTC)))


@usage_app.command(cls=Command, epilog=OPENCOST_EXAMPLE)
def opencost(
    url: _Url,
    period: _Month,
    out: _Out,
    token_env: _TokenVariable = None,
    unlabelled: _Unlabelled = None,
) -> None:
    """Fetch usage from OpenCost: core-hours and GiB-hours of each tenant and day.

    Its prices are not used.
    """
    from cli.actions.costs.usage import Request, fetch_opencost  # noqa: PLC0415

    request = Request(url=url, period=period, out=out, token_variable=token_env, unlabelled=unlabelled)
    guarded(lambda: fetch_opencost(request, os.environ, datetime.now(UTC)))


@usage_app.command(cls=Command, epilog=BACKUPS_EXAMPLE)
def backups(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="A copy of the backup bucket's folder manifests/.")
    ],
    period: _Month,
    out: _Out,
) -> None:
    """Read how many users each tenant's Odoo had from its backups: a row for each tenant and day.

    Counted are active users who are neither portal nor public.
    """
    from cli.actions.costs.usage import read_backups  # noqa: PLC0415

    guarded(lambda: read_backups(folder, period, out, datetime.now(UTC)))


@usage_app.command(name="split-cost", cls=Command, epilog=SPLIT_COST_EXAMPLE)
def split_cost(  # noqa: PLR0917 - options of a command
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILES...",
            help="Cost and Usage Reports of AWS: files, folders, s3://BUCKET/PREFIX, or the manifest of a "
            "delivery. Of what has a manifest, the newest delivery is read.",
        ),
    ],
    period: _Month,
    out: _Out,
    inventory: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Find the tenant of pods without the label cost/tenant by namespace, in this inventory.",
        ),
    ] = None,
    unlabelled: _Unlabelled = None,
    against: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Compare with this usage file, such as one fetched from Prometheus."
        ),
    ] = None,
) -> None:
    """Read what pods and tasks used from AWS' split cost allocation data.

    It writes a row for each tenant, driver and day.

    Its costs are not used: the bill has them already, in the rows of the instances.
    """
    from cli.actions.costs.usage import SplitCostRequest, read_split_cost  # noqa: PLC0415

    request = SplitCostRequest(
        files=tuple(files),
        period=period,
        out=out,
        inventory=inventory,
        unlabelled=unlabelled,
        against=against,
    )
    guarded(lambda: read_split_cost(request, datetime.now(UTC)))


@usage_app.command(cls=Command, epilog=CLOUDWATCH_EXAMPLE)
def cloudwatch(
    period: _Month,
    out: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Write the queries to this folder; one file for each call.")
    ],
    stack: options.Stack = None,
    inventory: options.Inventory = None,
    cwd: options.Cwd = Path(),
) -> None:
    """Write what to ask CloudWatch about servers and caches, and print the commands that ask.

    Their answers are for `costack report --metrics`. CloudWatch keeps points of five minutes for 63 days.
    """
    from cli.actions.costs.metrics import write_queries  # noqa: PLC0415

    guarded(lambda: write_queries(stack, inventory, period, out, cwd))
