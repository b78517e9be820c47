"""What a run says of its attribution: completed tags, virtual tags, and the portfolios that it holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from allocation.adapters.bill import Intake
from allocation.adapters.folders.run import write_json
from allocation.engine.attribution import Attributed
from allocation.money import text_of
from allocation.report.statement.csv_and_markdown import as_csv
from allocation.report.statement.document import document
from allocation.statement.statement import Statement
from tiers.errors import CatalogError


def refuse_for_several(portfolios: Sequence[str], options: Mapping[str, object]) -> None:
    """Refuse *options* that belong to one portfolio in a run of several: filed months, ended tenants.

    Raises:
        CatalogError: With the first that is given.
    """
    for option, value in options.items():
        if value and len(portfolios) > 1:
            raise CatalogError(
                f"{option}: belongs to one portfolio, and the inventories are those of "
                f"{', '.join(portfolios)}; leave it out, or allocate one of them"
            )


def untagged(intake: Intake) -> str:
    """A sentence about files without any column of tags; '' if there is none."""
    files = [file.name for file in intake.files if file.rows and not file.has_tags]
    if not files:
        return ""
    return f"no column of tags in {', '.join(files)}: charges there are known by resource and service only"


def unused(made: Attributed) -> str:
    """A sentence about virtual tags that caught no row; '' if there is none."""
    names = [name for name, caught in made.caught.items() if not caught.rows]
    return f"virtual tags that caught no row: {', '.join(names)}" if names else ""


def credited(connection: duckdb.DuckDBPyConnection) -> str:
    """A sentence about tenants that weigh nothing because their credits exceed their cost; '' without any."""
    rows = connection.execute("SELECT DISTINCT tenant FROM cost_base WHERE units < 0 ORDER BY 1").fetchall()
    if not rows:
        return ""
    names = ", ".join(row[0] for row in rows)
    return f"shared in proportion to cost, of which {names} has less than 0 and takes no part"


def write_parts(folder: Path, statement: Statement) -> None:
    """Write the statement of each of several portfolios beside that over all."""
    for part in statement.parts:
        write_json(folder / f"statement.{part.portfolio}.json", document(part))
        path = folder / f"statement.{part.portfolio}.csv"
        path.write_text(as_csv(part), encoding="utf-8", newline="")


def attribution_document(made: Attributed) -> dict[str, Any]:
    """How many rows took tags of the inventory, and what each virtual tag caught."""
    return {
        "completed_tags": made.completed,
        "virtual_tags": {
            name: {"rows": caught.rows, "cost": text_of(caught.units)} for name, caught in made.caught.items()
        },
    }


def portfolios_document(statement: Statement) -> dict[str, Any]:
    """What each of several portfolios is charged, and what is nobody's; they add up to the bill."""
    if not statement.parts:
        return {}
    charged = {part.portfolio: text_of(part.charged) for part in statement.parts}
    return {"portfolios": {"charged": charged, "apart": text_of(statement.apart)}}


def left_out(intake: Intake) -> str:
    """What was not read although it was given, '' for nothing."""
    if not intake.left_out:
        return ""
    one, more = intake.left_out[0], len(intake.left_out) - 1
    others = f", and {more} more, which the manifest of --out lists" if more else ""
    return f"left out {one['name']}: {one['reason']}{others}"
