"""Which stacks deploy a portfolio, as the project's stack files say."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tiers.strict_yaml import Tree, load_tree

_KEY: Final = ":portfolio"
_WITHIN: Final = "costack:stack"


def stacks_of(portfolio: str, project: Path) -> tuple[str, ...]:
    """The stacks of the project in *project* whose configuration names *portfolio*.

    Raises:
        CatalogError: When a stack file is no YAML.
    """
    return tuple(_stack(file) for file in _files(project) if portfolio in _portfolios(file, project))


def portfolios_by_stack(project: Path) -> dict[str, str]:
    """Stack -> the portfolio that its configuration names, by the name of the stack; one without is left out.

    Raises:
        CatalogError: When a stack file is no YAML.
    """
    named = {_stack(file): _portfolios(file, project) for file in _files(project)}
    return {stack: str(found[0]) for stack, found in sorted(named.items()) if found}


def stack_within(name: str, project: Path) -> str | None:
    """Which stack of its portfolio the stack *name* is, as `costack:stack` says; None where it is all of it.

    Raises:
        CatalogError: When its stack file is no YAML.
    """
    files = (file for file in _files(project) if _stack(file) == name)
    found = [value for file in files for value in _values(file, project, _WITHIN)]
    return str(found[0]) if found and found[0] else None


def _files(project: Path) -> list[Path]:
    return sorted({*project.glob("Pulumi.*.yaml"), *(project / "stacks").glob("Pulumi.*.yaml")})


def _stack(file: Path) -> str:
    return file.stem.removeprefix("Pulumi.")


def _portfolios(file: Path, project: Path) -> list[Tree]:
    return _values(file, project, _KEY)


def _values(file: Path, project: Path, ending: str) -> list[Tree]:
    document = load_tree(file, within=project)
    config = document.get("config") if isinstance(document, dict) else None
    if not isinstance(config, dict):
        return []
    return [value for key, value in config.items() if key.endswith(ending)]
