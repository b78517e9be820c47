"""Whatever is sold to whomever: nothing is missing, nothing is open, nothing is shared that should not be.

A combination is a tenant as it can be bought. Several live in one portfolio, because declaring the platform
is what takes time, and because neighbours are what tenants must be kept apart from.
"""

from __future__ import annotations

import inspect
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pulumi
import pytest
from hypothesis import HealthCheck, Phase, given, reject, settings
from hypothesis import strategies as st

from costack import program
from tests.components.combinations import Offer, accepted, choices_of, offers, portfolios
from tests.components.completeness import faults_of
from tests.components.conftest import declare_plan
from tests.components.monitor import Declared, declare
from tests.declarations import differences_in_both
from tests.policies.passing import refusals
from tests.portfolios import ROOT, plan_of, tenant
from tiers.catalog.loading import read_catalog
from tiers.catalog.tier import Catalog
from tiers.inventory import OUTPUT_NAME
from tiers.plan.plan import Plan

SECRET = "password-of-"
# All of them take minutes: `make torture` asks for them, `make test` for a sample.
EXAMPLES, COMBINATIONS = (440, 1000) if os.environ.get("COSTACK_EVERY_COMBINATION") else (12, 1)


def composition_root(name: str = "deploy") -> Callable[..., Any]:
    """The program's own `deploy`, or another of its functions."""
    function: Callable[..., Any] = getattr(program, name)
    return function


def deployed(plan: Plan) -> tuple[list[Declared], dict[str, Any]]:
    """What the program declares for *plan*; and what it exports, each with whether it is secret."""
    exported: dict[str, pulumi.Output[Any]] = {}
    known: dict[str, Any] = {}

    def export(name: str, value: Any) -> None:
        exported[name] = pulumi.Output.from_input(value)

    def declaring() -> pulumi.Output[None]:
        composition_root()(plan)
        message = {name: pulumi.Output.all(value, value.is_secret()) for name, value in exported.items()}
        return pulumi.Output.all(**message).apply(known.update)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pulumi, "export", export)
        return declare(declaring), known


@pytest.mark.whole("a catalog that is read twice costs a tenth of a second")
def test_the_program_reads_the_catalog_once() -> None:
    read: list[Path] = []

    def counting(directory: Path, problems: list[str]) -> Catalog | None:
        read.append(directory)
        return read_catalog(directory, problems)

    with pytest.MonkeyPatch.context() as patch:
        # Whoever reads the catalog does it through one of these two.
        patch.setattr("tiers.portfolio.loading.read_catalog", counting)
        patch.setattr("tiers.catalog.loading.read_catalog", counting)
        patch.setattr(pulumi, "export", lambda *_: None)
        folder = ROOT / "portfolios" / "local"
        declare(lambda: composition_root()(composition_root("plan_of")(folder)))
    assert len(read) == 1


def test_the_program_waits_for_all_that_aws_tells() -> None:
    exported: dict[str, Any] = {}
    told: list[pulumi.Input[object]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pulumi, "export", exported.__setitem__)
        declare(lambda: told.extend(composition_root()(plan_of(tenant("acme", tier="dedicated-db")))))
    assert exported[OUTPUT_NAME]["storage_gib"]
    # Records come after everything of their owner (tests/components/test_record.py).
    assert len(told) == 1 + 1
    assert "pulumi.run(lambda: known(deploy(" in inspect.getsource(program.run)


@pytest.fixture(scope="module")
def sold() -> Iterator[Counter[Offer]]:
    """The combinations that were tried, by offer; in the end there are enough, of each that was asked for."""
    counted: Counter[Offer] = Counter()
    yield counted
    assert all(counted.values())
    assert counted.total() >= COMBINATIONS


@pytest.mark.sample(2)
@pytest.mark.parametrize("offer", offers(), ids="-".join)
@settings(
    max_examples=-(-EXAMPLES // len(offers())),
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
@given(data=st.data())
def test_whatever_is_sold_is_complete_and_closed(
    data: st.DataObject, offer: Offer, sold: Counter[Offer]
) -> None:
    sold[offer] += 0
    plan = accepted(*data.draw(portfolios(offer)))
    if plan is None:
        reject()
    declared, outputs = deployed(plan)
    assert faults_of(plan, declared) == []
    assert refusals(declared) == []
    assert differences_in_both(plan, declared) == []
    assert set(outputs) == {OUTPUT_NAME, "monthly_estimate"}
    inventory, is_secret = outputs[OUTPUT_NAME]
    estimates, estimates_are_secret = outputs["monthly_estimate"]
    assert not estimates_are_secret
    assert {each.tenant for each in plan.tenants} <= set(estimates)
    assert (is_secret, SECRET in str(inventory)) == (False, False)
    sold.update((each.tier, each.environment) for each in plan.tenants)


@pytest.mark.whole("it asks the product about each choice of each menu, of which the test above makes some")
def test_menus_hold_more_than_the_product_takes() -> None:
    """What is not sold is found by asking the product, so there must be something for it to refuse."""
    for offer in offers():
        legal = choices_of(offer)
        assert len(legal) >= 20
        assert len({each["workload_class"] for each in legal}) >= 2
    assert len({len(choices_of(offer)) for offer in offers()}) > 1


@cache
def neighbours() -> tuple[Plan, tuple[Declared, ...]]:
    """One tenant with much of its own and one with nothing of its own."""
    plan = plan_of(tenant("acme", tier="ha-postgresql"), tenant("borealis"))
    return plan, tuple(declare_plan(plan))


def without(kind: str) -> Callable[[Declared], Declared | None]:
    return lambda each: None if each.type.endswith(f":{kind}") else each


def rewritten(kind: str, old: str, new: str) -> Callable[[Declared], Declared]:
    """The same declarations with another text in the properties of one kind."""

    def change(each: Declared) -> Declared:
        if not each.type.endswith(f":{kind}"):
            return each
        return replace(each, props=json.loads(json.dumps(each.props).replace(old, new)))

    return change


def message(each: Declared) -> Declared:
    return replace(each, secret_props=frozenset())


@pytest.mark.sample(4)
@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (without("Namespace"), "0 namespaces called"),
        (rewritten("Namespace", '"restricted"', '"baseline"'), "Pod Security does not enforce"),
        (rewritten("Namespace", "enforce-version", "enforced"), "no version of Pod Security"),
        (without("ResourceQuota"), "0 ResourceQuota in"),
        (without("LimitRange"), "0 LimitRange in"),
        (without("Ingress"), "is routed 0 times"),
        (rewritten("Ingress", '"tls"', '"plain"'), "with TLS for []"),
        (rewritten("Ingress", "acme.odoo", "borealis.odoo"), "is routed 2 times"),
        (without("PersistentVolumeClaim"), "is no claim on a volume"),
        (rewritten("PersistentVolume", '"Retain"', '"Delete"'), "is no claim on a volume"),
        (rewritten("Role", '"watch"', '"delete"'), "something else than look"),
        (without("PodDisruptionBudget"), "0 disruption budgets for 2 replicas"),
        (rewritten("PodDisruptionBudget", '"maxUnavailable": 1', '"minAvailable": 2'), "disruption budgets"),
        (without("ServiceAccount"), "without a token"),
        (rewritten("ServiceAccount", "false", "true"), "without a token"),
        (without("CronJob"), "0 backup jobs"),
        (rewritten("NetworkPolicy", "-from-ingress", "-from-anywhere"), "no policy from-ingress"),
        (rewritten("NetworkPolicy", "-to-data", "-to-nothing"), "no policy to-data"),
        (rewritten("NetworkPolicy", '["Ingress", "Egress"]', '["Ingress"]'), "nothing is denied by default"),
        (rewritten("NetworkPolicy", '"port": 53', '"port": 54'), "no pod can look up a name"),
        (rewritten("NetworkPolicy", 'component": "web"', 'component": "cron"'), "from-ingress and"),
        (rewritten("NetworkPolicy", '"169.254.0.0/16"', '"192.0.2.0/24"'), "reaches the metadata"),
        (rewritten("NetworkPolicy", '"port": 443', '"port": 444'), "the internet is to be open"),
        (rewritten("NetworkPolicy", '"port": 587', '"port": 993'), "port 587 of mail servers is to be open"),
        (
            rewritten("NetworkPolicy", '"port": 587', '"port": 993'),
            "port 993 of mail servers is to be closed",
        ),
        (rewritten("Deployment", "cost/client", "client"), "no cost/client"),
        (rewritten("Instance", "cost/domain", "domain"), "no cost/domain"),
        (rewritten("Deployment", '"limits"', '"limit"'), "has no limits"),
        (rewritten("Job", '"runAsNonRoot": true', '"runAsNonRoot": false'), "runAsNonRoot is not true"),
        (rewritten("CronJob", '"automountServiceAccountToken"', '"x"'), "mounts a token"),
        (rewritten("CronJob", '"readOnlyRootFilesystem": true', '"x": 1'), "writes to its root"),
        (message, "holds a secret"),
        (rewritten("HorizontalPodAutoscaler", '"maxReplicas": 4', '"maxReplicas": 5'), "less than a rollout"),
        (rewritten("PersistentVolumeClaim", "1Gi", "9000Gi"), "requests.storage is less"),
        (rewritten("LimitRange", "4096Mi", "2048Mi"), "larger in memory than any pod may be"),
        (rewritten("RolePolicy", "/acme/*", "/*"), "crosses tenants"),
    ],
)
def test_what_is_missing_or_wrong_is_seen(change: Callable[[Declared], Declared | None], fault: str) -> None:
    plan, declared = neighbours()
    changed = [made for each in declared if (made := change(each)) is not None]
    assert [each for each in faults_of(plan, changed) if fault in each]


def test_nothing_is_missing_or_wrong_to_begin_with() -> None:
    assert faults_of(*neighbours()) == []
