"""The folders of portfolios: one each, under `portfolios` of the working folder."""

from __future__ import annotations

from pathlib import Path
from typing import Final

PORTFOLIOS: Final = Path("portfolios")


def portfolio_folder(given: Path | None, cwd: Path, name: str) -> Path:
    """The folder that was *given*, or the default folder of portfolio *name*; it may not exist."""
    return given or cwd / PORTFOLIOS / name


def portfolio_folders(cwd: Path) -> list[Path]:
    """The folders of all portfolios, by name."""
    return sorted(path.parent for path in (cwd / PORTFOLIOS).glob("*/platform.yaml"))
