"""A history of random steps with files and engine: a sample of `make torture`."""

from __future__ import annotations

import pytest

from tests.torture.histories import history, wrong

pytestmark = [pytest.mark.engine]

SEED = 3
LENGTH = 3


@pytest.mark.whole("random walks over what the other files do step by step")
def test_no_step_loses_data_or_counts_what_is_not_there(tmp_path_factory: pytest.TempPathFactory) -> None:
    with history(tmp_path_factory.mktemp("history") / "project") as made:
        assert wrong(made, SEED, LENGTH) == ""
        assert sum(made.done.values()) >= 2
