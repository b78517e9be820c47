"""`costack images list` and `check`, and their options."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.console import shared_options as options
from cli.console.exit_codes import guarded
from cli.console.help import Command

images_app = typer.Typer(no_args_is_help=True, help="List the images of a portfolio, and check their scans.")
_Portfolio = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="Folder with platform.yaml and tenants/*.yaml. Default: the only one under portfolios/.",
    ),
]
_Reports = Annotated[
    list[Path] | None,
    typer.Option(
        "--report",
        metavar="FILE",
        help="Report of `trivy image --format json` or `grype --output json`. May be repeated.",
    ),
]
_Sboms = Annotated[
    list[Path] | None,
    typer.Option(
        "--sbom",
        metavar="FILE",
        help="Bill of materials of an image, CycloneDX or SPDX as JSON. May be repeated.",
    ),
]
_AsOf = Annotated[
    datetime | None,
    typer.Option(
        formats=["%Y-%m-%d"],
        metavar="YYYY-MM-DD",
        help="Judge as of this day, 00:00 UTC. Default: now.",
    ),
]
_Evidence = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Append the verdict to this file of JSON lines, with the sha256 of every file."
    ),
]
_Output = Annotated[options.TableOrJson, typer.Option("--output", "-o", help="Print in this form.")]

IMAGES_LIST_EXAMPLE: Final = "Example: costack images list --portfolio portfolios/local"
IMAGES_CHECK_EXAMPLE: Final = (
    "Example: costack images check --report odoo.trivy.json --report operations.trivy.json "
    "--sbom odoo.cdx.json --evidence images.jsonl"
)


@images_app.command("list", cls=Command, epilog=IMAGES_LIST_EXAMPLE)
def list_(portfolio: _Portfolio = None, cwd: options.Cwd = Path()) -> None:
    """List the images that a portfolio runs, each by its digest, one a line."""
    from cli.actions.provision.images import print_images  # noqa: PLC0415

    guarded(lambda: print_images(portfolio, cwd))


@images_app.command("check", cls=Command, epilog=IMAGES_CHECK_EXAMPLE)
def check(  # noqa: PLR0917 - options of a command
    report: _Reports = None,
    sbom: _Sboms = None,
    portfolio: _Portfolio = None,
    as_of: _AsOf = None,
    evidence: _Evidence = None,
    cwd: options.Cwd = Path(),
    output: _Output = options.TableOrJson.TABLE,
) -> None:
    """Check that every image was scanned, and that the rules of platform.yaml accept what was found.

    Ends with exit code 5 when an image has no report, an old one, or a vulnerability that `images.scan` does
    not accept.
    """
    from cli.actions.provision.images import CheckRequest, check_images  # noqa: PLC0415

    now = as_of.replace(tzinfo=UTC) if as_of else datetime.now(UTC)
    files, as_json = (tuple(report or ()), tuple(sbom or ())), output is options.TableOrJson.JSON
    request = CheckRequest(portfolio, *files, now, evidence, cwd, as_json)
    guarded(lambda: check_images(request))
