"""The inventory follows what is in the state: what failed is not counted, and what waits is told."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any

import pytest

from allocation.adapters.pulumi.deployed import inventory_of_state
from allocation.adapters.pulumi.resource_sizes import RESOURCES
from allocation.estimate.estimated_statement import UNKNOWN, monthly_estimates
from tests.allocation.previews import changed
from tests.components.conftest import declare_plan
from tests.portfolios import every_offer, local_plan, plan_of
from tests.states import State, resources, state_of, the
from tiers.deployed import RECORD_TYPE
from tiers.errors import CatalogError
from tiers.facts.every_fact import DatabaseInstance, ManagedSecret, Origin, Workload
from tiers.facts.names import SHARED_PLATFORM, TENANT_STACK
from tiers.inventory import Inventory, exported
from tiers.plan.plan import Plan, TenantPlan, facts_of

SERVER = "aws:rds/instance:Instance"


@cache
def _local() -> State:
    return state_of(declare_plan(local_plan()))


@cache
def _every_offer() -> State:
    return state_of(declare_plan(plan_of(*every_offer())))


@pytest.fixture
def state() -> State:
    """The committed portfolio, deployed."""
    return copy.deepcopy(_local())


def read(state: State) -> Inventory:
    """The inventory of a state that has one."""
    found = inventory_of_state(state, "state")
    assert found is not None
    return found


def tenant(inventory: Inventory, name: str, plan: Plan | None = None) -> TenantPlan:
    """One tenant of an inventory, or of another plan."""
    (found,) = [each for each in (plan or inventory.plan).tenants if each.tenant == name]
    return found


def server_of(plan: TenantPlan) -> DatabaseInstance:
    """The tenant's own server."""
    (found,) = facts_of(plan.facts, DatabaseInstance)
    return found


def ask_for(state: State, name: str, plan: Plan) -> None:
    """An update to *plan* was begun for one tenant, and none of its resources was reached."""
    (wanted,) = [each for each in plan.tenants if each.tenant == name]
    the(state, TENANT_STACK, name)["inputs"]["plan"] = json.loads(json.dumps(wanted.model_dump(mode="json")))


def leave(state: State, name: str, *endings: str) -> None:
    """Of one tenant only its components are there, and the resources whose URNs end like this."""
    inside = {the(state, TENANT_STACK, name)["urn"]}
    kept = []
    for each in resources(state):
        if each.get("parent") in inside:
            inside.add(each["urn"])
        if each["urn"] not in inside or not each["custom"] or each["urn"].endswith(endings or ("no end",)):
            kept.append(each)
    state["deployment"]["resources"] = kept


def test_what_was_deployed_is_the_plan() -> None:
    plan = plan_of(*every_offer())
    found = read(state_of(declare_plan(plan)))
    ordered = plan.model_copy(update={"tenants": tuple(sorted(plan.tenants, key=lambda each: each.tenant))})
    assert found.plan == ordered
    assert found.pending == {}
    servers = [fact for fact in plan.all_facts() if isinstance(fact, DatabaseInstance)]
    assert found.storage_gib == {fact.id: fact.storage_gib for fact in servers}
    assert found.cloud_ids["platform/database"] == "arn:aws:test:us-east-1:123456789012:local-postgresql"


def test_every_resource_that_is_missing_is_missed() -> None:
    plan = plan_of(*every_offer())
    whole = state_of(declare_plan(plan))
    kinds = {kind for kind in RESOURCES if any(type(fact) is kind for fact in plan.all_facts())}
    for kind in kinds:
        there = copy.deepcopy(whole)
        kept = [each for each in resources(there) if each["type"] != RESOURCES[kind].type]
        there["deployment"]["resources"] = kept
        found = read(there)
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
        f"zones in the maintenance window {wanted.maintenance_window} (UTC); run `pulumi refresh` after it"
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
    state, name = copy.deepcopy(_every_offer()), "crb-production"
    leave(state, name)
    found = read(state)
    assert tenant(found, name).facts == ()
    assert tenant(found, name).fee_per_month == 0
    estimates = monthly_estimates(found.plan, date(2026, 11, 1))
    assert UNKNOWN not in estimates


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
    state = copy.deepcopy(_every_offer())
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


SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:abc"}


@pytest.mark.parametrize(
    "held", [None, "text", [], {"plan": None}, {"plan": "text"}, SECRET, {"plan": SECRET}]
)
@pytest.mark.parametrize(("name", "owner"), [("cobalt", "cobalt"), ("local", "platform")])
def test_a_record_that_cannot_be_read_is_one_sentence(
    state: State, held: object, name: str, owner: str
) -> None:
    the(state, RECORD_TYPE, f"{name}-deployed")["outputs"]["input"] = held
    found = read(state)
    sentence = (
        f"{owner}: the record of what was deployed cannot be read, so the plan of the last update is "
        "counted; run `pulumi up`"
    )
    assert found.plan == local_plan()
    assert found.pending == {owner: (sentence,)}


@pytest.mark.parametrize("value", [SECRET, [], "04da6b54-80e4-46f7-96ec-b56ff0331ba9"])
@pytest.mark.parametrize("name", ["instanceClass", "allocatedStorage", "multiAz"])
def test_of_a_size_that_cannot_be_read_the_plan_is_what_is_known(
    state: State, name: str, value: object
) -> None:
    there = the(state, SERVER, "local-halcyon-postgresql")
    for props in (there["inputs"], there["outputs"]):
        props[name] = value
    found = read(state)
    assert found.plan == local_plan()
    assert found.pending == {}


@pytest.mark.parametrize("broken", [[], {"deployment": {"resources": ["text"]}}])
def test_what_is_no_state_is_one_sentence(broken: Any) -> None:
    with pytest.raises(CatalogError, match="state: is not the state of a stack"):
        inventory_of_state(broken, "state")


@pytest.mark.parametrize("held", [None, "text", [], SECRET])
def test_a_component_that_cannot_be_read_has_the_plan_of_its_record(state: State, held: object) -> None:
    the(state, TENANT_STACK, "cobalt")["inputs"]["plan"] = held
    found = read(state)
    assert found.plan == local_plan()
    assert found.pending == {}


@pytest.mark.parametrize(
    ("kind", "name", "fact"),
    [
        (SERVER, "local-cobalt-postgresql", "cobalt/server"),
        ("aws:kms/key:Key", "local-cobalt-key", "cobalt/key"),
        ("aws:cloudwatch/logGroup:LogGroup", "cobalt-logs", "cobalt/logs"),
    ],
)
def test_a_replaced_resource_that_could_not_be_deleted_is_told(
    state: State, kind: str, name: str, fact: str
) -> None:
    new = the(state, kind, name)
    old = {**copy.deepcopy(new), "delete": True}
    old["outputs"]["instanceClass"] = "db.t4g.micro"
    resources(state).append(old)
    found = read(state)
    assert found.plan == local_plan()
    assert found.pending == {"cobalt": (f"{fact}: the old one is still there and bills; run `pulumi up`",)}


def fact_in(plan: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A fact in a tenant's plan as plain data, which may be changed."""
    (found,) = [each for each in plan["facts"] if each["id"] == name]
    return found  # type: ignore[no-any-return]


SCALED = {"max_replicas": 4}
SLEEPING = {"max_replicas": 0, "awake_minutes_per_week": 3600}


@pytest.mark.parametrize("elastic", [SCALED, SLEEPING])
@pytest.mark.parametrize(
    ("before", "after", "there", "counted", "sentence"),
    [
        (0, 2, 2, 2, None),
        (0, 2, 3, 2, None),
        (0, 2, 0, 0, "halcyon/web: has no pods instead of 2 pods; run `pulumi up`"),
        (2, 0, 3, 2, "halcyon/web: has 3 pods instead of no pods; run `pulumi up`"),
        (2, 0, 0, 0, None),
        (2, 2, 0, 2, None),
        (2, 2, 3, 2, None),
        (0, 0, 2, 2, "halcyon/web: has 2 pods instead of no pods; run `pulumi up`"),
    ],
)
def test_pods_that_scale_are_compared_where_a_plan_stops_them(  # noqa: PLR0917 - a table
    state: State,
    elastic: dict[str, int],
    before: int,
    after: int,
    there: int,
    counted: int,
    sentence: str | None,
) -> None:
    stopped = {"replicas": 0, "max_replicas": 0}
    asked = the(state, TENANT_STACK, "halcyon")["inputs"]["plan"]
    applied = the(state, RECORD_TYPE, "halcyon-deployed")["outputs"]["input"]["plan"]
    fact_in(asked, "halcyon/web").update({"replicas": after, **elastic} if after else stopped)
    fact_in(applied, "halcyon/web").update({"replicas": before, **elastic} if before else stopped)
    the(state, "kubernetes:apps/v1:Deployment", "halcyon-web")["inputs"]["spec"]["replicas"] = there
    found = read(state)
    (web,) = [each for each in tenant(found, "halcyon").facts if each.id == "halcyon/web"]
    assert isinstance(web, Workload)
    assert web.replicas == counted
    told = [each for each in found.pending.get("halcyon", ()) if each.startswith("halcyon/web")]
    assert told == ([sentence] if sentence else [])


@pytest.mark.parametrize(
    ("declared", "configured", "actual", "counted", "sentence"),
    [
        ("17.6", "17.6", "17.6", "17.6", None),
        ("17", "17", "17.6", "17", None),
        ("17.6", "17.6", "17.7", "17.6", None),
        ("17.6", "17.6", None, "17.6", None),
        ("17.7", "17.7", "17.6", "17.6", "version 17.6 to version 17.7"),
        ("18", "18", "17.6", "17.6", "version 17.6 to version 18"),
        ("17.10", "17.10", "17.6", "17.6", "version 17.6 to version 17.10"),
        ("18.1", "17.6", "17.6", "17.6", "has version 17.6 instead of version 18.1; run `pulumi up`"),
    ],
)
@pytest.mark.parametrize("recorded", [True, False])
def test_a_version_that_waits_for_the_window_is_not_counted_and_told(  # noqa: PLR0917 - a table
    state: State,
    declared: str,
    configured: str,
    actual: str | None,
    counted: str,
    sentence: str | None,
    *,
    recorded: bool,
) -> None:
    """Whether the update came to its end, or was cancelled after AWS took the change."""
    asked = the(state, TENANT_STACK, "halcyon")["inputs"]["plan"]
    applied = the(state, RECORD_TYPE, "halcyon-deployed")["outputs"]["input"]["plan"]
    fact_in(asked, "halcyon/server")["engine_version"] = declared
    if recorded:
        fact_in(applied, "halcyon/server")["engine_version"] = declared
    there = the(state, SERVER, "local-halcyon-postgresql")
    there["inputs"]["engineVersion"] = there["outputs"]["engineVersion"] = configured
    there["outputs"] |= {"engineVersionActual": actual} if actual else {}
    found = read(state)
    told = [each for each in found.pending.get("halcyon", ()) if each.startswith("halcyon/server")]
    assert len(told) == (1 if sentence else 0)
    assert (sentence or "") in "".join(told)
    assert server_of(tenant(found, "halcyon")).engine_version == (counted if recorded else "17.6")


def test_a_version_of_a_cache_that_waits_is_told(state: State) -> None:
    there = the(state, "aws:elasticache/replicationGroup:ReplicationGroup", "local-halcyon-sessions")
    there["outputs"]["engineVersionActual"] = "7.2.6"
    found = read(state)
    (sentence,) = found.pending["halcyon"]
    assert sentence.startswith(
        "halcyon/cache: AWS changes version 7.2.6 to version 8.0 in the maintenance "
    )
    there["outputs"]["engineVersionActual"] = "8.0.1"
    assert read(state).pending == {}
