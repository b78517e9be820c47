from __future__ import annotations

import gc

from components.process import prepare


def test_the_collector_is_spared_what_lives_to_the_end() -> None:
    before = gc.get_threshold()
    gc.set_threshold(700, 10, 10)  # Python's own; the run of the tests has prepared this process, too
    gc.unfreeze()
    try:
        prepare()
        assert gc.get_freeze_count() > 10_000
        assert gc.get_threshold()[0] > 10 * 700
        assert gc.isenabled()
    finally:
        gc.set_threshold(*before)
