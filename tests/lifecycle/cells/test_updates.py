"""Waves follow each other, failures stop by rule, and what is deployed already is left out."""

from __future__ import annotations

from collections.abc import Callable
from threading import Barrier, Lock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.cells.updates import Ended, OnError, Result, Update, Updates
from tests.sampling import examples

WAVES = st.lists(st.integers(1, 3), min_size=1, max_size=12).map(sorted)


def run(
    waves: list[int],
    failing: set[str],
    *,
    parallel: int = 2,
    on_error: OnError = OnError.STOP,
    deployed: dict[str, str] | None = None,
    before: Callable[[str], None] = lambda _: None,
) -> tuple[Ended, list[str]]:
    updates = [Update(f"s{number}", wave, f"d{number}") for number, wave in enumerate(waves)]
    begun, lock = list[str](), Lock()

    def update(name: str) -> Result:
        with lock:
            begun.append(name)
        before(name)
        return Result(name not in failing, "told")

    return Updates(update, parallel, on_error, lambda *_: None).run(updates, deployed or {}), begun


@examples(60, of=600)
@given(WAVES, st.sets(st.integers(0, 11)), st.integers(1, 4), st.sampled_from(OnError))
def test_what_is_begun_follows_the_rule(
    waves: list[int], failing: set[int], parallel: int, on_error: OnError
) -> None:
    names = {f"s{number}" for number in failing if number < len(waves)}
    ended, begun = run(waves, names, parallel=parallel, on_error=on_error)
    assert sorted(begun) == sorted(ended.results)
    assert len(set(begun)) == len(begun)
    assert {*ended.results, *ended.not_begun} == {f"s{number}" for number in range(len(waves))}
    assert set(ended.failed) == names & ended.results.keys()
    wave_of = {f"s{number}": wave for number, wave in enumerate(waves)}
    assert [wave_of[name] for name in begun] == sorted(wave_of[name] for name in begun)
    first = min((wave_of[name] for name in names), default=4)
    if on_error is OnError.CONTINUE and first != 1:
        assert not ended.not_begun
    else:
        assert all(wave_of[name] <= first for name in begun)
        assert all(name in ended.results for name, wave in wave_of.items() if wave < first)
        if on_error is not OnError.STOP:
            assert all(name in ended.results for name, wave in wave_of.items() if wave == first)


def test_as_many_run_at_once_as_asked_for() -> None:
    """Each waits for the two others: fewer at once would never end, and the barrier would break."""
    barrier, waits = Barrier(3, timeout=20), list[int]()
    ended, _ = run([2, 2, 2], set(), parallel=3, before=lambda _: waits.append(barrier.wait()))
    assert not ended.failed


def test_what_is_deployed_already_is_left_out() -> None:
    ended, begun = run([1, 2, 3], set(), deployed={"s0": "d0", "s1": "other"})
    assert (begun, ended.done_before) == (["s1", "s2"], ("s0",))


def test_ctrl_c_begins_nothing_more_and_waits_for_what_runs() -> None:
    told: list[str] = []

    def tell(update: Update, _: Result) -> None:
        told.append(update.name)
        if len(told) == 1:
            raise KeyboardInterrupt

    updates = [Update(f"s{number}", 2, "d") for number in range(6)]
    with pytest.raises(KeyboardInterrupt):
        Updates(lambda _: Result(True, ""), 2, OnError.STOP, tell).run(updates, {})
    assert sorted(told) == ["s0", "s1"]
