"""The support of tests that need a session cache."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import cache_server
from tests.cache_server import running_cache_server


def test_without_a_server_it_says_how_to_get_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_server, "PROGRAM", tmp_path / "cache-server")
    with pytest.raises(RuntimeError, match="run `make engine-cache`"), running_cache_server(tmp_path):
        pass
