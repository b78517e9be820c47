"""What two tenants may not both be called, and what a tenant may become without getting stuck."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from itertools import permutations
from typing import Any

import pytest
from pydantic import ValidationError

from tests.components.combinations import accepted, offers
from tests.components.completeness import faults_of
from tests.components.conftest import declare_plan
from tests.components.monitor import Declared
from tests.portfolios import WORKING_HOURS, catalog, local_portfolio, plan_of, tenant
from tests.sleepers import own_server, plan_with
from tiers.portfolio.tenant import Move, Tenant
from tiers.vocabulary import Environment, Isolation, MoveStage

CLAIM = "kubernetes:core/v1:PersistentVolumeClaim"
VOLUME = "kubernetes:core/v1:PersistentVolume"
QUOTA = "kubernetes:core/v1:ResourceQuota"
OWN = next(name for name, tier in sorted(catalog().tiers.items()) if tier.isolation is Isolation.OWN)
SHARED_FILES = "dedicated-db"
SHARED = next(name for name, tier in sorted(catalog().tiers.items()) if tier.isolation is Isolation.SHARED)


@cache
def declared_as(
    tier: str, filestore_gib: int | None = None, move: Move | None = None
) -> tuple[Declared, ...]:
    options: dict[str, Any] = {"users": 5, "filestore_gib": filestore_gib}
    copied = catalog().tiers[tier].offers[Environment.PRODUCTION].region_copies
    if copied:
        options["dr_region"] = local_portfolio().platform.dr_regions[0]
    return tuple(declare_plan(plan_of(tenant("acme", tier=tier, options=options, move=move))))


def faults_with(make: Callable[[], Tenant], neighbour: Tenant) -> list[str]:
    """What is wrong with what is declared for two tenants; nothing when the product refuses the first."""
    try:
        plan = accepted(local_portfolio().platform, [make(), neighbour])
    except ValidationError:
        return []
    return [] if plan is None else faults_of(plan, declare_plan(plan))


@pytest.mark.parametrize("name", ["operations", "production", "staging"])
def test_an_own_namespace_belongs_to_one_tenant(name: str) -> None:
    environment = Environment.PRODUCTION if name == "operations" else Environment(name)
    acme = tenant("acme", environment=environment, tier=SHARED)
    assert faults_with(lambda: tenant(name, tier=OWN, environment=environment), acme) == []


def parts() -> Iterator[tuple[str, str]]:
    """What the parts of tenant acme are called, beyond its name, by kind, whatever it bought."""
    for tier, environment in offers():
        if environment is Environment.PRODUCTION:
            for each in declared_as(tier):
                name = each.name.removeprefix("local-")
                if "TenantStack" in each.urn and name.startswith("acme-"):
                    yield each.urn.rpartition("::")[0], name.removeprefix("acme-")
    for stage in MoveStage:
        for each in declared_as("cross-region-backup", move=Move(from_tier=SHARED, stage=stage)):
            name = each.name.removeprefix("local-")
            if "TenantStack" in each.urn and name.startswith("acme-"):
                yield each.urn.rpartition("::")[0], name.removeprefix("acme-")
    asleep = tenant("acme", environment=Environment.STAGING, options={"users": 3, "schedule": WORKING_HOURS})
    for each in declare_plan(plan_with(own_server(), asleep)):
        name = each.name.removeprefix("local-")
        if "Sleep" in each.urn and name.startswith("acme-"):
            yield each.urn.rpartition("::")[0], name.removeprefix("acme-")


@pytest.mark.whole("test_naming keeps names apart without declaring what has them")
def test_no_tenants_part_is_called_like_a_part_of_a_tenant_with_a_longer_name() -> None:
    """Acme's `own-filestore` is acme-own's `filestore`: so no tenant may be called acme-own."""
    named = set(parts())
    assert len(named) > 40
    between = {
        longer.removesuffix(f"-{shorter}")
        for kind, longer in named
        for other, shorter in named
        if kind == other and longer.endswith(f"-{shorter}")
    }
    for word in between:
        with pytest.raises(ValidationError):
            tenant(f"acme-{word}")


def storage(declared: tuple[Declared, ...]) -> dict[str, int]:
    return {
        each.name: int(each.props["spec"]["resources"]["requests"]["storage"].removesuffix("Gi"))
        for each in declared
        if each.type == CLAIM
    }


def test_claims_of_both_tiers_fit_the_quota_while_a_tenant_moves() -> None:
    """Pulumi makes what is new before it deletes what is old, and both lie in the same namespace."""
    owning = sorted(name for name, tier in catalog().tiers.items() if tier.isolation is Isolation.OWN)
    assert len(owning) >= 2
    for before, after in permutations(owning, 2):
        claimed = sum((storage(declared_as(before)) | storage(declared_as(after))).values())
        (quota,) = [each for each in declared_as(after) if each.type == QUOTA]
        assert int(quota.props["spec"]["hard"]["requests.storage"].removesuffix("Gi")) >= claimed, after


@pytest.mark.whole("test_portfolios_apart moves such a claim on an API server")
def test_a_claim_in_another_namespace_has_a_volume_of_another_name() -> None:
    """A volume remembers the uid of its old claim, which goes after the pods that have it: both are there."""
    assert SHARED_FILES != SHARED
    names = set()
    for tier in (SHARED, SHARED_FILES):
        (volume,) = [
            each for each in declared_as(tier) if each.type == VOLUME and each.name == "acme-filestore"
        ]
        (claim,) = [each for each in declared_as(tier) if each.type == CLAIM]
        assert (volume.replaced_by, volume.deleted_first) == (("spec.claimRef.namespace",), False)
        assert volume.urn in claim.made_of["spec"]
        assert claim.props["spec"]["volumeName"] == volume.props["metadata"]["name"]
        # Nothing changes while the tenant stays where it is, whatever its volume was called.
        assert volume.ignore_changes == ("metadata.name",)
        names.add(volume.props["metadata"]["name"])
        assert volume.props["spec"]["claimRef"] == {
            "namespace": claim.props["metadata"]["namespace"],
            "name": "acme-filestore",
        }
    assert len(names) == 2
    homes = {
        stage: [
            each.props["metadata"]["namespace"]
            for each in declared_as(SHARED_FILES, move=Move(from_tier=SHARED, stage=stage))
            if each.type == CLAIM
        ]
        for stage in MoveStage
    }
    # It changes with the switch, before which every pod of the tenant was stopped.
    assert list(homes.values()) == [["odoo-production"], ["odoo-production"], ["odoo-acme"], ["odoo-acme"]]


@pytest.mark.whole("test_portfolios_apart keeps two apart on an API server")
def test_portfolios_with_prefixes_share_a_cluster_without_meeting() -> None:
    """Nothing of one is called like anything of the other, whatever the tier, in any namespace or in none."""
    local = local_portfolio().platform

    def objects(portfolio: str) -> set[tuple[str, str, str]]:
        cluster = local.cluster.model_copy(update={"namespace_prefix": portfolio})
        platform = local.model_copy(update={"portfolio": portfolio, "cluster": cluster})
        tiers = {f"t{number}": tier for number, tier in enumerate(sorted(catalog().tiers))}
        plan = plan_of(*(tenant(name, tier=tier) for name, tier in tiers.items()), platform=platform)
        names = [
            (
                each.type,
                each.props["metadata"].get("namespace", ""),
                each.props["metadata"].get("name", each.name),
            )
            for each in declare_plan(plan)
            if each.type.startswith("kubernetes:")
        ]
        assert len(names) == len(set(names)) > 100
        return set(names)

    one, two = objects("one"), objects("two")
    assert one & two == set()
    assert {namespace for _, namespace, _ in one} >= {
        "one-odoo-production",
        "one-odoo-operations",
        "one-odoo-t1",
    }


def test_files_that_grow_replace_no_claim() -> None:
    """A claim that no storage class provisioned cannot be resized, and one that is mounted cannot go."""
    for tier in catalog().tiers:
        small, large = declared_as(tier, 50), declared_as(tier, 60)
        assert storage(small) == storage(large), tier
