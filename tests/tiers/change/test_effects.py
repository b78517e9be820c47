from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from tests.components.test_created import creating
from tests.portfolios import (
    as_with_tokens,
    catalog,
    grouped_platform,
    local_plan,
    local_portfolio,
    plan_of,
    tenant,
    wide_platform,
)
from tiers.change.effect import Effect, EffectKind
from tiers.change.effects import effects_of
from tiers.facts.archive import Archive
from tiers.facts.compute import NodeGroup
from tiers.facts.data import CacheGroup, DatabaseInstance
from tiers.facts.network import CLUSTER_DNS, DnsPeer
from tiers.facts.record import FactRecord, Origin
from tiers.plan.plan import Plan, emptied
from tiers.plan.resolve import resolve
from tiers.portfolio.platform import Platform
from tiers.portfolio.rotation import Rotation
from tiers.vocabulary import RotationStage, TenantId

SERVERS = {"platform/database", "cobalt/server", "halcyon/server", "meridian/server"}


def platform(**parts: dict[str, Any]) -> Platform:
    """The local platform with some fields of its parts changed, as a file would change them."""
    values = local_portfolio().platform.model_dump()
    for part, changes in parts.items():
        values[part] |= changes
    return Platform.model_validate(values)


def local_on(changed: Platform) -> Plan:
    return resolve(catalog(), local_portfolio().model_copy(update={"platform": changed}))


def with_fact(plan: Plan, fact_id: str, **changes: Any) -> Plan:
    """*plan* with some fields of one fact changed."""

    def changed(facts: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(each.model_copy(update=changes) if each.id == fact_id else each for each in facts)

    tenants = tuple(each.model_copy(update={"facts": changed(each.facts)}) for each in plan.tenants)
    return plan.model_copy(update={"platform": changed(plan.platform), "tenants": tenants})


def of_kind(effects: tuple[Effect, ...], kind: EffectKind) -> list[Effect]:
    return [each for each in effects if each.kind is kind]


def only(before: Plan, after: Plan) -> Effect:
    (effect,) = effects_of(before, after)
    return effect


def test_nothing_and_what_is_new_has_no_effect() -> None:
    assert effects_of(local_plan(), local_plan()) == ()
    assert effects_of(emptied(local_plan()), local_plan()) == ()
    assert effects_of(plan_of(tenant("a")), plan_of(tenant("a"), tenant("b"))) == ()


def test_fees_and_users_have_no_effect() -> None:
    dearer = plan_of(tenant("a", options={"users": 9}))
    assert effects_of(plan_of(tenant("a")), dearer) == ()


def test_a_new_major_version_of_postgresql_names_every_server_and_tenant() -> None:
    after = local_on(platform(database={"engine_version": "18.1"}))
    effect, group = effects_of(local_plan(), after)
    assert effect.kind is EffectKind.MAJOR
    assert set(effect.subjects) == SERVERS
    assert set(effect.tenants) == {each.tenant for each in local_plan().tenants}
    assert effect.window == "sun:03:00-sun:04:00"
    assert effect.in_words.startswith("major: platform/database, ")
    assert "PostgreSQL 17 → 18.1" in effect.in_words
    assert group.kind is EffectKind.NOTICE
    assert set(group.subjects) == SERVERS
    assert "its parameter group of postgres17 goes with the first update after" in group.in_words
    assert "; 7 tenants at once: " in effect.in_words
    assert effect.in_words.endswith("; AWS does it in the window sun:03:00-sun:04:00 (UTC)")


def test_security_groups_start_pods_anew_and_only_those_that_join() -> None:
    tenants = (tenant("acme"), tenant("borealis", tier="ha-postgresql"))
    grouped = grouped_platform()
    cluster = grouped.cluster.model_copy(update={"pod_security_groups": False, "security_group_id": None})
    without = plan_of(*tenants, platform=grouped.model_copy(update={"cluster": cluster}))
    with_groups = plan_of(*tenants, platform=grouped)
    for before, after in ((without, with_groups), (with_groups, without)):
        effects = effects_of(before, after)
        assert {each.kind for each in effects} == {EffectKind.RESTART}
        assert {each.tenants for each in effects} == {("borealis",)}
        told = sorted(each.what for each in effects)
        assert told == [
            "cron pods start anew (security group of its pods): scheduled actions pause",
            "web pods start anew (security group of its pods): one by one, requests go on",
        ]


def test_a_created_clusters_nodes_get_interfaces_for_pods() -> None:
    plans = [plan_of(tenant("a"), platform=creating(pod_security_groups=wanted)) for wanted in (False, True)]
    effect = only(*plans)
    assert effect.kind is EffectKind.NOTICE
    assert "runs no such pod until it is exchanged" in effect.what
    assert effects_of(plans[1], plans[0]) == ()


def test_an_older_major_version_would_fail() -> None:
    effect = only(local_plan(), local_on(platform(database={"engine_version": "16.9"})))
    assert (effect.kind, effect.window) == (EffectKind.MAJOR, None)
    assert "the update would fail" in effect.what


def test_a_minor_version_restarts() -> None:
    effect = only(
        local_on(platform(database={"engine_version": "17.6"})),
        local_on(platform(database={"engine_version": "17.7"})),
    )
    assert effect.kind is EffectKind.RESTART
    assert set(effect.subjects) == SERVERS


@pytest.mark.parametrize(
    ("before", "after", "kind", "said"),
    [
        ("17.6", "17", EffectKind.RESTART, "AWS upgrades its minor version by itself"),
        ("17", "17.6", EffectKind.RESTART, "the update fails where a newer one runs"),
        (
            "17.7",
            "17.6",
            EffectKind.MAJOR,
            "RDS takes no server back to an older version; the update would fail",
        ),
        ("17.10", "17.9", EffectKind.MAJOR, "the update would fail"),
        ("17.9", "17.10", EffectKind.RESTART, "17.9 → 17.10: it does not answer while it restarts"),
    ],
)
def test_a_minor_version_is_kept_or_left_to_aws(before: str, after: str, kind: EffectKind, said: str) -> None:
    plans = [local_on(platform(database={"engine_version": each})) for each in (before, after)]
    effect = only(*plans)
    assert (effect.kind, said in effect.what) == (kind, True), effect.what


@pytest.mark.parametrize(
    ("bought", "after", "said"),
    [
        (True, "18", "take warm_standby out before"),
        (True, "17.7", "where it is older, this update takes it there at once, and the next one its server"),
        (True, "17", "this update takes it there at once"),
        ("promoted", "18", "a new major version: it does not answer"),
        ("promoted", "17.7", "17.6 → 17.7: it does not answer while it restarts"),
    ],
)
def test_a_standby_is_upgraded_before_its_server_until_it_is_promoted(
    bought: object, after: str, said: str
) -> None:
    wanted = tenant("acme", tier="cross-region-backup", options={"users": 50, "warm_standby": bought})
    wide = wide_platform()
    plans = [
        plan_of(
            wanted,
            platform=wide.model_copy(
                update={"database": wide.database.model_copy(update={"engine_version": version})}
            ),
        )
        for version in ("17.6", after)
    ]
    (told,) = [
        each.what
        for each in effects_of(*plans)
        if "acme/standby" in each.subjects and not each.what.startswith("its parameter group")
    ]
    assert said in told
    assert ("warm_standby" in told or "at once" in told) is (bought is True)


def test_a_new_version_of_odoo_hits_every_tenant_at_once() -> None:
    odoo = local_portfolio().platform.images.odoo.model_dump() | {"version": "19.0"}
    effects = effects_of(local_plan(), local_on(platform(images={"odoo": odoo})))
    (major,) = of_kind(effects, EffectKind.MAJOR)
    assert len(major.tenants) == 7
    assert "Odoo 18.0 → 19.0" in major.what
    assert major.in_words.count("acme") == 2  # acme and acme-staging, each once
    assert {each.what for each in of_kind(effects, EffectKind.RESTART)} == {
        "web pods start anew (version): one by one, requests go on",
        "cron pods start anew (version): scheduled actions pause",
    }


def test_a_new_image_restarts_pods_and_nothing_else() -> None:
    odoo = local_portfolio().platform.images.odoo.model_dump()
    odoo["image"] = f"{odoo['image'].partition('@')[0]}@sha256:{'a' * 64}"
    effects = effects_of(local_plan(), local_on(platform(images={"odoo": odoo})))
    assert {each.kind for each in effects} == {EffectKind.RESTART}
    assert all("(image)" in each.what for each in effects)


@pytest.mark.parametrize(
    ("fact", "changes", "kind", "words"),
    [
        ("platform/database", {"instance_class": "db.m7g.large"}, EffectKind.RESTART, "1 to 2 minutes"),
        ("platform/database", {"multi_az": False}, EffectKind.NOTICE, "loses its standby"),
        ("platform/database", {"storage_gib": 100}, EffectKind.NOTICE, "50 → 100 GiB without downtime"),
        (
            "platform/database",
            {"storage_gib": 54},
            EffectKind.MAJOR,
            "50 → 54 GiB: RDS adds no less than a tenth, so the",
        ),
        ("platform/database", {"backup_retention_days": 7}, EffectKind.DATA, "kept 7 days, 14 before"),
        (
            "cobalt/server",
            {"instance_class": "db.m7g.large"},
            EffectKind.RESTART,
            "names no time for a single",
        ),
        ("cobalt/server", {"region": "eu-west-1"}, EffectKind.DATA, "a new, empty server in eu-west-1"),
        ("platform/cache", {"node_type": "cache.m7g.large"}, EffectKind.RESTART, "nodes are exchanged"),
        ("platform/cache", {"engine_version": "8.1"}, EffectKind.RESTART, "valkey 8.0 → valkey 8.1"),
        ("platform/cache", {"engine_version": "7.2"}, EffectKind.RESTART, "everybody has to log in again"),
        ("platform/cache", {"engine": "redis"}, EffectKind.RESTART, "everybody has to log in again"),
        ("platform/cache", {"multi_az": False}, EffectKind.NOTICE, "loses its standby"),
        ("platform/backup-bucket", {"expire_after_days": 30}, EffectKind.DATA, "dumps are kept 30 days, 90"),
        ("acme/logs", {"retention_days": 1}, EffectKind.DATA, "it keeps 1 days"),
        ("platform/network", {"cidr": "10.50.0.0/16"}, EffectKind.DATA, "another network would replace it"),
        (
            "platform/network",
            {"client_cidrs": ("10.30.0.0/16",)},
            EffectKind.DOWNTIME,
            "no longer lets in 10.20.0.0/16: pods there lose database, cache and files",
        ),
        (
            "platform/network",
            {"client_cidrs": ("10.30.0.0/16", "10.20.0.0/16")},
            EffectKind.RESTART,
            "rules for 10.20.0.0/16 are written anew",
        ),
        (
            "platform/network",
            {"zones": ("us-east-1b", "us-east-1a", "us-east-1c")},
            EffectKind.DOWNTIME,
            "subnets and mount targets are made anew in us-east-1a, us-east-1b, because ranges follow",
        ),
        (
            "platform/network",
            {"zones": ("us-east-1a", "us-east-1c")},
            EffectKind.DOWNTIME,
            "are made anew in us-east-1c and are removed in us-east-1b, because ranges follow the order",
        ),
        (
            "platform/control-plane",
            {"cluster": "other"},
            EffectKind.DOWNTIME,
            "own nodes are made anew for cluster other: pods of odoo lose their way to AWS",
        ),
        (
            "platform/control-plane",
            {"origin": Origin.CREATED},
            EffectKind.DOWNTIME,
            "EKS has no second cluster of the name odoo in the account and region",
        ),
        (
            "platform/control-plane",
            {"cluster": "other", "version": "1.36", "origin": Origin.CREATED},
            EffectKind.DOWNTIME,
            "a new, empty cluster other is created",
        ),
        (
            "platform/control-plane",
            {"ingress_namespace": "nginx"},
            EffectKind.DOWNTIME,
            "reached from namespace nginx alone, and no longer from traefik",
        ),
        (
            "platform/control-plane",
            {"secret_store": "parameters"},
            EffectKind.RESTART,
            "from the store parameters: none starts until External Secrets has brought them",
        ),
        ("acme/route", {"hostname": "new.example.com"}, EffectKind.DOWNTIME, "no longer at acme."),
        (
            "acme/route",
            {"hostname": "new.example.com", "redirects": ("acme.odoo.example.com",)},
            EffectKind.NOTICE,
            "is reached at new.example.com, and still at acme.odoo.example.com",
        ),
        ("acme/route", {"aliases": ("a.example",)}, EffectKind.NOTICE, "also answers at a.example"),
        ("acme/route", {"redirects": ("a.example",)}, EffectKind.NOTICE, "also answers at a.example"),
        (
            "acme/route",
            {"allow_cidrs": ("203.0.113.0/24",)},
            EffectKind.DOWNTIME,
            "only 203.0.113.0/24 may reach it",
        ),
        ("acme/route", {"body_size_mib": 9}, EffectKind.NOTICE, "uploads may have 9 MiB"),
        ("acme/route", {"timeout_seconds": 90}, EffectKind.NOTICE, "may take 90 seconds"),
        ("acme/route", {"annotations": {"a": "b"}}, EffectKind.NOTICE, "annotations of its Ingress"),
        ("acme/route", {"dns": "external-dns"}, EffectKind.NOTICE, "others make the records"),
        ("acme/route", {"dns": "route-53"}, EffectKind.NOTICE, "Costack makes the records of its host names"),
        ("acme/route", {"class_name": "other"}, EffectKind.DOWNTIME, "another class"),
        ("acme/route", {"controller": "traefik"}, EffectKind.DOWNTIME, "another ingress controller"),
        ("acme/egress", {"internet": False}, EffectKind.NOTICE, "no longer reach the internet"),
        ("acme/egress", {"mail_ports": (465,)}, EffectKind.NOTICE, "mail servers by port 587"),
    ],
)
def test_one_changed_field_is_one_effect(
    fact: str, changes: dict[str, Any], kind: EffectKind, words: str
) -> None:
    effect = only(local_plan(), with_fact(local_plan(), fact, **changes))
    assert (effect.kind, words in effect.what) == (kind, True), effect.in_words
    assert effect.subjects in ((fact,), (fact.partition("/")[0],))


def test_who_reads_for_reports_is_told() -> None:
    for had, has, kind, words in (
        (0, 3, EffectKind.NOTICE, "may open 3 connections, 0 before"),
        (3, 0, EffectKind.DOWNTIME, "may not log in any longer"),
    ):
        before, after = (
            with_fact(local_plan(), "acme/database", reader_connections=each) for each in (had, has)
        )
        effect = only(before, after)
        assert (effect.kind, words in effect.what) == (kind, True), effect.in_words


def test_where_old_dumps_go_is_told() -> None:
    instant, deep = (
        {"storage_class": name, "after_days": 35, "stored_gib": 1, "charged_gib": 2}
        for name in ("GLACIER_IR", "DEEP_ARCHIVE")
    )
    for had, has, words in (
        (
            None,
            instant,
            "dumps older than 35 days go to GLACIER_IR; each is charged for at least 90 days there",
        ),
        (instant, deep, "a dump is asked for up to 12 hours before it is restored"),
        (deep, None, "old dumps stay in S3 Standard; what is in DEEP_ARCHIVE stays there"),
    ):
        before, after = (
            with_fact(local_plan(), "platform/backup-bucket", archive=each and Archive.model_validate(each))
            for each in (had, has)
        )
        effect = only(before, after)
        assert (effect.kind, words in effect.what) == (EffectKind.NOTICE, True), effect.in_words


def test_what_a_route_loses_is_told() -> None:
    networks = ("203.0.113.0/24", "198.51.100.0/24")
    had = {"aliases": ("a.example",), "allow_cidrs": networks, "body_size_mib": 9}
    before = with_fact(local_plan(), "acme/route", **had)
    for lost, kind, words in (
        ({"aliases": ()}, EffectKind.DOWNTIME, "no longer answers at a.example"),
        ({"allow_cidrs": ()}, EffectKind.NOTICE, "everybody may reach it"),
        ({"allow_cidrs": networks[:1]}, EffectKind.DOWNTIME, "only 203.0.113.0/24 may"),
        ({"allow_cidrs": (*networks, "192.0.2.0/24")}, EffectKind.NOTICE, "192.0.2.0/24 may"),
        ({"body_size_mib": None}, EffectKind.NOTICE, "the ingress controller's own setting"),
    ):
        effect = only(before, with_fact(local_plan(), "acme/route", **{**had, **lost}))
        assert (effect.kind, words in effect.what) == (kind, True), effect.in_words


@pytest.mark.parametrize(
    ("fact", "changes"),
    [
        ("platform/database", {"backup_gib": 1}),
        ("platform/database", {"backup_retention_days": 30}),
        ("acme/web", {"max_replicas": 9}),
        ("acme/database", {"storage_gib": 99}),
        ("platform/backup-bucket", {"expire_after_days": 365}),
        ("platform/network", {"client_cidrs": ("10.20.0.0/16", "10.30.0.0/16")}),
        ("platform/network", {"zones": ("us-east-1a", "us-east-1b", "us-east-1c", "us-east-1d")}),
        ("platform/control-plane", {"version": "1.99"}),  # adopted
        ("platform/logs", {"retention_days": 1}),  # adopted: Costack does nothing to it
    ],
)
def test_what_stops_nothing_is_no_effect(fact: str, changes: dict[str, Any]) -> None:
    after = with_fact(local_plan(), fact, **changes)
    assert after != local_plan()
    assert effects_of(local_plan(), after) == ()


def test_what_cuts_everybody_off_names_everybody() -> None:
    everybody = tuple(each.tenant for each in local_plan().tenants)
    for part, changes in (
        ("network", {"client_cidrs": ("10.30.0.0/16",)}),
        ("network", {"zones": ("us-east-1b", "us-east-1a", "us-east-1c")}),
        ("cluster", {"name": "other"}),
        ("cluster", {"ingress_namespace": "nginx"}),
        ("cluster", {"secret_store": "parameters"}),
    ):
        assert only(local_plan(), local_on(platform(**{part: changes}))).tenants == everybody


def test_subnets_of_an_adopted_network_keep_their_mount_targets_by_their_place() -> None:
    def adopted(*subnets: str) -> Plan:
        return with_fact(
            local_plan(), "platform/network", cidr=None, vpc_id="vpc-0a0a0a0a", subnet_ids=subnets
        )

    effect = only(adopted("subnet-0a", "subnet-0b"), adopted("subnet-0b", "subnet-0c"))
    assert effect.kind is EffectKind.DOWNTIME
    assert effect.what == (
        "mount targets are made anew in subnet-0b and are removed in subnet-0a: pods lose "
        "their files meanwhile"
    )


def test_a_network_that_pods_no_longer_reach_is_said() -> None:
    def closed(*ranges: str) -> Plan:
        return with_fact(local_plan(), "acme/egress", internet=False, cidrs=ranges)

    effect = only(closed("192.0.2.0/24", "198.51.100.0/24"), closed("198.51.100.0/24", "203.0.113.0/24"))
    assert (effect.kind, effect.what) == (EffectKind.NOTICE, "pods no longer reach 192.0.2.0/24")
    opened = with_fact(local_plan(), "acme/egress", internet=True)
    assert effects_of(closed("192.0.2.0/24"), opened) == ()


def test_backups_that_end_are_data_and_a_restart() -> None:
    effects = effects_of(local_plan(), with_fact(local_plan(), "platform/database", backup_retention_days=0))
    assert [each.kind for each in effects] == [EffectKind.DATA, EffectKind.RESTART]


def test_what_refuses_deletion_no_longer_is_data() -> None:
    guarded = local_on(platform().model_copy(update={"deletion_protection": True}))
    (effect,) = effects_of(guarded, local_plan())
    assert (effect.kind, effect.what) == (EffectKind.DATA, "no longer refuses its deletion")
    assert {"platform/database", "platform/file-system", "platform/backup-bucket"} <= set(effect.subjects)


def test_another_priority_restarts_pods_too_and_a_jobs_does_nothing() -> None:
    """So does the first update from a version without priorities."""
    effect = only(local_plan(), with_fact(local_plan(), "acme/web", priority_class="odoo-sandbox"))
    assert effect.what == "web pods start anew (priority): one by one, requests go on"
    assert effects_of(with_fact(local_plan(), "acme/backup", priority_class=None), local_plan()) == ()


def test_the_first_update_with_spread_and_priority_says_that_it_restarts_pods_and_why() -> None:
    def before(plan: Plan) -> Plan:
        return with_fact(plan, "acme/web", priority_class=None, spread=None)

    effect = only(before(local_plan()), local_plan())
    assert effect.what == "web pods start anew (spread over zones, priority): one by one, requests go on"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"web_workers": 9}, "workers"),
        ({"addons_path": ("/opt/addons",)}, "addons"),
        ({"image": f"registry.example.com/odoo@sha256:{'b' * 64}"}, "image"),
    ],
)
def test_a_changed_process_restarts_its_pods(changes: dict[str, Any], why: str) -> None:
    web = next(each for each in local_plan().tenants[0].facts if each.id == "acme/web")
    odoo = web.odoo.model_copy(update=changes)  # type: ignore[union-attr]
    effect = only(local_plan(), with_fact(local_plan(), "acme/web", odoo=odoo))
    assert effect.kind is EffectKind.RESTART
    assert effect.what == f"web pods start anew ({why}): one by one, requests go on"


def test_a_rotation_restarts_the_pods_whose_login_changes() -> None:
    def at(number: int, stage: RotationStage | None = None) -> Plan:
        return plan_of(tenant("acme", rotation=Rotation(number=number, stage=stage)), tenant("borealis"))

    never = plan_of(tenant("acme"), tenant("borealis"))
    second, first = at(1, RotationStage.SECOND_LOGIN), at(1, RotationStage.FIRST_LOGIN)
    back = at(1, RotationStage.BACK)
    for before, after in ((never, second), (second, first), (second, back)):
        effects = effects_of(before, after)
        assert {(each.kind, each.subjects) for each in effects} == {(EffectKind.RESTART, ("acme",))}
        assert all("(rotation of secrets)" in each.what for each in effects)
    for before, after in ((first, at(1)), (back, at(0)), (never, at(0))):
        assert effects_of(before, after) == ()


def test_users_of_the_shared_cache_restart_all_its_tenants() -> None:
    def with_token(number: int, stage: str | None = None) -> Plan:
        return local_on(platform(cache={"rotation": {"number": number, "stage": stage}}))

    early = as_with_tokens(local_plan())
    effects = effects_of(early, with_token(1, "both-tokens"))
    (effect,) = [each for each in effects if each.subjects == ("platform/cache",)]
    assert effect.kind == EffectKind.RESTART
    assert effect.what.startswith("each tenant gets a user of its own")
    assert {"acme", "borealis"} <= set(effect.tenants)
    restarted = {
        one for each in effects if "(user of the session cache)" in each.what for one in each.tenants
    }
    assert restarted == {each.tenant for each in early.tenants} - {"halcyon", "meridian"}
    alone = only(with_token(1, "both-tokens"), with_token(1))
    assert (alone.kind, alone.what) == (
        EffectKind.NOTICE,
        "the token that all tenants had no longer opens it",
    )


def test_a_changed_configuration_restarts_all_pods_of_a_tenant() -> None:
    after = with_fact(local_plan(), "acme/database", connections_per_process=3)
    effects = effects_of(local_plan(), after)
    assert {each.kind for each in effects} == {EffectKind.RESTART}
    assert {each.what.partition(" ")[0] for each in effects} == {"web", "cron"}
    assert all("(database connection)" in each.what for each in effects)


def test_moving_stops_at_migrate_starts_at_switch_and_deletes_at_contract() -> None:
    def stage(name: str | None, tier: str = "dedicated-db") -> Plan:
        move = {"from_tier": "shared-namespace", "stage": name} if name else None
        return plan_of(tenant("acme", tier=tier, move=move))

    home = stage(None, "shared-namespace")
    assert effects_of(home, stage("expand")) == ()
    (stopped,) = effects_of(stage("expand"), stage("migrate"))
    assert (stopped.kind, "move, stage migrate" in stopped.what) == (EffectKind.DOWNTIME, True)
    assert "Odoo starts again" in {each.what for each in effects_of(stage("migrate"), stage("switch"))}
    deleted = effects_of(stage("switch"), stage("contract"))
    assert [each.what for each in of_kind(deleted, EffectKind.DATA)] == [
        "the database it has moved from is dropped for good (job drop-left-database)"
    ]
    (alone,) = of_kind(effects_of(home, stage(None)), EffectKind.DATA)
    assert alone.what == "leaves its database behind: Odoo would start on an empty place"


ENDS = {"expires_at": "2027-01-31T00:00:00Z", "cutover": "2027-01-15"}


def used_for(environment: str) -> Plan:
    ends = ENDS if environment == "migration" else {}
    return plan_of(tenant("a", environment=environment, **ends), tenant("b"))


@pytest.mark.parametrize("environment", ["staging", "migration"])
def test_production_that_becomes_another_environment_loses_itself(environment: str) -> None:
    effects = effects_of(used_for("production"), used_for(environment))
    (said,) = [each for each in effects if "environment" in each.what]
    assert (said.kind, said.subjects) == (EffectKind.DATA, ("a",))
    assert said.what == (
        f"environment production → {environment}: its database is made a harmless copy of itself: no mail, "
        "no scheduled action, a new identity; nothing in Odoo takes that back"
    )


@pytest.mark.parametrize(
    ("before", "after", "kind", "words"),
    [
        ("staging", "production", EffectKind.DOWNTIME, "set-up refuses a database that is a harmless copy"),
        ("staging", "migration", EffectKind.NOTICE, "stays a harmless copy; sizes, sleep, backups"),
    ],
)
def test_any_other_change_of_the_environment_is_said(
    before: str, after: str, kind: EffectKind, words: str
) -> None:
    (said,) = [each for each in effects_of(used_for(before), used_for(after)) if "environment" in each.what]
    assert (said.kind, said.subjects) == (kind, ("a",))
    assert said.what.startswith(f"environment {before} → {after}: ")
    assert words in said.what
    assert effects_of(used_for(after), used_for(after)) == ()


def test_a_tenants_own_server_that_is_removed_leaves_a_snapshot_or_refuses() -> None:
    before = plan_of(tenant("a", tier="dedicated-db"))
    removed = [each for each in effects_of(before, plan_of(tenant("a"))) if each.subjects == ("a/server",)]
    assert [each.what for each in removed] == ["is removed; RDS keeps a final snapshot"]
    guarded = with_fact(before, "a/server", deletion_protection=True)
    refused = [each for each in effects_of(guarded, plan_of(tenant("a"))) if each.subjects == ("a/server",)]
    assert [each.what for each in refused] == ["would be removed, and refuses it: the update fails"]


def test_decommissioning_stops_and_then_deletes() -> None:
    active = plan_of(tenant("a"))
    closing = plan_of(tenant("a", lifecycle_stage="decommissioning"))
    (stopped,) = effects_of(active, closing)
    assert (stopped.kind, "for good" in stopped.what) == (EffectKind.DOWNTIME, True)
    open_to_delete = plan_of(tenant("a", lifecycle_stage="decommissioning", protected=False))
    for before in (active, closing):
        assert {each.what for each in of_kind(effects_of(before, open_to_delete), EffectKind.DATA)} == {
            "its database on the shared server is dropped for good (job drop-database)",
            "its folder on the shared file system is emptied for good (job empty-filestore)",
        }


def test_a_schedule_is_downtime_that_somebody_plans() -> None:
    def sandbox(schedule: object) -> Plan:
        return plan_of(tenant("s", environment="staging", options={"users": 1, "schedule": schedule}))

    asleep = sandbox({"awake": "Mon-Fri 07:00-19:00", "timezone": "Europe/Brussels"})
    (effect,) = effects_of(sandbox(None), asleep)
    assert effect.what == "is stopped outside Mon-Fri 07:00-19:00 Europe/Brussels"
    assert effects_of(asleep, asleep) == ()


def test_a_tenant_that_is_gone_says_what_is_removed_and_what_is_left() -> None:
    effect = only(plan_of(tenant("a"), tenant("b")), plan_of(tenant("b")))
    assert (effect.kind, effect.subjects) == (EffectKind.DATA, ("a",))
    for part in ("database odoo_a and role t_a", "files in /tenants/a", "dumps under a/"):
        assert part in effect.what
    assert "is removed" not in effect.what.partition("; ")[2]
    own = only(plan_of(tenant("a", tier="dedicated-db"), tenant("b")), plan_of(tenant("b")))
    assert "a/server is removed; RDS keeps a final snapshot" in own.what
    assert "database odoo_a" not in own.what


def test_what_holds_data_is_removed_refused_or_kept_as_its_facts_say() -> None:
    copied = plan_of(tenant("a", tier="cross-region-backup"), tenant("b"))
    said = {
        each.subjects[0]: each.what
        for each in effects_of(copied, plan_of(tenant("a"), tenant("b")))
        if each.kind is EffectKind.DATA and len(each.subjects) == 1
    }
    assert said["a/server"] == "is removed; RDS keeps a final snapshot"
    ended = with_fact(copied, "a/backup-bucket", outlives_tenant=True)
    ended = with_fact(ended, "a/file-system", deletion_protection=True)
    fate = only(ended, plan_of(tenant("b"))).what
    assert "a/backup-bucket is no longer looked after, and stays in AWS" in fate
    assert "a/backup-bucket-copy is removed, which S3 refuses while it holds anything" in fate
    assert "a/file-system would be removed, and refuses it: the update fails" in fate
    assert "a/backups" not in fate


def test_a_renamed_tenant_is_said_to_be_renamed() -> None:
    known = {"client": "first", "hostname": "first.example.com"}
    before, after = (plan_of(tenant(name, **known)) for name in ("old", "new"))
    effect = only(before, after)
    assert "looks renamed, new has its client and host name and begins empty" in effect.what
    assert "`costack rename old new` keeps its data" in effect.what
    other = plan_of(tenant("new", client="first", hostname="second.example.com"))
    assert "renamed" not in only(before, other).what


def test_another_name_is_worth_knowing_and_does_nothing() -> None:
    before, after = (plan_of(tenant("old", display_name=name)) for name in (None, "new"))
    assert [(each.kind, each.what) for each in effects_of(before, after)] == [
        (EffectKind.NOTICE, "is called new in reports; its id stays old, and nothing is replaced")
    ]
    assert list(before.all_facts()) == list(after.all_facts())


def test_a_created_cluster_is_replaced_by_another_name_and_deleted_by_adoption() -> None:
    def control_plane(**changes: Any) -> Plan:
        return with_fact(local_plan(), "platform/control-plane", **changes)

    created = control_plane(origin=Origin.CREATED)
    renamed = only(created, control_plane(origin=Origin.CREATED, cluster="other"))
    assert (renamed.kind, "a new, empty cluster other replaces odoo" in renamed.what) == (
        EffectKind.DOWNTIME,
        True,
    )
    adopted = only(created, local_plan())
    assert adopted.kind is EffectKind.DATA
    assert adopted.what.startswith("cluster odoo was created here, so it is deleted with its nodes")
    assert adopted.tenants == tuple(each.tenant for each in local_plan().tenants)


def test_pods_that_may_not_ask_where_they_did_find_nothing() -> None:
    more = with_fact(
        local_plan(), "platform/namespace-odoo-staging", dns_peers=(CLUSTER_DNS, DnsPeer(cidr="10.0.0.10/32"))
    )
    assert effects_of(local_plan(), more) == ()
    effect = only(more, local_plan())
    assert effect.kind is EffectKind.DOWNTIME
    assert effect.what.startswith("pods may no longer ask 10.0.0.10/32 for names")


def test_nodes_of_an_adopted_cluster_are_not_ours_to_exchange() -> None:
    def nodes(origin: Origin) -> Plan:
        return with_fact(local_plan(), "platform/nodes-general", origin=origin)

    def smaller(origin: Origin) -> Plan:
        return with_fact(nodes(origin), "platform/nodes-general", nodes=2)

    assert effects_of(nodes(Origin.ADOPTED), smaller(Origin.ADOPTED)) == ()
    assert "3 → 2 nodes" in only(nodes(Origin.CREATED), smaller(Origin.CREATED)).what


@pytest.mark.parametrize(("origin", "target"), list(product(sorted(catalog().tiers), repeat=2)))
def test_no_server_or_cache_changes_its_size_without_a_word(origin: str, target: str) -> None:
    before, after = (plan_of(tenant("acme", tier=tier)) for tier in (origin, target))
    spoken_of = {subject for each in effects_of(before, after) for subject in each.subjects}
    known: dict[str, FactRecord] = {fact.id: fact for fact in before.all_facts()}
    for fact in after.all_facts():
        if isinstance(fact, DatabaseInstance | CacheGroup | NodeGroup) and fact.id in known:
            assert _size(known[fact.id]) == _size(fact) or fact.id in spoken_of, fact.id


def _size(fact: FactRecord) -> tuple[object, ...]:
    names = ("instance_class", "engine_version", "multi_az", "node_type", "instance_type")
    return tuple(getattr(fact, name, None) for name in names)


def test_the_gravest_comes_first_and_alike_is_said_once() -> None:
    plan = local_on(platform(database={"engine_version": "18.1", "backup_retention_days": 7}))
    effects = effects_of(local_plan(), plan)
    order = list(EffectKind)
    ranks = [order.index(each.kind) for each in effects]
    assert ranks == sorted(ranks)
    assert len({(each.kind, each.what, each.window) for each in effects}) == len(effects)


def test_names_beyond_five_are_counted() -> None:
    many = tuple(TenantId(f"t{number}") for number in range(7))
    effect = Effect(EffectKind.RESTART, "starts anew", ("platform/cache",), many)
    assert effect.in_words == (
        "restart: platform/cache: starts anew; 7 tenants at once: t0, t1, t2, t3, t4 and 2 more"
    )


def test_records_that_costack_made_go_with_it() -> None:
    made = with_fact(local_plan(), "acme/route", dns="route-53")
    effect = only(made, local_plan())
    assert effect.kind is EffectKind.DOWNTIME
    assert effect.what.startswith("Costack removes the records of its host names; nobody finds it until")
