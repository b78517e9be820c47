"""Which stacks deploy a portfolio, as the project's stack files say."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tiers.strict_yaml import Tree, load_tree

_KEY: Final = ":portfolio"


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


def _files(project: Path) -> list[Path]:
    return sorted({*project.glob("Pulumi.*.yaml"), *(project / "stacks").glob("Pulumi.*.yaml")})


def _stack(file: Path) -> str:
    return file.stem.removeprefix("Pulumi.")


def _portfolios(file: Path, project: Path) -> list[Tree]:
    document = load_tree(file, within=project)
    config = document.get("config") if isinstance(document, dict) else None
    return [value for key, value in config.items() if key.endswith(_KEY)] if isinstance(config, dict) else []
