"""Resources that are not as the plan says: old ones, pods that scale, versions that wait."""

from __future__ import annotations

import copy
from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.adapters.pulumi.pending import waiting
from allocation.adapters.pulumi.resource_sizes import RESOURCES, fits, in_units, resized
from tests.portfolios import local_plan, plan_of
from tests.portfolios import tenant as made_tenant
from tests.states import State, fact_in, read, resources, server_of, tenant, the
from tiers.deployed import RECORD_TYPE
from tiers.facts.every_fact import CacheGroup, DatabaseStandby, Workload
from tiers.facts.names import TENANT_STACK
from tiers.plan.plan import facts_of

SERVER = "aws:rds/instance:Instance"


@pytest.mark.sample(1)
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


@pytest.mark.parametrize(
    ("kind", "name", "fact"),
    [
        (SERVER, "local-cobalt-postgresql", "cobalt/server"),
        ("aws:kms/key:Key", "local-cobalt-key", "cobalt/key"),
        ("aws:cloudwatch/logGroup:LogGroup", "cobalt-logs", "cobalt/logs"),
        ("kubernetes:apps/v1:Deployment", "cobalt-web", "cobalt/web"),
    ],
)
def test_what_was_deleted_and_not_made_again_is_not_counted(
    state: State, kind: str, name: str, fact: str
) -> None:
    """The engine keeps it in the state, with all that it was, for what depends on it."""
    gone = the(state, kind, name)
    gone["pendingReplacement"] = True
    found = read(state)
    assert fact not in {each.id for each in tenant(found, "cobalt").facts}
    assert fact not in {*found.cloud_ids, *found.storage_gib}
    (sentence,) = [each for each in found.pending["cobalt"] if each.startswith(f"{fact}: ")]
    assert sentence == (
        f"{fact}: was deleted and is not made anew yet; run `pulumi up` before files or costack change again"
    )
    resources(state).append({**copy.deepcopy(gone), "pendingReplacement": False})
    assert read(state).plan == local_plan()


SCALED = {"max_replicas": 4}
SLEEPING = {"max_replicas": 0, "awake_minutes_per_week": 3600}


@pytest.mark.sample(6)
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


@pytest.mark.sample(6)
@pytest.mark.parametrize(
    ("declared", "configured", "actual", "counted", "sentence"),
    [
        ("17.6", "17.6", "17.6", "17.6", None),
        ("17", "17", "17.6", "17", None),
        ("17", "17", "17.7", "17", None),
        (
            "17.6",
            "17.6",
            "17.7",
            "17.7",
            'the next update would fail; write engine_version: "17", or "17.7"',
        ),
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
    assert server_of(tenant(found, "halcyon")).engine_version == (counted if recorded else "17")


def test_a_version_of_a_cache_that_waits_is_told(state: State) -> None:
    there = the(state, "aws:elasticache/replicationGroup:ReplicationGroup", "local-halcyon-sessions")
    there["outputs"]["engineVersionActual"] = "7.2.6"
    found = read(state)
    (sentence,) = found.pending["halcyon"]
    assert sentence == (
        "halcyon/cache: AWS changes version 7.2.6 to version 8.0 on Sunday at 04:00 UTC, when its "
        "maintenance window opens; run `pulumi refresh` after it"
    )
    there["outputs"]["engineVersionActual"] = "8.0.1"
    assert read(state).pending == {}


@pytest.mark.parametrize(
    ("says", "source", "words"),
    [
        (True, "", "was promoted and has data of its own: write warm_standby: promoted"),
        (True, "arn:aws:rds:us-east-1:123456789012:db:first", None),
        ("promoted", "", None),
        ("promoted", "arn:aws:rds:us-east-1:123456789012:db:first", "write warm_standby: true"),
        (True, None, None),
    ],
)
def test_a_standby_that_was_promoted_is_told(says: object, source: str | None, words: str | None) -> None:
    """What a refresh brings: the provider writes '' for the source of a server that follows nobody."""
    options = {"users": 50, "warm_standby": says}
    plan = plan_of(made_tenant("acme", tier="cross-region-backup", options=options))
    (fact,) = facts_of(plan.tenants[0].facts, DatabaseStandby)
    props: dict[str, object] = {
        "instanceClass": fact.instance_class,
        "allocatedStorage": fact.storage_gib,
        **({} if source is None else {"replicateSourceDb": source}),
    }
    sizes = RESOURCES[DatabaseStandby].sizes(props, fact)
    told = waiting(fact, sizes, sizes)
    assert len(told) == (1 if words else 0)
    assert (words or "") in "".join(told)
    assert fits(resized(fact, sizes), sizes)


def test_a_cache_that_runs_a_newer_version_would_be_replaced(state: State) -> None:
    there = the(state, "aws:elasticache/replicationGroup:ReplicationGroup", "local-halcyon-sessions")
    there["outputs"] |= {"engineVersion": "8.1", "engineVersionActual": "8.1.2"}
    found = read(state)
    (sentence,) = found.pending["halcyon"]
    assert sentence == (
        "halcyon/cache: runs version 8.1.2, newer than 8.0: a new, empty cache would replace it at the next "
        'update; write engine_version: "8.1"'
    )
    (cache,) = [each for each in tenant(found, "halcyon").facts if each.id == "halcyon/cache"]
    assert isinstance(cache, CacheGroup)
    assert cache.engine_version == "8.1.2"


@pytest.mark.parametrize(
    ("cpu", "memory", "pending"),
    [
        ("1000m", "2048Mi", False),
        ("1", "2Gi", False),  # how the official Kubernetes provider writes them
        ("1.0", "2097152Ki", False),
        ("1e0", "2147483648", False),
        ("2", "2Gi", True),
        ("1", "4Gi", True),
        ("1", "2G", True),  # 1,907.3 MiB
        ("1", "1500M", True),
        ("999999u", "2G", True),
    ],
)
def test_a_quantity_is_the_same_however_it_is_written(
    state: State, cpu: str, memory: str, *, pending: bool
) -> None:
    said = fact_in(the(state, TENANT_STACK, "acme")["inputs"]["plan"], "acme/web")["compute"]
    done = fact_in(the(state, RECORD_TYPE, "acme-deployed")["outputs"]["input"]["plan"], "acme/web")[
        "compute"
    ]
    for each in (said, done):
        each.update({"cpu_limit_millicores": 1000, "memory_limit_mib": 2048})
    deployment = the(state, "kubernetes:apps/v1:Deployment", "acme-web")["inputs"]
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    container["resources"]["limits"].update({"cpu": cpu, "memory": memory})
    told = [each for each in read(state).pending.get("acme", ()) if each.startswith("acme/web")]
    assert bool(told) is pending


def test_memory_that_is_no_whole_number_of_mib_is_told_rounded_up(state: State) -> None:
    """What somebody set by hand, and a refresh brought: it passed for what the plan says."""
    deployment = the(state, "kubernetes:apps/v1:Deployment", "acme-web")["inputs"]
    deployment["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["memory"] = "2G"
    found = read(state)
    (told,) = found.pending["acme"]
    assert "1908 MiB" in told
    (web,) = [each for each in tenant(found, "acme").facts if each.id == "acme/web"]
    assert isinstance(web, Workload)
    assert web.compute.memory_limit_mib == 1908


DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}


@given(st.integers(0, 10**6), st.integers(0, 3), st.sampled_from([*DECIMAL, *BINARY, "e", "E+", "E-"]))
def test_every_quantity_that_kubernetes_writes_is_read(digits: int, places: int, suffix: str) -> None:
    number = Decimal(digits).scaleb(-places)
    size = Decimal(1024) ** BINARY[suffix] if suffix in BINARY else Decimal(1).scaleb(DECIMAL.get(suffix, 0))
    if suffix not in {*DECIMAL, *BINARY}:
        size, suffix = Decimal(1).scaleb(-6 if suffix == "E-" else 6), f"{suffix}6"
    with localcontext(prec=60):
        for unit, each in (("m", Decimal("0.001")), ("Mi", Decimal(1024) ** 2)):
            read_as = in_units(f"{number:f}{suffix}", unit)
            assert read_as - 1 < number * size / each <= read_as
            assert (read_as == 0) is (number == 0)


@pytest.mark.parametrize(
    "text", ["", ".", "m", "-1", "++1", "1 ", "1mi", "1K", "1ki", "0x1", "1e", "1e999", "1.2.3", "٣"]
)
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no quantity of Kubernetes"):
        in_units(text, "m")
