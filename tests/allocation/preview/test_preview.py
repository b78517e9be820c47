from __future__ import annotations

import pytest

from allocation.preview.comparison import compared
from allocation.preview.cost_estimate import cost_estimate
from allocation.preview.preview import in_words
from tests.allocation.previews import comparison_of, conditions, preview_of
from tests.portfolios import catalog, plan_of, tenant
from tiers.vocabulary import ResilienceClass

PROMISES = catalog().classes.resilience_classes


def test_a_promise_in_words() -> None:
    assert in_words(ResilienceClass.STANDARD, PROMISES[ResilienceClass.STANDARD]) == (
        "standard: at most 24 hours of work lost, back within 24 hours"
    )
    assert in_words(ResilienceClass.MISSION_CRITICAL, PROMISES[ResilienceClass.MISSION_CRITICAL]) == (
        "mission-critical: at most 5 minutes of work lost, back within 1 hour, "
        "from a second region if need be"
    )


def test_who_is_concerned_and_who_pays_another_share() -> None:
    preview = preview_of(comparison_of("cobalt", "ha-postgresql"))
    assert [each.tenant for each in preview.concerned] == ["cobalt"]
    assert "acme" in [each.tenant for each in preview.neighbours]
    assert [item.what for item in preview.one_off_of("cobalt")] == ["labour"]
    assert preview.one_off_of("acme") == ()


def test_the_promise_before_and_after() -> None:
    preview = preview_of(comparison_of("cobalt", "ha-postgresql"))
    (cobalt,) = preview.concerned
    before, after = preview.promise(cobalt)
    assert before is not None
    assert after is not None
    assert before.startswith("standard: ")
    assert after.startswith("business-critical: at most 15 minutes")


@pytest.mark.whole("tests/tiers refuse a tenant that is not there")
def test_who_is_not_there_is_promised_nothing() -> None:
    sides = [cost_estimate(plan_of(*tenants), conditions()) for tenants in ((), (tenant(),))]
    preview = preview_of(compared(*sides))
    assert preview.promise(preview.concerned[0])[0] is None
