"""`costack drift`: what differs between a stack and its account, whose it is, and what it does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from rich.table import Table

from allocation.adapters.pulumi.stack_outputs import deployed_in, state_of_stack
from allocation.adapters.pulumi.stack_state import StateResource, resources_of
from allocation.errors import GateError
from allocation.estimate.folders import folders_of_plan
from allocation.prices.price_book import load_price_book
from allocation.report.showback.rendering import as_html
from cli.console.output import echo, say, write
from cli.console.progress import warn
from cli.console.table import print_table
from lifecycle.adapters.pulumi_cli import Stack
from lifecycle.adapters.whole_account import WholeAccount
from lifecycle.drift.changes import Refresh, refresh_of
from lifecycle.drift.document import UNKNOWN, as_json, as_openmetrics, said
from lifecycle.drift.owners import Owners
from lifecycle.drift.page import NO_OWNER, drift_page, headline, remarks
from lifecycle.drift.report import Drift, Scope, Searched, broken_rules, differences_of
from lifecycle.drift.templates import templates_of
from lifecycle.drift.untracked import accounts_of, added_rules, known_of, untracked
from lifecycle.errors import RefusedError
from lifecycle.recover.rendered import UNREAD, rendered_to
from tiers.files import MAX_JSON_BYTES, read_text
from tiers.inventory import Inventory
from tiers.portfolio.folders import portfolio_folder
from tiers.portfolio.gates.drift import DriftSpec
from tiers.portfolio.platform import Platform
from tiers.strict_yaml import load_model


@dataclass(frozen=True)
class Request:
    """What the command line asks for; each field is the option of its name."""

    stack: str
    today: date
    refresh_events: Path | None = None
    skip_account: bool = False
    portfolio: Path | None = None
    cwd: Path = Path()
    output: str = "table"


def print_drift(request: Request) -> None:
    """Print the drift.

    Raises:
        CatalogError: When the stack, platform.yaml or the file of the refresh cannot be read.
        LifecycleError: When Pulumi or AWS fails: half an answer would hide drift.
        GateError: When a rule of platform.yaml is broken.
    """
    found = drift_of(request)
    say("")
    _PRINTED[request.output](found)
    if found.broken:
        raise GateError(f"drift: {'; '.join(found.broken)}")


def drift_of(request: Request) -> Drift:
    """The drift of the stack that is asked for.

    Raises:
        CatalogError: As `print_drift`.
        LifecycleError: As `print_drift`.
    """
    source = f"stack '{request.stack}'"
    state = state_of_stack(request.stack, request.cwd)
    inventory, resources = deployed_in(state, source), resources_of(state, source)
    for sentence in inventory.notes:
        warn(f"pending: {sentence}")
    spec = _spec(request, inventory.plan.portfolio)
    files_in = rendered_to(state)
    refresh = _refresh(request, UNREAD if files_in else None)
    owners = Owners(resources)
    skips = request.skip_account or _is_one_of_several(inventory)
    searched = None if skips else _searched(request, spec, inventory, resources, owners)
    scope = Scope(request.stack, inventory.plan.portfolio, spec)
    differences = differences_of(refresh, searched or Searched(), owners, scope)
    templates = templates_of(inventory, request.today)
    return Drift(
        stack=request.stack,
        portfolio=scope.portfolio,
        differences=differences,
        compared=refresh.resources + (0 if files_in else refresh.objects),
        templates=templates,
        broken=broken_rules(differences, templates, spec),
        files_in=files_in,
        searched=searched is not None,
    )


def _is_one_of_several(inventory: Inventory) -> bool:
    """Whether the account has resources of other stacks, too, which this one's state does not know."""
    if inventory.one_of is None:
        return False
    warn("the account is not searched: several stacks deploy this portfolio, and one knows its own only")
    return True


def _spec(request: Request, portfolio: str) -> DriftSpec:
    """What the portfolio tolerates; nothing where its folder is not here."""
    folder = _folder(request, portfolio)
    if request.portfolio is None and not folder.is_dir():
        return DriftSpec()
    return load_model(Platform, folder / "platform.yaml", within=folder).drift


def _folder(request: Request, portfolio: str) -> Path:
    return portfolio_folder(request.portfolio, request.cwd, portfolio)


def _refresh(request: Request, more: Mapping[str, str] | None) -> Refresh:
    if request.refresh_events is not None:
        return refresh_of(read_text(request.refresh_events, MAX_JSON_BYTES), str(request.refresh_events))
    say("pulumi refresh")
    text = Stack(request.stack, request.cwd).refreshed(more)
    return refresh_of(text, f"`pulumi refresh` of stack '{request.stack}'")


def _searched(
    request: Request,
    spec: DriftSpec,
    inventory: Inventory,
    resources: tuple[StateResource, ...],
    owners: Owners,
) -> Searched:
    """What the account has beside the stack; refused where the credentials are of another account."""
    plan = inventory.plan
    folder = _folder(request, plan.portfolio)
    known = known_of(resources, owners)
    region = plan.region
    account = WholeAccount(
        region, prices=load_price_book(plan.currency, folders_of_plan(plan, folder).prices)
    )
    say("searching the account")
    if (there := accounts_of(known)) and account.id not in there:
        raise RefusedError(
            f"the credentials are of account {account.id}, and the stack is in {', '.join(sorted(there))}: "
            "use credentials of that account, or --skip-account"
        )
    regions = tuple(dict.fromkeys((region, *known.regions)))
    found = untracked(account.found(regions), known, plan.portfolio, spec.expected)
    return Searched(found, added_rules(account.rules(regions), known))


def _print_table(drift: Drift) -> None:
    lines = [*remarks(drift), *_templates(drift)]
    if not drift.differences:
        for line in (headline(drift), *lines):
            echo(line)
        return
    table = Table(title=headline(drift), title_justify="left")
    for name in ("owner", "resource", "does", "differs", "what to do"):
        table.add_column(name, no_wrap=True)
    for each in drift.differences:
        does = ", ".join(each.effects) + (" (tolerated)" if each.tolerated else "")
        table.add_row(each.owner or NO_OWNER, each.resource, does, said(each), each.remedy)
    print_table(table, lines)


def _templates(drift: Drift) -> list[str]:
    """A line for each version of Costack that something was last deployed from."""
    by_version: dict[str, list[str]] = {}
    for each in drift.templates:
        age = "on an unknown day" if each.age_days is None else f"{each.age_days} days ago"
        by_version.setdefault(each.version or UNKNOWN, []).append(f"{each.owner} {age}")
    return [f"deployed from Costack {version}: {', '.join(all_)}" for version, all_ in by_version.items()]


_PRINTED: Final[Mapping[str, Callable[[Drift], Any]]] = {
    "table": _print_table,
    "json": lambda drift: echo(as_json(drift)),
    "openmetrics": lambda drift: write(as_openmetrics(drift).removesuffix("\n")),
    "html": lambda drift: write(as_html(drift_page(drift)).removesuffix("\n")),
}
