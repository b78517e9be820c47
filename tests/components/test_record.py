"""The record of a tenant comes after everything else of it, and holds all of it while it is protected."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from tests.components.conftest import declare_plan
from tests.components.monitor import Declared
from tests.portfolios import every_offer, local_portfolio, plan_of, tenant
from tiers.deployed import RECORD_TYPE
from tiers.facts.names import SHARED_PLATFORM, TENANT_STACK
from tiers.vocabulary import LifecycleStage


def below(root: Declared, declared: Iterable[Declared]) -> set[str]:
    """The URNs of all resources of a component that the cloud or the cluster has."""
    parents = {each.urn: each.parent for each in declared}

    def ancestors(urn: str) -> Iterable[str]:
        while urn := parents.get(urn, ""):
            yield urn

    return {each.urn for each in declared if each.custom and root.urn in ancestors(each.urn)}


def reached(urns: Iterable[str], declared: Iterable[Declared]) -> set[str]:
    """The URNs that can only be removed after those of *urns*."""
    waits = {each.urn: each.dependencies for each in declared}
    found, left = set[str](), list(urns)
    while left:
        urn = left.pop()
        if urn not in found:
            found.add(urn)
            left += waits.get(urn, ())
    return found


def test_a_record_comes_after_everything_of_its_owner() -> None:
    declared = declare_plan(plan_of(*every_offer()))
    owners = [each for each in declared if each.type in (SHARED_PLATFORM, TENANT_STACK)]
    assert len(owners) > len(every_offer())
    for owner in owners:
        mine = below(owner, declared)
        records = [each.urn for each in declared if each.urn in mine and each.type == RECORD_TYPE]
        assert len(records) == 1
        assert len(mine) > 20
        assert mine - reached(records, declared) == set(), owner.urn


@pytest.mark.parametrize("environment", ["production", "migration"])
def test_only_a_released_tenant_is_not_protected(environment: str) -> None:
    platform = local_portfolio().platform.model_copy(update={"deletion_protection": True})
    (offered,) = [
        each
        for each in every_offer()
        if each.tier == "shared-namespace" and each.environment.value == environment
    ]
    ending = {"lifecycle_stage": LifecycleStage.DECOMMISSIONING}
    for changes, protected in (({}, True), (ending, True), ({**ending, "protected": False}, False)):
        changed = offered.model_copy(update=changes)
        declared = declare_plan(plan_of(changed, platform=platform))
        urn = f"{TENANT_STACK}${RECORD_TYPE}::{offered.tenant}-deployed"
        (record,) = [each for each in declared if each.urn.endswith(urn)]
        assert record.protect is protected
        assert record.props["input"]["plan"]["protected"] is changed.protected


def test_a_portfolio_that_may_end_protects_nothing() -> None:
    declared = declare_plan(plan_of(tenant("acme")))
    assert not any(each.protect for each in declared)
