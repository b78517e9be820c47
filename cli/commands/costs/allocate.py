"""`costack allocate` and its options."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from cli.console import shared_options as options
from cli.console.exit_codes import guarded
from cli.console.shared_options import Statement

if TYPE_CHECKING:
    from cli.actions.costs.allocate import Request

_Inventories = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FILE",
        help="Read the inventory from this file instead of a stack; YYYY-MM-DD=FILE for one in force from "
        "that day. May be repeated with --bill, also for several portfolios.",
    ),
]
_Bills = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FILE",
        help="Allocate this bill: FOCUS, CUR or plain CSV or Parquet; a file, a folder, s3://BUCKET/PREFIX, "
        "or the manifest of a delivery. Of what has a manifest, the newest delivery is read. Without a bill "
        "the month is estimated from list prices. May be repeated.",
    ),
]
_Parts = Annotated[
    bool,
    typer.Option(
        "--parts",
        help="Add up bills that have lines about the same, because they are parts of one bill. Without it "
        "they are taken for two deliveries of it, and refused.",
    ),
]
_Out = Annotated[
    Path | None,
    typer.Option(metavar="FOLDER", help="Write the statement, its proof and its tables to this folder."),
]
_Focus = Annotated[
    list[str] | None,
    typer.Option(metavar="VERSION", help="Also write FOCUS 1.2, 1.3 or 1.4. May be repeated."),
]
_FocusCsv = Annotated[bool, typer.Option("--focus-csv", help="Also write FOCUS as CSV, beside Parquet.")]
_History = Annotated[
    Path | None, typer.Option(metavar="FOLDER", help="Folder in which statements are filed, month by month.")
]
_Close = Annotated[bool, typer.Option("--close", help="Close the month: file its statement.")]
_Restate = Annotated[
    str | None,
    typer.Option(metavar="REASON", help="Restate a closed month for this reason, and file the difference."),
]
_Despite = Annotated[
    str | None,
    typer.Option(
        metavar="REASON",
        help="File the month although a gate of readiness fails; the reason and the gates are filed with it.",
    ),
]
_Labour = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Charge the hours in this CSV file (tenant, day, hours, kind) at the house rate.",
    ),
]
_Invoice = Annotated[
    list[str] | None,
    typer.Option(
        metavar="ID=AMOUNT",
        help="Compare the rows of this invoice with its total; implies --by-invoice. May be repeated.",
    ),
]
_ByInvoice = Annotated[
    bool, typer.Option("--by-invoice", help="Also state every invoice by tenant, to the cent.")
]
_Ended = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="FILE",
        help="Charge what is kept of an ended tenant to its client; FILE is its decommission plan. "
        "May be repeated.",
    ),
]
_Engine = Annotated[
    str | None,
    typer.Option(
        metavar="ENGINE",
        help="Read the bill by this engine: duckdb, here, or spark, where the bill is. "
        "The statement is the same to the unit. Default: duckdb.",
    ),
]
_SparkMaster = Annotated[
    str | None,
    typer.Option(
        metavar="MASTER",
        help="The Spark of --engine spark: local[4], spark://HOST:7077, yarn, or sc://HOST of Connect. "
        "Default: local[*].",
    ),
]
_SparkConf = Annotated[
    list[str] | None,
    typer.Option(metavar="KEY=VALUE", help="A setting of that Spark. May be repeated."),
]
_ReadBack = Annotated[
    str | None,
    typer.Option(
        metavar="FOLDER",
        help="Take the answer that the script of `costack sql --bill` wrote to this folder or s3:// address "
        "in place of reading the bill; of --bill only the columns are looked at.",
    ),
]
_Output = Annotated[Statement, typer.Option("--output", "-o", help="Print in this form.")]

ALLOCATE_EXAMPLE: Final = (
    "Example: costack allocate --stack local --period 2026-11\n\n"
    "Of a bill: costack allocate --bill bill.parquet --usage usage.csv --inventory inventory.json "
    "--period 2026-11 --out runs/2026-11 --focus 1.3\n\n"
    "Of the newest delivery in a bucket: costack allocate --bill s3://bills/exports/costs "
    "--inventory inventory.json --period 2026-11\n\n"
    "Of ten million rows on Spark: costack allocate --bill s3://bills/exports/costs --engine spark "
    "--spark-master 'local[4]' --inventory inventory.json --period 2026-11"
)
_PLURALS: Final = {"inventory": "inventories", "bill": "bills"}
_REPEATED: Final = ("inventories", "bills", "usage", "focus", "invoice", "ended", "spark_conf")


def allocate(  # noqa: PLR0917 - options of a command
    stack: options.Stack = None,
    inventory: _Inventories = None,
    period: options.Period = None,
    bill: _Bills = None,
    parts: _Parts = False,  # noqa: FBT002 - an option of a command
    usage: options.Usage = None,
    out: _Out = None,
    focus: _Focus = None,
    focus_csv: _FocusCsv = False,  # noqa: FBT002 - an option of a command
    history: _History = None,
    close: _Close = False,  # noqa: FBT002 - an option of a command
    restate: _Restate = None,
    despite: _Despite = None,
    labour: _Labour = None,
    rates: options.Rates = None,
    invoice: _Invoice = None,
    by_invoice: _ByInvoice = False,  # noqa: FBT002 - an option of a command
    rulebook: options.Rulebook = None,
    ended: _Ended = None,
    engine: _Engine = None,
    spark_master: _SparkMaster = None,
    spark_conf: _SparkConf = None,
    read_back: _ReadBack = None,
    cwd: options.Cwd = Path(),
    output: _Output = Statement.TABLE,
) -> None:
    """Allocate a bill, or an estimate, to tenants.

    Every charge goes to the tenant that causes it, or is divided by a driver, or is listed as unallocated;
    the parts add up to the bill exactly.
    """
    given, now = dict(locals()), datetime.now(UTC)
    from cli.actions.costs.allocate import print_allocation  # noqa: PLC0415

    guarded(lambda: print_allocation(_request(given, now), now))


def _request(given: Mapping[str, Any], now: datetime) -> Request:
    """What the options ask for: each is the field of its name, and one that may be repeated has a plural."""
    from cli.actions.costs.allocate import Request  # noqa: PLC0415

    fields = {_PLURALS.get(name, name): value for name, value in given.items()}
    repeated = {name: tuple(fields[name] or ()) for name in _REPEATED}
    period = given["period"] or f"{now:%Y-%m}"
    return Request(**{**fields, **repeated, "period": period, "output": str(given["output"])})
