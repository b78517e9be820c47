"""The Odoo that the tests are pointed at: a source tree, and the environment it runs in."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from tests.portfolios import ROOT

NEEDED: Final = "no Odoo to try: make odoo ODOO=<source tree> ODOO_ADDONS=<folder that holds session_redis>"


@dataclass(frozen=True)
class Tree:
    """A source tree of Odoo.

    Attributes:
        folder: It holds `odoo-bin`.
        addons: Folders with addons that are not Odoo's own; `session_redis` is in one of them.
        python: The interpreter of its environment.
        version: Such as 18.0, as the tree says itself.
    """

    folder: Path
    addons: tuple[Path, ...]
    python: Path
    version: str

    @property
    def addons_path(self) -> tuple[str, ...]:
        """All folders of addons that odoo.conf has to name: a source tree keeps most of its own apart."""
        return tuple(str(path) for path in (self.folder / "addons", *self.addons))


def given() -> str:
    """The folder that `make odoo` was given, or nothing."""
    return os.environ.get("ODOO", "")


@cache
def tree() -> Tree:
    """The tree that `make odoo` was given, with its environment made."""
    addons = os.environ.get("ODOO_ADDONS", "").split(":")
    return tree_in(Path(given()), tuple(Path(each) for each in addons if each))


def tree_in(folder: Path, addons: tuple[Path, ...]) -> Tree:
    """The tree in *folder* with *addons* that are not its own, with its environment made."""
    folder, addons = folder.resolve(), tuple(each.resolve() for each in addons)
    made = subprocess.run(
        [sys.executable, str(ROOT / "toolchain" / "odoo.py"), str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    python = Path(made.stdout.splitlines()[-1]) / "bin" / "python"
    said = subprocess.run(
        [str(python), "-c", "import odoo.release; print(odoo.release.series)"],
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return Tree(folder, addons, python, said.stdout.strip())
