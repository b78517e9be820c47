"""`costack import`: from a list of what there is to the file that `pulumi import` reads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cli.console.output import echo
from lifecycle.import_estate import (
    ExistingResource,
    gaps,
    import_file,
    match_resources,
    read_planned,
    read_rows,
)
from tiers.errors import CatalogError
from tiers.files import private, read_json


@dataclass(frozen=True)
class Request:
    """What the command line asks for; each field is the option of its name."""

    estate: Path
    plan: Path
    out: Path


def import_estate(request: Request) -> None:
    """Print what lacks cost tags and what is not matched; write the import file for the rest.

    Raises:
        CatalogError: When a file cannot be read, or the import file is there already.
    """
    write_import(read_rows(request.estate), request.plan, request.out)


def write_import(rows: Sequence[ExistingResource], plan: Path, out: Path) -> None:
    """The same for *rows* that were read.

    Raises:
        CatalogError: As `import_estate`.
    """
    document = read_json(plan, remedy="write it with `pulumi preview --json`")
    import_plan = match_resources(rows, read_planned(document, str(plan)))
    try:
        with private(out, "x") as file:
            file.write(json.dumps(import_file(import_plan), indent=2) + "\n")
    except FileExistsError:
        raise CatalogError(f"{out}: exists already; name another file with --out") from None
    except OSError as error:
        raise CatalogError(f"{out}: cannot be written: {error.strerror}") from None
    for sentence in gaps(import_plan):
        echo(sentence)
    echo(
        f"{len(import_plan.matches)} of {len(rows)} resources are matched, "
        f"{len(import_plan.created)} would be created; import them with: pulumi import --file {out}"
    )
