"""The support of tests that need a Prometheus."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import prometheus


def test_without_a_server_it_says_how_to_get_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prometheus, "PROGRAM", tmp_path / "prometheus")
    with (
        pytest.raises(RuntimeError, match="run `make engine-prometheus`"),
        prometheus.running_prometheus(tmp_path),
    ):
        pass
