"""Who mounts a claim goes before it.

A claim is only removed once no pod names it, also none that is over (Kubernetes, "Storage Object in Use
Protection"): the pods of last night's backup stay until their CronJob goes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import pytest

from tests.components.conftest import declare_plan
from tests.components.monitor import Declared
from tests.portfolios import every_offer, plan_of, tenant
from tiers.portfolio.tenant import Move
from tiers.vocabulary import LifecycleStage, MoveStage

CLAIM = "kubernetes:core/v1:PersistentVolumeClaim"
MOUNTING = {
    "kubernetes:apps/v1:Deployment",
    "kubernetes:batch/v1:CronJob",
    "kubernetes:batch/v1:Job",
}


def mounts(declared: Sequence[Declared]) -> Iterator[tuple[Declared, Declared]]:
    """Every workload with a claim that its pods mount."""
    claims = [each for each in declared if each.type == CLAIM]
    for each in declared:
        text = json.dumps(each.props, default=str) if each.type in MOUNTING else ""
        for claim in claims:
            place = claim.props["metadata"]
            named = f'"claimName": "{place["name"]}"' in text
            if named and each.props["metadata"]["namespace"] == place["namespace"]:
                yield each, claim


def before(urn: str, declared: Sequence[Declared]) -> set[str]:
    """What can only be removed after a resource; its parent waits for what the parent depends on."""
    waits = {each.urn: each.dependencies | {each.parent} for each in declared}
    found, left = set[str](), [urn]
    while left:
        if (each := left.pop()) not in found:
            found.add(each)
            left += waits.get(each, ())
    return found


def early(declared: Sequence[Declared]) -> list[str]:
    """Workloads that may still be there when a claim of theirs is to go."""
    found = list(mounts(declared))
    assert found
    return [each.name for each, claim in found if claim.urn not in before(each.urn, declared)]


@pytest.mark.sample(1)
@pytest.mark.parametrize("stage", list(LifecycleStage))
def test_whatever_mounts_a_claim_goes_before_it(stage: LifecycleStage) -> None:
    offers = [each.model_copy(update={"lifecycle_stage": stage}) for each in every_offer()]
    assert early(declare_plan(plan_of(*offers))) == []


@pytest.mark.sample(1)
@pytest.mark.parametrize("stage", list(MoveStage))
def test_so_does_what_mounts_the_claims_of_a_move(stage: MoveStage) -> None:
    move = Move(from_tier="shared-namespace", stage=stage)
    options = {"users": 5, "dr_region": "eu-west-1"}
    assert early(declare_plan(plan_of(tenant(tier="cross-region-backup", options=options, move=move)))) == []
