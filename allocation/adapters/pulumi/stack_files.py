"""Which stacks deploy a portfolio, as the project's stack files say."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import yaml

from tiers.errors import CatalogError

_KEY: Final = ":portfolio"


def stacks_of(portfolio: str, project: Path) -> tuple[str, ...]:
    """The stacks of the project in *project* whose configuration names *portfolio*.

    Raises:
        CatalogError: When a stack file is no YAML.
    """
    files = sorted({*project.glob("Pulumi.*.yaml"), *(project / "stacks").glob("Pulumi.*.yaml")})
    return tuple(file.stem.removeprefix("Pulumi.") for file in files if portfolio in _portfolios(file))


def _portfolios(file: Path) -> list[Any]:
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise CatalogError(f"{file}: cannot be read: {' '.join(str(error).split())}") from None
    config = document.get("config") if isinstance(document, dict) else None
    return [value for key, value in (config or {}).items() if str(key).endswith(_KEY)]
