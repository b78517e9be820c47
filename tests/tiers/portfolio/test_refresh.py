"""Whose backup a tenant may be refreshed from: of the same client, where both may lie, and one that fits."""

from __future__ import annotations

import pytest

from tests.portfolios import catalog, plan_of, tenant, wide_platform
from tiers.facts.every_fact import Job, ScheduledJob
from tiers.facts.names import BACKUP, LIVE_BACKUP
from tiers.plan.plan import facts_of
from tiers.portfolio.restore.source import source_faults
from tiers.portfolio.restore.stage import READING, RestoreStage, may_follow
from tiers.portfolio.tenant import Tenant

RESTORE = {"at": "2026-11-29T01:15:00Z", "from_tenant": "acme", "stage": "prepare"}


def staging(**more: object) -> Tenant:
    return tenant(
        "acme-staging", **{"environment": "staging", "client": "acme-ltd", "restore": RESTORE, **more}
    )


def why_not(one: Tenant, *others: Tenant) -> list[str]:
    known = {each.tenant: each for each in (one, *others)}
    faults = source_faults(known, catalog(), wide_platform())
    return [message for place, (_, message) in faults if place == one.tenant]


def test_production_of_the_same_client_may_be_taken() -> None:
    source = tenant("acme", client="acme-ltd")
    assert why_not(staging(), source) == []
    planned = plan_of(source, staging()).tenant("acme-staging")
    assert planned
    assert planned.restored_from
    assert (planned.restored_from.prefix, planned.restored_from.owner) == ("acme", "local/acme-ltd/acme")


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        (staging(), tenant("borealis"), "'acme' is no tenant of this portfolio"),
        (
            staging(),
            tenant("acme", client="somebody"),
            "acme belongs to client somebody, and this tenant to acme-ltd",
        ),
        (
            staging(environment="production"),
            tenant("acme", client="acme-ltd"),
            "production is never refreshed",
        ),
        (
            staging(),
            tenant("acme", client="acme-ltd", data_residency=["eu-west-1"]),
            "may not lie in us-east-1, where this tenant's does",
        ),
        (
            staging(),
            tenant("acme", client="acme-ltd", options={"users": 5, "database_gib": 60}),
            "acme has database_gib 60, and this tenant 5: write 60 into its options",
        ),
        (
            staging(),
            tenant(
                "acme",
                client="acme-ltd",
                tier="cross-region-backup",
                options={"users": 5, "dr_region": "eu-west-1", "database_gib": 5, "filestore_gib": 10},
            ),
            "lie in a bucket of its own, which only acme may read",
        ),
        (
            staging(odoo={"version": "17.0"}),
            tenant("acme", client="acme-ltd"),
            "acme runs Odoo 18.0, and this tenant Odoo 17.0, which does not start on its database",
        ),
        (
            staging(),
            tenant(
                "acme",
                client="acme-ltd",
                tier="dedicated-db",
                options={"users": 5, "dr_region": "eu-west-1", "database_gib": 5, "filestore_gib": 10},
                move={"from_tier": "cross-region-backup", "stage": "expand"},
            ),
            "lie in a bucket of its own, which only acme may read",
        ),
    ],
)
def test_others_may_not(one: Tenant, other: Tenant, why: str) -> None:
    assert any(why in each for each in why_not(one, other))


LIVE = {**RESTORE, "live": True}


def test_a_live_copy_is_a_backup_that_the_other_tenant_makes_once_more() -> None:
    source = tenant("acme", client="acme-ltd")
    assert why_not(staging(restore=LIVE), source) == []
    planned = plan_of(source, staging(restore=LIVE)).tenant("acme")
    assert planned
    (job,) = [each for each in facts_of(planned.facts, Job) if each.name == LIVE_BACKUP]
    (nightly,) = [each for each in facts_of(planned.facts, ScheduledJob) if each.name == BACKUP]
    assert job.asked_for == "refresh of acme-staging, 2026-11-29T01:15:00Z"
    assert (job.namespace, job.image, job.compute) == (nightly.namespace, nightly.image, nightly.compute)
    for stage in RestoreStage:
        after = plan_of(source, staging(restore={**LIVE, "stage": stage})).tenant("acme")
        assert after
        assert any(fact.name == LIVE_BACKUP for fact in after.facts) is (stage is RestoreStage.PREPARE)


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (
            {"lifecycle_stage": "suspended"},
            "acme is suspended, and only an active tenant is copied: leave out",
        ),
        ({"rotation": {"number": 1, "stage": "second-login"}}, "acme has rotation at a stage"),
        ({"restore": {"at": RESTORE["at"], "stage": "switch"}}, "acme has restore at a stage"),
        ({"upgrade": {"to": "19.0", "stage": "rehearse"}}, "acme has upgrade at a stage"),
        (
            {"tier": "dedicated-db", "move": {"from_tier": "shared-namespace", "stage": "expand"}},
            "acme has move at a stage",
        ),
        (
            {
                "environment": "staging",
                "options": {"users": 5, "schedule": {"awake": "Mon-Fri 07:00-19:00", "timezone": "Etc/UTC"}},
            },
            "acme sleeps by schedule",
        ),
    ],
    ids=["suspended", "rotation", "restore", "upgrade", "move", "sleep"],
)
def test_who_is_busy_or_asleep_is_not_copied_live(other: dict[str, object], why: str) -> None:
    """Its last backup may be taken no less, and once it was copied it may do what it likes."""
    source = tenant("acme", client="acme-ltd", **other)
    assert any(why in each for each in why_not(staging(restore=LIVE), source))
    assert not any(why in each for each in why_not(staging(), source))
    assert not any(why in each for each in why_not(staging(restore={**LIVE, "stage": "switch"}), source))


def test_a_live_copy_that_is_deployed_holds_up_nothing_that_production_needs() -> None:
    """A restore cannot wait, and no command reads a portfolio with a fault: it says the way out."""
    source = tenant("acme", client="acme-ltd", restore={"at": RESTORE["at"], "stage": "prepare"})
    (why,) = why_not(staging(restore=LIVE), source)
    assert why.endswith("where it is deployed already, write stage: discard here, which gives it up")
    given_up = staging(restore={**LIVE, "stage": "discard"})
    assert why_not(given_up, source) == []
    assert may_follow(staging(restore=LIVE).restore, given_up.restore)


def test_one_tenant_is_copied_for_one_other_at_a_time() -> None:
    source = tenant("acme", client="acme-ltd")
    other = tenant("acme-test", client="acme-ltd", environment="staging", restore=LIVE)
    assert why_not(staging(restore=LIVE), source, other) == [
        "acme is copied for acme-test already: do it one after the other"
    ]
    assert why_not(staging(restore={**LIVE, "stage": "switch"}), source, other) == []


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (staging(environment="production"), "production is never refreshed"),
        (staging(client="somebody"), "acme belongs to client acme-ltd, and this tenant to somebody"),
    ],
)
def test_a_schedule_is_refused_where_no_refresh_may_ever_be(one: Tenant, why: str) -> None:
    schedule = {"from_tenant": "acme", "every": "weekly"}
    source = tenant("acme", client="acme-ltd")
    one = Tenant.model_validate({**one.model_dump(), "restore": None, "refresh_schedule": schedule})
    assert any(why in each for each in why_not(one, source))
    assert why_not(one) == []  # who has ended stops nobody's portfolio


def test_nobody_is_refreshed_from_itself() -> None:
    one = staging(restore={**RESTORE, "from_tenant": "acme-staging"})
    assert any("is acme-staging itself" in each for each in why_not(one))


@pytest.mark.parametrize("stage", [*RestoreStage])
def test_the_other_tenant_may_change_and_end_once_its_backup_was_read(stage: RestoreStage) -> None:
    """Nothing of a whole portfolio stops because of a backup that nobody reads any longer."""
    one = staging(restore={**RESTORE, "stage": stage})
    assert bool(why_not(one)) == (stage in READING)
    upgraded = tenant("acme", client="acme-ltd", odoo={"version": "19.0"})
    assert bool(why_not(one, upgraded)) == (stage is RestoreStage.PREPARE)
    if stage not in READING:
        planned = plan_of(one).tenant("acme-staging")
        assert planned
        assert planned.restored_from is None
