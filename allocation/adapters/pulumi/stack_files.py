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
    files = sorted({*project.glob("Pulumi.*.yaml"), *(project / "stacks").glob("Pulumi.*.yaml")})
    return tuple(
        file.stem.removeprefix("Pulumi.") for file in files if portfolio in _portfolios(file, project)
    )


def _portfolios(file: Path, project: Path) -> list[Tree]:
    document = load_tree(file, within=project)
    config = document.get("config") if isinstance(document, dict) else None
    return [value for key, value in config.items() if key.endswith(_KEY)] if isinstance(config, dict) else []
