"""`costack ci`: writes the pipelines of a portfolio, and says which stacks a change is for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from rich.table import Table

from allocation.adapters.git_revision import changed_files
from allocation.adapters.pulumi.stack_files import portfolios_by_stack, stack_within, stacks_of
from allocation.runs.before_and_after import only_portfolio
from allocation.runs.changed_stacks import ChangedStack, changed_stacks
from cli.actions.provision.stacks import Request, updates
from cli.console.new_files import write_new
from cli.console.output import echo
from cli.console.table import print_table
from tiers.change.effect import first_names
from tiers.errors import CatalogError
from tiers.portfolio.cells.section import pulumi_name
from tiers.portfolio.folders import PORTFOLIOS
from tiers.portfolio.loading import load_catalog_and_portfolio
from tiers.vocabulary import Environment

_HOSTS: Final = {"github": ".github/workflows", "gitlab": ".gitlab/costack", "operator": "operator"}
"""Where the files of a host go in a repository; they lie in the folder of its name below `cli/project/ci`."""
_NEXT: Final = {
    "github": "set the variables that update.yml names, and protect the environment of each stack",
    "gitlab": "add to .gitlab-ci.yml: include: [{local: /.gitlab/costack/*.yml}]",
    "operator": "fill in what stack.yaml asks for, then: kubectl apply --filename operator",
}
_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,100}")
"""A stack's name, of one that is not in an organisation."""
_CLONE: Final = Path("toolchain") / "environment.py"
"""A file by which a clone of Costack's repository is known."""
_OF_A_CLONE: Final = (
    ("portfolios", "tiers", "allocation", "cli", "toolchain"),
    (
        "pyproject.toml",
        "requirements*.txt",
        "Makefile",
    ),
)
_OF_A_PROJECT: Final = (
    ("portfolios", "catalog", "policies", "stacks"),
    (
        "__main__.py",
        "Pulumi.yaml",
        "requirements.txt",
    ),
)
"""Folders and files that a preview depends on."""
_INSTALL: Final = (
    "python -m venv .venv && .venv/bin/python -m pip install --quiet --requirement requirements.txt"
)


@dataclass(frozen=True)
class InitRequest:
    """What the command line asks for; each field is the option of its name."""

    folder: Path
    host: str
    portfolio: str | None
    stack: str | None


def write_pipelines(request: InitRequest) -> None:
    """Write the files and print what to do next.

    Raises:
        CatalogError: When one of the files is there already or cannot be written, or no stack is known.
    """
    portfolio = request.portfolio or only_portfolio(request.folder).name
    if not (request.folder / PORTFOLIOS / portfolio / "platform.yaml").is_file():
        raise CatalogError(f"--portfolio: {request.folder / PORTFOLIOS / portfolio}: has no platform.yaml")
    stack = request.stack or _stack(request, portfolio)
    if not _NAME.fullmatch(stack):
        raise CatalogError(f"--stack: '{stack}': expected a name of letters, digits, '_', '-' and '.'")
    made = dict(pipelines(request.host, request.folder, portfolio, stack))
    write_new(request.folder, made)
    echo(f"{request.folder / _HOSTS[request.host]}: {len(made)} files; next:")
    echo(f"  {_NEXT[request.host]}")


def pipelines(host: str, folder: Path, portfolio: str, stack: str) -> Iterator[tuple[str, str]]:
    """Path in the repository and text of each pipeline of a host, for the project in *folder*."""
    clone = (folder / _CLONE).is_file()
    folders, single = _OF_A_CLONE if clone else _OF_A_PROJECT
    known = {
        "portfolio": portfolio,
        "stack": stack,
        "setup": "make setup" if clone else _INSTALL,
        "github-paths": _listed("      ", (*(f"{name}/**" for name in folders), *single)),
        "gitlab-paths": _listed("        ", (*(f"{name}/**/*" for name in folders), *single)),
    }
    templates = files(__name__.removesuffix(".actions.provision.ci")) / "project" / "ci" / host
    for template in sorted(templates.iterdir(), key=lambda each: each.name):
        yield f"{_HOSTS[host]}/{template.name}", _filled(template, known)


def print_stacks(base: str, cwd: Path, output: str) -> None:
    """Print the stacks to update since *base*.

    Raises:
        CatalogError: When git does not know the revision, or a stack file or a portfolio cannot be read.
    """
    stacks = portfolios_by_stack(cwd)
    changed = None if not base.strip("0") else changed_files(base, cwd)
    with_production = {name for name in {*stacks.values()} if _has_production(cwd / PORTFOLIOS / name)}
    found = in_waves(changed_stacks(changed, stacks, with_production), base, cwd)
    if output == "names":
        for each in found:
            echo(each.stack)
    elif output == "json":
        echo(json.dumps([{"stack": each.stack, "portfolio": each.portfolio} for each in found]))
    else:
        _show(found)


def in_waves(found: Iterable[ChangedStack], base: str, cwd: Path) -> tuple[ChangedStack, ...]:
    """The same, where several stacks deploy a portfolio: only those that the change is for, wave by wave.

    Args:
        found: The stacks of all portfolios that files of the change lie in, in order.
        base: The revision that was deployed; zeros if none was.
        cwd: The folder of the project.

    Raises:
        CatalogError: As `updates`.
    """
    together: dict[tuple[str, str], list[ChangedStack]] = {}
    for each in found:
        within = stack_within(each.stack, cwd)
        prefix = each.stack.removesuffix(pulumi_name("", within)) if within else ""
        together.setdefault((each.portfolio, prefix), []).append(each)
    made: list[ChangedStack] = []
    for (portfolio, prefix), stacks in together.items():
        if not prefix:
            made += stacks
            continue
        _, listed = updates(Request(cwd / PORTFOLIOS / portfolio, prefix, cwd, base))
        known = {each.stack for each in stacks}
        made += (ChangedStack(one.name, portfolio, one.because) for one in listed if one.name in known)
    return tuple(made)


def _show(found: tuple[ChangedStack, ...]) -> None:
    table = Table()
    for name in ("stack", "portfolio", "because of"):
        table.add_column(name)
    for each in found:
        table.add_row(each.stack, each.portfolio, first_names(each.files) or "no commit is known")
    print_table(table)


def _has_production(folder: Path) -> bool:
    """Whether a portfolio has production tenants; one that is gone is taken to have had some."""
    if not folder.is_dir():
        return True
    _, portfolio = load_catalog_and_portfolio(folder)
    return any(each.environment is Environment.PRODUCTION for each in portfolio.tenants)


def _stack(request: InitRequest, portfolio: str) -> str:
    found = stacks_of(portfolio, request.folder)
    if len(found) != 1:
        raise CatalogError(
            f"name the stack with --stack; stack files that name portfolio {portfolio}: "
            f"{', '.join(found) or 'none'}"
        )
    return found[0]


def _listed(indent: str, entries: Iterable[str]) -> str:
    return "\n".join(f"{indent}- {each}" for each in entries)


def _filled(template: Traversable, known: Mapping[str, str]) -> str:
    text = template.read_text(encoding="utf-8")
    for name, value in known.items():
        text = text.replace(f"@@{name}@@", value)
    return text
