"""Where portfolios lie: a folder each, in `portfolios` of the folder that a command works in."""

from __future__ import annotations

from pathlib import Path
from typing import Final

PORTFOLIOS: Final = Path("portfolios")


def portfolio_folder(given: Path | None, cwd: Path, name: str) -> Path:
    """The folder that was *given*, or the one of the portfolio that is called so; it need not be there."""
    return given or cwd / PORTFOLIOS / name


def portfolio_folders(cwd: Path) -> list[Path]:
    """The folders of all portfolios, by name."""
    return sorted(path.parent for path in (cwd / PORTFOLIOS).glob("*/platform.yaml"))
