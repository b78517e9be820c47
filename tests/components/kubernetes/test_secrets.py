"""Secrets that External Secrets brings: no manifest holds one, and pods find what they name."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import pytest
from pulumi.runtime import mocks
from pydantic import ValidationError

from tests.components.conftest import declare_plan
from tests.components.monitor import CloudAnswers, Declared
from tests.components.test_secrets_reach_pods import pods, reads
from tests.portfolios import catalog, every_offer, tenant, wide_platform
from tiers.plan.plan import Plan
from tiers.plan.resolve import resolve
from tiers.portfolio.platform import Platform
from tiers.portfolio.rotation import Rotation, TokenRotation
from tiers.portfolio.tenant import Move, Portfolio, Tenant
from tiers.vocabulary import MoveStage, RotationStage

STORE = "parameters"
EXTERNAL = "kubernetes:external-secrets.io/v1:ExternalSecret"
PARAMETER = "aws:ssm/parameter:Parameter"
SECRET = "kubernetes:core/v1:Secret"
CHANGE = "random:index/randomId:RandomId"


def plan(*tenants: Tenant, store: str | None = STORE) -> Plan:
    usual = wide_platform()
    cluster = usual.cluster.model_copy(update={"secret_store": store})
    return resolve(
        catalog(),
        Portfolio(platform=usual.model_copy(update={"cluster": cluster}), tenants=tenants),
    )


def busy() -> tuple[Tenant, ...]:
    """A tenant for each offer, one that moves and one that rotates its passwords."""
    moving = tenant(
        "moving", tier="ha-postgresql", move=Move(from_tier="shared-namespace", stage=MoveStage.MIGRATE)
    )
    rotating = tenant("rotating", rotation=Rotation(number=1, stage=next(iter(RotationStage))))
    ending = tenant("ending", lifecycle_stage="decommissioning", protected=False)
    return (*every_offer(), moving, rotating, ending)


@cache
def declared() -> tuple[Declared, ...]:
    return tuple(declare_plan(plan(*busy())))


def external(found: Sequence[Declared]) -> dict[tuple[str, str], Mapping[str, Any]]:
    """Namespace and name of each Secret that will be there -> what is asked for."""
    return {
        (each.props["metadata"]["namespace"], each.props["spec"]["target"]["name"]): each.props["spec"]
        for each in found
        if each.type == EXTERNAL
    }


def test_no_manifest_holds_a_secret() -> None:
    objects = [each for each in declared() if each.type.startswith("kubernetes:")]
    assert len(objects) > 100
    assert [each.name for each in objects if each.secret_props or each.type == SECRET] == []
    assert [each.name for each in objects if "password-of-" in json.dumps(each.props)] == []


def test_pods_name_secrets_that_come() -> None:
    there = set(external(declared()))
    wanted = {
        (where, name)
        for each in pods(declared()).values()
        for kind, where, name in reads(each)
        if kind == "secret"
    }
    assert wanted == there
    assert len(wanted) == 3 * len(busy())


def test_what_names_a_secret_waits_until_it_was_asked_for() -> None:
    """An update that fails before must not leave a nightly backup that waits for a Secret without end."""
    asked = {
        (each.props["metadata"]["namespace"], each.props["spec"]["target"]["name"]): each.urn
        for each in declared()
        if each.type == EXTERNAL
    }
    readers = {each.urn: each for each in declared()}
    for urn, each in pods(declared()).items():
        named = {asked[where, name] for kind, where, name in reads(each) if kind == "secret"}
        before: set[str] = set()
        waiting = {urn}
        while waiting:
            one = readers.get(waiting.pop())
            found = one.dependencies.union(*one.made_of.values()) if one else frozenset[str]()
            waiting |= found - before
            before |= found
        assert named <= before, urn


def test_a_secret_is_an_encrypted_parameter_of_the_portfolio() -> None:
    parameters = {each.props["name"]: each for each in declared() if each.type == PARAMETER}
    asked = external(declared())
    assert len(parameters) == len(asked)
    for (namespace, name), spec in asked.items():
        assert spec["secretStoreRef"] == {"kind": "ClusterSecretStore", "name": STORE}
        assert (spec["refreshPolicy"], spec["target"]["immutable"]) == ("CreatedOnce", True)
        (source,) = spec["dataFrom"]
        parameter = parameters[source["extract"]["key"]]
        assert parameter.props["name"] == f"/costack/local/{namespace}/{name.rpartition('-')[0]}"
        assert parameter.props["type"] == "SecureString"
        assert parameter.props["keyId"]
        assert parameter.tags["cost/tenant"]
        # What SSM takes: letters, digits and .-_/, 4 KB for a free parameter (PutParameter; quotas).
        assert re.fullmatch(r"[A-Za-z0-9._/-]{1,1011}", parameter.props["name"])
        assert "value" in parameter.secret_props
        assert len(parameter.props["value"].encode()) < 4096
        assert all(isinstance(each, str) for each in json.loads(parameter.props["value"]).values())


@pytest.mark.whole("both read the same values; the test above finds none in a manifest")
def test_it_holds_what_the_secret_would_hold() -> None:
    written = {
        each.name: each.props["stringData"]
        for each in declare_plan(plan(*busy(), store=None))
        if each.type == SECRET
    }
    kept = {each.name: json.loads(each.props["value"]) for each in declared() if each.type == PARAMETER}
    assert kept == written


@pytest.mark.whole("test_secrets_reach_pods starts every reader anew")
@pytest.mark.sample(1)
@pytest.mark.parametrize("what", ["acme-database-password", "acme-admin-password"])
def test_another_password_is_another_secret_and_starts_its_readers(what: str) -> None:
    class Changed(CloudAnswers):
        def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
            identifier, outputs = super().new_resource(args)
            return identifier, {**outputs, "result": "another"} if args.name == what else outputs

    one, other = (declare_plan(plan(tenant()), answers=answers) for answers in (CloudAnswers(), Changed()))
    before, after = external(one), external(other)
    gone = set(before) - set(after)
    assert gone
    assert len(gone) == len(set(after) - set(before))
    old = {urn: {(where, name) for _, where, name in reads(each)} for urn, each in pods(one).items()}
    new = {urn: {(where, name) for _, where, name in reads(each)} for urn, each in pods(other).items()}
    for urn, names in old.items():
        assert (new[urn] != names) is bool(names & gone), urn


def with_addons(size: int) -> Platform:
    """A platform with a store, and folders of addons that take so many bytes as they are written."""
    document = wide_platform().model_dump(mode="json")
    document["cluster"]["secret_store"] = STORE
    folder = "/" + "a" * (size - len('"/,/b"'))
    document["images"]["odoo"]["addons_path"] = [folder, "/b"]
    return Platform.model_validate(document)


def test_the_longest_odoo_conf_fits_into_a_free_parameter() -> None:
    class Long(CloudAnswers):
        def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
            identifier, outputs = super().new_resource(args)
            return identifier, {**outputs, "result": "p" * 48, "address": "a" * 253}

    rotating = tenant("a" * 30, rotation=Rotation(number=1, stage=next(iter(RotationStage))))
    made = resolve(catalog(), Portfolio(platform=with_addons(3000), tenants=(rotating,)))
    held = [each.props["value"] for each in declare_plan(made, answers=Long()) if each.type == PARAMETER]
    assert 3500 < max(len(each.encode()) for each in held) < 4096
    with pytest.raises(ValidationError, match="addons_path may have 3000 bytes, and has 3001; shorten it"):
        with_addons(3001)


@pytest.mark.whole("tests/components/test_secrets_reach_pods changes every secret")
def test_a_content_that_comes_again_is_another_secret() -> None:
    """A failed update is taken back: the engine deletes the Secret of before it by name, at the very end."""

    class Again(CloudAnswers):
        def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
            identifier, outputs = super().new_resource(args)
            return identifier, {**outputs, "hex": "1b2c3d"} if args.typ == CHANGE else outputs

    one, other = (declare_plan(plan(tenant()), answers=answers) for answers in (CloudAnswers(), Again()))
    assert not external(one).keys() & external(other).keys()
    read = [
        {
            each.name: each.props["keepers"]
            for each in found
            if each.type == CHANGE and "keepers" in each.props
        }
        for found in (one, other)
    ]
    assert read[0] == read[1]
    assert read[0].keys() == {each.name for each in one if each.type == EXTERNAL}


def test_what_pods_do_not_read_any_more_starts_none_anew() -> None:
    """The token that opened the shared cache before stays in the Secret until that changes."""
    usual = wide_platform()
    names = []
    for stage in ("both-tokens", None):
        cache = usual.cache.model_copy(update={"rotation": TokenRotation(number=1, stage=stage)})
        cluster = usual.cluster.model_copy(update={"secret_store": STORE})
        platform = usual.model_copy(update={"cache": cache, "cluster": cluster})
        found = declare_plan(resolve(catalog(), Portfolio(platform=platform, tenants=(tenant(),))))
        held = [each.props["value"] for each in found if each.type == PARAMETER]
        assert any("session-token" in each for each in held) is (stage is not None)
        names.append(external(found).keys())
    assert names[0] == names[1]


def test_without_a_store_nothing_is_new() -> None:
    found = declare_plan(plan(tenant(), store=None))
    assert not [each for each in found if each.type in {EXTERNAL, PARAMETER}]
