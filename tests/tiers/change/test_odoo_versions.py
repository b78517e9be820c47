"""No update takes a tenant to a version of Odoo that its database cannot have, or that nobody tried."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.portfolios import catalog, failing_over, plan_of, tenant, two_regions, wide_platform
from tests.tiers.test_deployed import refused, state
from tiers.change.effect import EffectKind
from tiers.change.effects import effects_of
from tiers.change.forbidden import forbidden
from tiers.change.versions.odoo import untried
from tiers.plan.plan import Plan

VERSIONS = {None: "18.0", "18.0-lts": "18.0", "17.0": "17.0", "19.0": "19.0"}


def planned(version: str | None, name: str = "acme", *, by_hand: str | None = None, **changes: Any) -> Plan:
    """The plan of a tenant that names a version, and perhaps one its database was upgraded to."""
    odoo = {"version": version, "upgraded_to": by_hand}
    return plan_of(tenant(name, odoo=odoo, **changes), platform=wide_platform())


@given(
    before=st.sampled_from([*VERSIONS]),
    after=st.sampled_from([*VERSIONS]),
    by_hand=st.booleans(),
)
def test_a_version_follows_its_own_or_an_older_one_that_was_upgraded(
    before: str | None,
    after: str | None,
    by_hand: bool,  # noqa: FBT001
) -> None:
    said = VERSIONS[after] if by_hand else None
    plans = planned(before), planned(after, by_hand=said)
    found = list(forbidden(plans[0].tenants[0], plans[1].tenants[0], catalog(), "local"))
    old, new = (float(VERSIONS[each]) for each in (before, after))
    assert len(found) == (new < old or (new > old and not by_hand))
    if new < old:
        assert f"takes no database back from {old} to {new}" in found[0]


def test_a_newer_major_version_says_what_to_do() -> None:
    (said,) = refused(state(planned(None)), planned("19.0"))
    assert said == (
        "acme: Odoo 19.0 does not start on a database of 18.0: put its version back and run `costack upgrade "
        "acme`, or upgrade its database by hand (docs/odoo-versions.md, Another major version), then write "
        'odoo: {version: …, upgraded_to: "19.0"}; nothing was changed'
    )
    assert not refused(state(planned(None)), planned("19.0", by_hand="19.0"))
    assert not refused({}, planned("19.0"))


@pytest.mark.parametrize("stage", ["prepare", "switch", "start"])
def test_a_database_that_is_restored_keeps_its_major_version_until_the_end(stage: str) -> None:
    restore = {"at": "2026-11-29T01:15:00Z", "stage": stage}
    before = state(planned(None, restore=restore))
    (said,) = refused(before, planned("19.0", by_hand="19.0", restore=restore))
    assert "it is being restored, and what is restored is of Odoo 18.0" in said
    assert not refused(before, planned("18.0-lts", restore=restore))


def test_a_platforms_own_version_is_held_to_the_same() -> None:
    usual = wide_platform()
    newer = usual.images.odoo.model_copy(update={"version": "19.0"})
    images = usual.images.model_copy(update={"odoo": newer})
    after = plan_of(tenant("acme"), tenant("b"), platform=usual.model_copy(update={"images": images}))
    found = refused(state(plan_of(tenant("acme"), tenant("b"))), after)
    assert [each.partition(":")[0] for each in found] == ["acme", "b"]


def pair(production: str | None, staging: str | None) -> Plan:
    """A client's two environments."""
    two = [
        tenant(name, client="acme-ltd", environment=environment, odoo={"version": version, "upgraded_to": up})
        for name, environment, version, up in (
            ("acme", "production", production, VERSIONS[production]),
            ("acme-staging", "staging", staging, VERSIONS[staging]),
        )
    ]
    return plan_of(*two, platform=wide_platform())


@pytest.mark.parametrize(
    ("before", "after", "stops"),
    [
        ((None, None), ("19.0", "19.0"), True),
        ((None, "19.0"), ("19.0", "19.0"), False),
        (("19.0", "19.0"), ("19.0", "19.0"), False),
        ((None, None), ("18.0-lts", "18.0-lts"), False),
        ((None, None), (None, "19.0"), False),
    ],
)
def test_both_environments_in_one_update_are_no_rollout(
    before: tuple[str | None, str | None], after: tuple[str | None, str | None], *, stops: bool
) -> None:
    found = refused(state(pair(*before)), pair(*after))
    assert bool(found) is stops
    if stops:
        assert found[0].startswith(
            "acme: its version of Odoo is for staging first, and none of acme-staging is deployed with this "
            "build: deploy it there and try it, then here"
        )


def test_a_client_that_is_new_or_alone_is_not_held_back() -> None:
    after = pair("19.0", "19.0")
    assert not list(untried({}, after))
    alone = {"acme": planned(None).tenants[0].model_dump(mode="json")}
    assert not list(untried(alone, planned("19.0")))


def updated(number: int | None, modules: tuple[str, ...] = ("sale",), **changes: Any) -> Plan:
    """The plan of a tenant with an update of modules, or with none."""
    update = {"number": number, "modules": modules} if number else None
    return plan_of(tenant("acme", odoo={"update": update}, **changes))


NUMBERS = st.none() | st.integers(1, 4)
MODULES = st.sampled_from([("sale",), ("crm", "sale"), ("sale", "crm"), ("all",)])


@given(before=NUMBERS, after=NUMBERS, old=MODULES, new=MODULES)
def test_an_update_of_modules_is_made_once_for_each_number(
    before: int | None, after: int | None, old: tuple[str, ...], new: tuple[str, ...]
) -> None:
    """Nothing is told twice, and nothing is passed over without a word: another list needs another number."""
    plans = updated(before, old), updated(after, new)
    found = refused(state(plans[0]), plans[1])
    unsaid = before == after and set(old) != set(new)
    assert len(found) == bool(before and after and (after < before or unsaid))
    told = [each.what for each in effects_of(*plans) if each.kind is EffectKind.DOWNTIME]
    assert bool(told) == bool(after and after != before)


def test_a_preview_says_what_an_update_of_modules_stops() -> None:
    image = wide_platform().images.odoo.model_copy(update={"image": f"odoo@sha256:{'f' * 64}"})
    usual = wide_platform()
    newer = usual.model_copy(update={"images": usual.images.model_copy(update={"odoo": image})})
    after = plan_of(tenant("acme", odoo={"update": {"number": 1, "modules": ["all"]}}), platform=newer)
    (said,) = effects_of(updated(None), after)
    assert (said.kind, said.what) == (
        EffectKind.DOWNTIME,
        "modules are updated (all; update 1): Odoo is stopped, after a backup, for 60 minutes at most",
    )


def test_data_that_moves_is_not_updated() -> None:
    moving: dict[str, Any] = {
        "tier": "dedicated-db",
        "move": {"from_tier": "shared-namespace", "stage": "expand"},
    }
    there = state(updated(1))
    assert not refused(there, updated(1, **moving))
    (said,) = refused(there, updated(2, **moving))
    assert said == (
        "acme: its data moves: finish the move, then update modules (odoo.update); nothing was changed"
    )


def test_a_tenant_in_its_second_region_is_not_updated() -> None:
    """The job is of its first region, where the database is closed: the number would count as done."""

    def at(number: int, stage: str | None) -> Plan:
        update = {"number": number, "modules": ("sale",)}
        odoo = tenant("acme", odoo={"update": update}).odoo
        return plan_of(failing_over(stage).model_copy(update={"odoo": odoo}), platform=two_regions())

    there = state(at(1, "settled"))
    assert not refused(there, at(1, "save"))
    (said,) = refused(there, at(2, "settled"))
    assert said == (
        "acme: it works in its second region or is on its way: come home, then update modules (odoo.update); "
        "nothing was changed"
    )
    assert refused(state(at(1, None)), at(2, "fence"))


def test_a_tenant_that_is_restored_is_not_updated() -> None:
    """The pods that a stage stops and the database that it exchanges are not those of the update."""
    at = {"at": "2026-11-29T01:15:00Z", "stage": "prepare"}
    there = state(updated(1))
    assert not refused(there, updated(1, restore=at))
    (said,) = refused(there, updated(2, restore=at))
    assert said == (
        "acme: it is being restored: finish the restore, then update modules (odoo.update); "
        "nothing was changed"
    )
