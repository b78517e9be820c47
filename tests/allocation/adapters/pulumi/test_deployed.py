"""The inventory follows what is in the state: what failed is not counted, and what waits is told."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from allocation.adapters.pulumi.deployed import inventory_of_state
from allocation.adapters.pulumi.resource_sizes import RESOURCES
from allocation.estimate.amounts import UNKNOWN
from allocation.estimate.estimated_month import monthly_estimates
from components.record import version
from tests.allocation.previews import changed
from tests.portfolios import catalog, every_offer, local_plan, local_portfolio, plan_of, with_token
from tests.states import State, every_offer_state, leave, read, resources, server_of, state_of, tenant, the
from tiers.deployed import RECORD_TYPE
from tiers.errors import CatalogError
from tiers.facts.every_fact import CacheSpace, DatabaseInstance, FileSystemReplica, ManagedSecret, Origin
from tiers.facts.names import SHARED_PLATFORM, TENANT_STACK
from tiers.inventory import Inventory, exported
from tiers.plan.plan import Plan, fact_named, facts_of
from tiers.plan.resolve import resolve
from tiers.portfolio.rotation import TokenRotation

SERVER = "aws:rds/instance:Instance"


def ask_for(state: State, name: str, plan: Plan) -> None:
    """An update to *plan* was begun for one tenant, and none of its resources was reached."""
    (wanted,) = [each for each in plan.tenants if each.tenant == name]
    the(state, TENANT_STACK, name)["inputs"]["plan"] = json.loads(json.dumps(wanted.model_dump(mode="json")))


def test_what_was_deployed_is_the_plan() -> None:
    plan = plan_of(*every_offer())
    found = read(every_offer_state())
    ordered = plan.model_copy(update={"tenants": tuple(sorted(plan.tenants, key=lambda each: each.tenant))})
    assert found.plan == ordered
    assert found.pending == {}
    servers = [fact for fact in plan.all_facts() if isinstance(fact, DatabaseInstance)]
    assert found.storage_gib == {fact.id: fact.storage_gib for fact in servers}
    assert found.cloud_ids["platform/database"] == "arn:aws:test:us-east-1:123456789012:local-postgresql"


def test_the_day_is_that_on_which_the_record_was_changed(state: State) -> None:
    assert read(state).deployed_on == {}
    for name, modified in {
        "local": "2026-11-01T23:59:59.999999999Z",
        "acme": "2026-11-29T23:30:00-01:00",
        "cobalt": "2026-11-29T10:00:00",  # nobody knows where
        "halcyon": "yesterday",
    }.items():
        the(state, RECORD_TYPE, f"{name}-deployed")["modified"] = modified
    the(state, TENANT_STACK, "meridian")["modified"] = "2026-11-29T10:00:00Z"
    found = read(state)
    assert found.deployed_on == {"platform": date(2026, 11, 1), "acme": date(2026, 11, 30)}
    assert found.plan == local_plan()
    ask_for(state, "acme", changed("acme", users="99"))
    assert read(state).deployed_on["acme"] == date(2026, 11, 30)


def test_each_record_says_from_which_version_it_was_deployed_and_an_older_one_says_none(state: State) -> None:
    found = read(state)
    assert set(found.versions.values()) == {version()}
    assert set(found.versions) == {"platform", *(each.tenant for each in local_plan().tenants)}
    del the(state, RECORD_TYPE, "acme-deployed")["outputs"]["input"]["costack_version"]
    assert set(found.versions) - set(read(state).versions) == {"acme"}
    assert read(state).plan == found.plan


def test_a_tenant_that_an_update_gave_no_new_token_is_pending_with_the_token_before(state: State) -> None:
    both = with_token(TokenRotation(number=1, stage="both-tokens"))
    changed = local_portfolio().model_copy(update={"platform": both})
    ask_for(state, "acme", resolve(catalog(), changed))
    found = read(state)
    assert fact_named(tenant(found, "acme").facts, CacheSpace, "sessions").rotation_number == 0
    assert found.pending["acme"] == (
        "acme: the last update was not finished (some of it is as it was before); run `pulumi up`",
    )


def test_every_resource_that_is_missing_is_missed() -> None:
    plan = plan_of(*every_offer())
    whole = every_offer_state()
    kinds = {kind for kind in RESOURCES if any(type(fact) is kind for fact in plan.all_facts())}
    for kind in kinds:
        kept = [each for each in resources(whole) if each["type"] != RESOURCES[kind].type]
        found = read(whole | {"deployment": {"resources": kept}})
        gone = [fact for fact in plan.all_facts() if type(fact) is kind and fact.origin is Origin.CREATED]
        assert {fact.id for fact in gone}.isdisjoint(fact.id for fact in found.plan.all_facts())
        for fact in gone:
            owner = fact.tenant or "platform"
            assert f"{fact.id}: is not there yet; run `pulumi up`" in found.pending[owner]


def test_a_change_that_aws_makes_later_is_not_counted_and_told(state: State) -> None:
    plan = local_plan()
    there = the(state, SERVER, "local-halcyon-postgresql")
    there["outputs"] |= {"instanceClass": "db.t4g.micro", "multiAz": False}
    found = read(state)
    server, wanted = server_of(tenant(found, "halcyon")), server_of(tenant(found, "halcyon", plan))
    assert (server.instance_class, server.multi_az) == ("db.t4g.micro", False)
    (sentence,) = found.pending["halcyon"]
    assert sentence == (
        f"halcyon/server: AWS changes class db.t4g.micro to class {wanted.instance_class}, one zone to two "
        f"zones on Sunday at 03:00 UTC, when its maintenance window opens; run `pulumi refresh` after it"
    )


def test_an_update_that_failed_before_it_changed_anything_is_not_counted(state: State) -> None:
    ask_for(state, "cobalt", changed("cobalt", "ha-postgresql"))
    found = read(state)
    assert found.plan == local_plan()
    about, server, *more = found.pending["cobalt"]
    assert about.startswith(
        "cobalt: the last update was not finished (tier is dedicated-db, not ha-postgresql;"
    )
    assert about.endswith("run `pulumi up`")
    assert server == (
        "cobalt/server: has class db.t4g.medium instead of class db.r7g.large, one zone instead of two "
        "zones, 50 GiB of storage instead of 100 GiB of storage; run `pulumi up`"
    )
    assert "cobalt/cache: is not there yet; run `pulumi up`" in more


def test_what_the_update_reached_before_it_failed_is_counted(state: State) -> None:
    ask_for(state, "cobalt", changed("cobalt", "ha-postgresql"))
    server = the(state, SERVER, "local-cobalt-postgresql")
    for props in (server["inputs"], server["outputs"]):
        props |= {"multiAz": True, "instanceClass": "db.r7g.large", "allocatedStorage": 100}
    found = read(state)
    counted = server_of(tenant(found, "cobalt"))
    assert (counted.multi_az, counted.instance_class, counted.storage_gib) == (True, "db.r7g.large", 100)
    assert tenant(found, "cobalt").tier == "dedicated-db"
    assert not any("cobalt/server" in sentence for sentence in found.pending["cobalt"])


def test_a_resource_that_only_the_target_option_reached_is_counted(state: State) -> None:
    server = the(state, SERVER, "local-cobalt-postgresql")
    server["inputs"]["multiAz"] = server["outputs"]["multiAz"] = True
    found = read(state)
    counted = server_of(tenant(found, "cobalt"))
    assert counted.multi_az
    assert found.pending["cobalt"] == ("cobalt/server: has two zones instead of one zone; run `pulumi up`",)


def test_a_new_tenant_counts_by_what_is_there_of_it(state: State) -> None:
    """Its record was not reached: its first update failed."""
    urn = the(state, RECORD_TYPE, "cobalt-deployed")["urn"]
    kept = [each for each in resources(state) if each["urn"] != urn]
    kept = [each for each in kept if not each["urn"].endswith("Deployment::cobalt-web")]
    state["deployment"]["resources"] = kept
    found = read(state)
    assert "cobalt/web" not in {fact.id for fact in found.plan.all_facts()}
    assert found.pending["cobalt"] == (
        "cobalt: was never deployed completely, so no fee is counted; run `pulumi up`",
        "cobalt/web: is not there yet; run `pulumi up`",
    )
    assert tenant(found, "cobalt").fee_per_month == 0
    asked = tenant(found, "cobalt", local_plan()).facts
    own = {fact.id for fact in asked if type(fact) in {*RESOURCES, ManagedSecret}}
    assert {fact.id for fact in tenant(found, "cobalt").facts} == own - {"cobalt/web"}


def test_a_tenant_of_which_nothing_is_there_costs_nothing() -> None:
    """AWS refused the very first call."""
    state, name = every_offer_state(), "crb-production"
    leave(state, name)
    found = read(state)
    assert tenant(found, name).facts == ()
    assert tenant(found, name).fee_per_month == 0
    estimates = monthly_estimates(found.plan, date(2026, 11, 1))
    assert UNKNOWN not in estimates


@pytest.mark.sample(4)
@pytest.mark.parametrize(
    ("there", "counted"),
    [
        (("Key::local-crb-production-key",), {"key"}),
        (("Key::local-crb-production-copy-key",), {"copy-key"}),
        (("LogGroup::crb-production-logs",), {"logs"}),
        (("LogGroup::local-crb-production-postgresql-upgrade-log",), {"server-logs"}),
        (("LogGroup::local-crb-production-postgresql-standby-upgrade-log",), {"standby-logs"}),
        (("Instance::local-crb-production-postgresql",), {"server", "server-secret"}),
        (("BucketReplicationConfig::local-crb-production-backups-copy",), {"backup-bucket-replication"}),
        (("Vault::local-crb-production-filestores-vault",), {"file-system-backup"}),
        (("Vault::local-crb-production-copy-vault",), set()),
        (
            ("Vault::local-crb-production-filestores-vault", "Vault::local-crb-production-copy-vault"),
            {"file-system-backup", "file-system-backup-copy"},
        ),
    ],
)
def test_of_a_first_update_that_failed_only_what_is_there_is_counted(
    there: tuple[str, ...], counted: set[str]
) -> None:
    state = every_offer_state()
    leave(state, "crb-production", *there)
    facts = tenant(read(state), "crb-production").facts
    assert {fact.name for fact in facts} == counted


@pytest.mark.parametrize("told", [None, local_plan()])
def test_a_tenant_whose_removal_failed_counts_by_what_is_left(state: State, told: Plan | None) -> None:
    """Also where the output is still that of an update before."""
    leave(state, "cobalt", "Instance::local-cobalt-postgresql")
    plan = the(state, TENANT_STACK, "cobalt")["inputs"]["plan"]
    plan |= {"lifecycle_stage": "decommissioning", "protected": False}
    if told is not None:
        resources(state)[0]["outputs"]["inventory"] = json.loads(json.dumps(exported(told, {})))
    found = read(state)
    counted = tenant(found, "cobalt")
    assert {fact.id for fact in counted.facts} == {"cobalt/server", "cobalt/server-secret"}
    assert counted.fee_per_month == 0
    assert found.pending["cobalt"] == (
        "cobalt: its removal was not finished, so no fee is counted; run `pulumi up`",
        "cobalt/server: is still there; run `pulumi up` to remove it",
    )


def test_a_stack_of_an_older_version_is_read_from_its_output(state: State) -> None:
    kept = [each for each in resources(state) if each["type"] != RECORD_TYPE]
    state["deployment"]["resources"] = kept
    kept[0]["outputs"]["inventory"] = json.loads(
        json.dumps(exported(local_plan(), {"platform/key": "arn:x"}))
    )
    assert read(state) == Inventory(plan=local_plan(), cloud_ids={"platform/key": "arn:x"})


def test_a_stack_without_a_platform_has_none() -> None:
    assert inventory_of_state({"version": 3, "deployment": {}}, "state") is None
    assert inventory_of_state(state_of([]), "state") is None


def test_what_an_interrupted_update_began_is_unknown_and_not_nothing(state: State) -> None:
    state["deployment"]["pending_operations"] = [{"type": "creating", "resource": {}}]
    with pytest.raises(
        CatalogError, match="state: an update was interrupted and some operations are pending"
    ):
        inventory_of_state(state, "state")


@pytest.mark.parametrize("kind", [SHARED_PLATFORM, TENANT_STACK])
def test_a_plan_of_another_version_is_one_sentence(state: State, kind: str) -> None:
    def facts(of: dict[str, Any]) -> list[dict[str, Any]]:
        return of.get("platform") or of["facts"]  # type: ignore[no-any-return]

    for each in resources(state):
        if each["type"] == kind:
            facts(each["inputs"]["plan"])[0]["kind"] = "hovercraft"
    with pytest.raises(CatalogError, match=r"state: .*; use the version of costack that deployed the stack"):
        inventory_of_state(state, "state")


def test_a_replication_that_was_to_end_and_is_still_there_is_told() -> None:
    """Pulumi deletes last: what the record says is there already, and the first region may not answer."""
    state, name = every_offer_state(), "crb-production"
    for plan in (
        the(state, TENANT_STACK, name)["inputs"]["plan"],
        the(state, RECORD_TYPE, f"{name}-deployed")["outputs"]["input"]["plan"],
    ):
        (replica,) = (each for each in plan["facts"] if each["kind"] == "file-system-replica")
        replica["writable"] = True
    found = read(state)
    (sentence,) = found.pending[name]
    assert sentence == f"{replica['id']}: its replication has not ended yet; run `pulumi up`"
    (there,) = facts_of(tenant(found, name).facts, FileSystemReplica)
    assert not there.writable
    ended = the(
        state, "aws:efs/replicationConfiguration:ReplicationConfiguration", f"local-{name}-filestores-copy"
    )
    resources(state).remove(ended)
    (there,) = facts_of(tenant(read(state), name).facts, FileSystemReplica)
    assert (there.writable, read(state).pending) == (True, {})
