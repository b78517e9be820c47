"""Throw-away projects for the real CLI."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.engine.warm import home
from tests.localcloud.engine import ROOT, Engine

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Engine]:
    """Makes a throw-away project: `project(program, config={...})`; *warm*: with forked interpreters."""

    def make(program: str, *, warm: bool = False, config: dict[str, str] | None = None) -> Engine:
        return Engine(tmp_path, program, config=config, home=home() if warm else ROOT)

    return make
