"""Whatever a pod reads when it starts: another content, and there is another pod.

Every generated value and every address is changed in turn; whoever reads a Secret or ConfigMap that follows
from it must be a pod that starts anew each time, or one that is declared differently.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final

import pytest
from pulumi.runtime import mocks

from tests.components.conftest import declare_plan
from tests.components.monitor import CloudAnswers, Declared
from tests.portfolios import every_offer, plan_of, tenant
from tiers.plan.plan import Plan
from tiers.portfolio.rotation import Rotation
from tiers.portfolio.tenant import Move, Tenant
from tiers.vocabulary import Environment, LifecycleStage, MoveStage, RotationStage

DEPLOYMENT, JOB, CRON_JOB = (
    "kubernetes:apps/v1:Deployment",
    "kubernetes:batch/v1:Job",
    "kubernetes:batch/v1:CronJob",
)
OBJECTS: Final = {"kubernetes:core/v1:Secret": "secret", "kubernetes:core/v1:ConfigMap": "configMap"}
PASSWORD: Final = "random:index/randomPassword:RandomPassword"
ONCE: Final = (
    *("copy-database", "copy-filestore", "hand-over-database", "drop-left-database", "empty-left-filestore"),
    *("final-backup", "drop-database", "empty-filestore"),
)
"""Jobs of a move and of an end: each reads its Secrets when it starts, does its work, and nobody needs it
again. To repeat it because of a new password would copy, back up or drop once more."""
EVERY: Final = bool(os.environ.get("COSTACK_EVERY_COMBINATION"))
STANDING: Final = (
    ("shared-namespace", Environment.PRODUCTION),
    ("dedicated-db", Environment.STAGING),
    ("dedicated-db", Environment.MIGRATION),
)
"""Tenants of a fixed state. One of production with a server and a cache of its own is `turning-1`."""
KUBERNETES_OWN: Final = "kube-root-ca.crt"

FEW: Final = ("sn-production", "dd-migration", "turning-1", "turning-2", "moving-switch")
"""Who is changed in `make test`: production and not, sharing and not, at rest, in a rotation, in a move."""


class Changed(CloudAnswers):
    """The cloud, with other outputs of everything of one kind, such as every tenant's database password."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        identifier, outputs = super().new_resource(args)
        if kind_of(args.typ, args.name) == self.kind:
            outputs = {key: f"other-{value}" if key in SEEN else value for key, value in outputs.items()}
        return identifier, outputs


def kind_of(type_token: str, name: str) -> str:
    """What a generated value or an address is for."""
    if type_token == PASSWORD:
        return "sessions-token" if name.endswith("-token") else "-".join(name.split("-")[-2:])
    return ADDRESSED.get(type_token, "")


ADDRESSED: Final = {
    "aws:rds/instance:Instance": "server",
    "aws:elasticache/replicationGroup:ReplicationGroup": "cache",
}
SEEN: Final = ("result", "address", "primaryEndpointAddress")
"""The outputs that go into Secrets and ConfigMaps."""


@cache
def portfolio() -> Plan:
    """Tenants that share and that have their own, and one at each stage of a rotation, a move, and its end.

    What pods read follows from the environment, from what is shared, and from the stage (the table below).
    `make torture` has every environment of every tier.
    """
    return plan_of(*tenants())


def tenants() -> list[Tenant]:
    """The tenants of the portfolio."""
    offers = [each for each in every_offer() if EVERY or (each.tier, each.environment) in STANDING]
    turning = [
        tenant(f"turning-{number}", rotation=Rotation(number=number, stage=stage), tier="ha-postgresql")
        for number, stage in enumerate([None, *RotationStage], start=1)
    ]
    moving = [
        tenant(
            f"moving-{stage}",
            tier="cross-region-backup",
            move=Move(from_tier="shared-namespace", stage=stage),
        )
        for stage in MoveStage
    ]
    ending = tenant("ending", lifecycle_stage=LifecycleStage.DECOMMISSIONING, protected=False)
    return [*offers, *turning, *moving, ending]


@cache
def few() -> Plan:
    """Those whose secrets are changed: all in `make torture`, one of each kind in `make test`."""
    return portfolio() if EVERY else plan_of(*(each for each in tenants() if each.tenant in FEW))


@cache
def before() -> tuple[Declared, ...]:
    return tuple(declare_plan(portfolio()))


@cache
def few_before() -> tuple[Declared, ...]:
    return tuple(declare_plan(few()))


def objects(declared: Sequence[Declared]) -> dict[tuple[str, str, str], str]:
    """Kind, namespace and name of every Secret and ConfigMap: its content."""
    return {
        (OBJECTS[each.type], each.props["metadata"]["namespace"], each.props["metadata"]["name"]): json.dumps(
            [each.props.get("stringData"), each.props.get("data")], sort_keys=True
        )
        for each in declared
        if each.type in OBJECTS
    }


def references(node: Any) -> Iterator[tuple[str, str]]:
    """Every Secret and ConfigMap that a pod spec names, wherever it does."""
    if isinstance(node, Mapping):
        for key, value in node.items():
            if isinstance(value, Mapping):
                kind = {"secret": "secret", "configMap": "configMap"}.get(
                    key, key.removesuffix("KeyRef").removesuffix("Ref")
                )
                name = value.get("secretName") or value.get("name")
                if kind in OBJECTS.values() and isinstance(name, str):
                    yield kind, name
            if key == "imagePullSecrets":
                yield from (("secret", each["name"]) for each in value)
            yield from references(value)
    elif isinstance(node, list):
        for each in node:
            yield from references(each)


def template(each: Declared) -> Any:
    spec = each.props["spec"]
    return spec["jobTemplate"]["spec"]["template"] if each.type == CRON_JOB else spec["template"]


def pods(declared: Sequence[Declared]) -> dict[str, Declared]:
    return {each.urn: each for each in declared if each.type in {DEPLOYMENT, JOB, CRON_JOB}}


def reads(each: Declared) -> set[tuple[str, str, str]]:
    where = each.props["metadata"]["namespace"]
    return {(kind, where, name) for kind, name in references(template(each)["spec"])}


def starts_anew(one: Declared, other: Declared) -> bool:
    """Whether what is declared makes a new pod of it."""
    if one.type == CRON_JOB:
        return True
    if one.type == JOB:
        return bool(one.props["metadata"]["name"] != other.props["metadata"]["name"])
    return bool(template(one) != template(other))


def purpose(each: Declared) -> str:
    return str(each.labels["app.kubernetes.io/component"])


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("kind", "readers"),
    [
        ("database-password", {"web", "cron", "backup", "database-setup", "odoo-setup"}),
        ("second-password", {"web", "cron", "backup", "database-setup", "odoo-setup"}),
        ("admin-password", {"web", "cron", "backup", "odoo-setup"}),
        ("administrator-password", {"odoo-setup"}),
        ("sessions-token", {"web", "cron", "backup", "odoo-setup"}),
        ("sessions-password", {"web", "cron", "backup", "odoo-setup"}),
        ("server", {"web", "cron", "backup", "odoo-setup"}),
    ],
)
def test_every_reader_of_a_changed_secret_starts_anew(kind: str, readers: set[str]) -> None:
    now = declare_plan(few(), answers=Changed(kind))
    contents, others = objects(now), pods(now)
    changed = {key for key, text in objects(few_before()).items() if contents[key] != text}
    reached = set()
    for urn, each in pods(few_before()).items():
        mine = reads(each) & changed
        if not mine or (each.type == JOB and purpose(each) in ONCE):
            continue
        assert starts_anew(each, others[urn]), f"{each.name} goes on with what {mine} said before"
        reached.add(purpose(each))
    assert reached == readers
    assert {each.tenant for each in few().tenants} >= set(FEW)


@pytest.mark.whole("asks the test above whether it is complete, in `make whole` and `make torture`")
def test_every_kind_of_secret_is_tried() -> None:
    kinds = {kind_of(each.type, each.name) for each in before() if each.type == PASSWORD}
    assert kinds == {
        "database-password",
        "second-password",
        "admin-password",
        "administrator-password",
        "sessions-token",
        "sessions-password",
        "postgresql-master",  # no pod has it: Jobs ask AWS for it when they start
    }


def test_who_reads_what() -> None:
    """The table of docs/secrets.md; a new reader needs a line there."""
    read: dict[str, set[str]] = {}
    for each in pods(before()).values():
        owner = each.labels["app.kubernetes.io/instance"]
        names = {f"{kind} {name.replace(owner, 'TENANT')}" for kind, _, name in reads(each)}
        read.setdefault(purpose(each), set()).update(names)
    odoo, database, administrator = (f"secret TENANT-{name}" for name in ("odoo", "database", "admin"))
    in_the_database = ("database-setup", "copy-database", "hand-over-database", "drop-left-database")
    in_the_filestore = ("copy-filestore", "empty-left-filestore", "empty-filestore")
    expected = {name: {odoo} for name in ("web", "cron", "backup", "final-backup", *in_the_filestore)}
    expected |= {name: {database} for name in in_the_database}
    expected |= {"odoo-setup": {odoo, administrator}, "sleep": {f"configMap {KUBERNETES_OWN}"}}
    assert {name: kept for name, kept in read.items() if kept} == expected
    assert not any("imagePullSecrets" in json.dumps(template(each)) for each in pods(before()).values())


def test_what_is_told_of_a_secret_is_its_hash_only() -> None:
    """It stands in the state in the clear, and so nothing around it is kept as a secret."""
    secrets = [each.props["stringData"] for each in before() if each.type == "kubernetes:core/v1:Secret"]
    words = {value for each in secrets for value in each.values()}
    words |= {f"password-of-{each.name}" for each in before() if each.type == PASSWORD}
    for each in pods(before()).values():
        text = json.dumps(each.props)
        assert not [word for word in words if word != "admin" and word in text], each.name
        assert each.secret_props == frozenset(), each.name


@pytest.mark.parametrize("stage", [None, *RotationStage])
def test_a_secret_waits_until_its_login_opens(stage: RotationStage | None) -> None:
    """odoo.conf names a login that the set-up job has made: a backup may begin at any moment of an update."""
    number = 1 + [None, *RotationStage].index(stage)
    order = [each.urn for each in before()]
    named = {
        each.name: order.index(each.urn)
        for each in before()
        if each.type in {JOB, "kubernetes:core/v1:Secret"}
    }
    owner = f"turning-{number}"
    assert named[f"{owner}-database"] < named[f"{owner}-database-setup"] < named[f"{owner}-odoo"]
    assert named[f"{owner}-odoo"] < named[f"{owner}-odoo-setup"]
