"""Throw-away projects for the real CLI."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.localcloud.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Engine]:
    """Makes a throw-away project: `project(program, config={...})`."""

    def make(program: str, **options: dict[str, str]) -> Engine:
        return Engine(tmp_path, program, config=options.get("config"))

    return make
