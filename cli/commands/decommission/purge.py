"""`costack purge` and its options."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cli.console import shared_options as options
from cli.console.exit_codes import guarded
from cli.console.shared_options import Rows

if TYPE_CHECKING:
    from cli.actions.decommission.purge import Request

_Due = Annotated[
    bool, typer.Option("--due", help="Write a plan, and Markdown for a pull request, of what is due.")
]
_Search = Annotated[
    bool,
    typer.Option(
        "--search",
        help="List everything that has a tenant's cost tags or name, in every region of the account. Needs "
        "no stack and changes nothing.",
    ),
]
_Evidence = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="FOLDER",
        help="Read plans, evidence and legal holds of ended tenants in this folder. May be repeated. --apply "
        "always reads the folders that the plan was made of, too.",
    ),
]
_AsOf = Annotated[
    datetime | None,
    typer.Option(
        formats=["%Y-%m-%d"],
        metavar="YYYY-MM-DD",
        help="With --due: judge as of this day, 00:00 UTC; what ended later is passed over. Default: now.",
    ),
]
_Out = Annotated[Path | None, typer.Option(metavar="FOLDER", help="Write the plan into this folder.")]
_Apply = Annotated[Path | None, typer.Option(metavar="FILE", help="Carry out the plan in this file.")]
_Approved = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Confirm with this approval that `costack approve` signed, instead of a phrase."
    ),
]
_Phrase = Annotated[
    str | None, typer.Option(metavar="TEXT", help="Confirm with the phrase that the plan asks for.")
]
_Record = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Record each deletion in this file, whose name ends with .evidence.jsonl, in the folder of the "
        "plan or of its evidence. Default: beside the plan, if evidence is there, or in the folder of that.",
    ),
]
_Destroyed = Annotated[
    bool,
    typer.Option(
        "--stack-destroyed",
        help="Ask no stack whether a tenant lives again: all of them were destroyed. The portfolio's files "
        "are asked all the same.",
    ),
]
_Tenants = Annotated[
    list[str] | None,
    typer.Option("--tenant", metavar="NAME", help="With --search: only this tenant. May be repeated."),
]
_Region = Annotated[
    str,
    typer.Option(metavar="REGION", help="With --search and no --portfolio: ask this region for the others."),
]
_Output = Annotated[Rows, typer.Option("--output", "-o", help="With --search: print in this form.")]

PURGE_EXAMPLE: Final = (
    "Example: costack purge --due --evidence plans --out plans\n\n"
    'Then: costack purge --apply plans/purge.local-1a2b3c4d5e6f.json --phrase "purge 4 resources of local"'
)


def purge(  # noqa: PLR0917 - options of a command
    due: _Due = False,  # noqa: FBT002 - an option of a command
    search: _Search = False,  # noqa: FBT002 - an option of a command
    evidence: _Evidence = None,
    as_of: _AsOf = None,
    out: _Out = None,
    apply: _Apply = None,
    approved: _Approved = None,
    phrase: _Phrase = None,
    record: _Record = None,
    portfolio: options.Portfolio = None,
    stack_destroyed: _Destroyed = False,  # noqa: FBT002 - an option of a command
    tenant: _Tenants = None,
    region: _Region = "us-east-1",
    output: _Output = Rows.TABLE,
    cwd: options.Cwd = Path(),
) -> None:
    """Delete what ended tenants left, once its day has come.

    The evidence of each decommissioning says what was kept and until when. Make a plan of what is due, have
    it approved, then carry out exactly that plan. A run that stopped can be repeated: it continues where it
    stopped.
    """
    from cli.actions.decommission import purge as action  # noqa: PLC0415

    request = action.Request(
        evidence=tuple(evidence or ()),
        out=out,
        portfolio=portfolio,
        cwd=cwd,
        stack_destroyed=stack_destroyed,
        apply=apply,
        approved=approved,
        phrase=phrase,
        record=record,
        as_of=as_of.replace(tzinfo=UTC) if as_of else None,
    )
    found = Search(tuple(tenant or ()), region, str(output))
    modes = {"--due": due, "--apply": apply is not None, "--search": search}
    guarded(lambda: _run(request, found, [name for name, chosen in modes.items() if chosen]))


@dataclass(frozen=True)
class Search:
    """The options of a search; each field is the option of its name."""

    tenants: tuple[str, ...]
    region: str
    output: str


def _run(request: Request, search: Search, modes: Sequence[str]) -> None:
    from cli.actions.decommission import purge as action  # noqa: PLC0415
    from cli.actions.decommission import purge_search  # noqa: PLC0415
    from tiers.errors import CatalogError  # noqa: PLC0415

    if len(modes) != 1:
        raise CatalogError("give one of --due, --apply PLAN and --search")
    (mode,) = modes
    _refuse_ignored(request, search, mode)
    if mode == "--due":
        action.plan_due(request, lambda: datetime.now(UTC))
    elif mode == "--search":
        purge_search.search(
            purge_search.Request(search.tenants, request.portfolio, search.region, search.output)
        )
    else:
        action.apply_plan(request, lambda: datetime.now(UTC))


def _refuse_ignored(request: Request, search: Search, mode: str) -> None:
    """Refuse options of another mode: `--due --tenant acme` would plan to delete every tenant's."""
    from tiers.errors import CatalogError  # noqa: PLC0415

    given = {
        "--as-of": (request.as_of, {"--due"}),
        "--out": (request.out, {"--due"}),
        "--evidence": (request.evidence, {"--due", "--apply"}),
        "--stack-destroyed": (request.stack_destroyed, {"--due", "--apply"}),
        "--approved": (request.approved, {"--apply"}),
        "--phrase": (request.phrase, {"--apply"}),
        "--record": (request.record, {"--apply"}),
        "--tenant": (search.tenants, {"--search"}),
    }
    ignored = [name for name, (value, modes) in given.items() if value and mode not in modes]
    if ignored:
        raise CatalogError(
            *(f"{name} goes with {' and '.join(sorted(given[name][1]))}, not with {mode}" for name in ignored)
        )
