"""`costack import`: from a list of what there is to the file that `pulumi import` reads."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from lifecycle.import_estate import gaps, import_file, read_rows, read_wanted, take_over
from tiers.errors import CatalogError


def import_estate(estate: Path, plan: Path, out: Path) -> None:
    """Print what lacks cost tags and what is not matched; write the import file for the rest.

    Raises:
        CatalogError: When a file cannot be read, or the import file is there already.
    """
    rows = read_rows(estate)
    try:
        document = json.loads(plan.read_text(encoding="utf-8"))
    except OSError as error:
        raise CatalogError(f"{plan}: cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise CatalogError(f"{plan}: is not JSON: {error}; make it with `pulumi preview --json`") from None
    takeover = take_over(rows, read_wanted(document, str(plan)))
    try:
        with out.open("x", encoding="utf-8") as file:
            file.write(json.dumps(import_file(takeover), indent=2) + "\n")
    except FileExistsError:
        raise CatalogError(f"{out}: is there already; name another file with --out") from None
    except OSError as error:
        raise CatalogError(f"{out}: cannot be written: {error.strerror}") from None
    for sentence in gaps(takeover):
        typer.echo(sentence)
    typer.echo(
        f"{len(takeover.matches)} of {len(rows)} resources are matched, {len(takeover.created)} would be "
        f"created; take them over with: pulumi import --file {out}"
    )
