"""Values that only the update knows: never a pass in silence, never a refusal, never a traceback."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from itertools import islice
from typing import Any

import pytest
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, unknown_checking_proxy

from policies.clauses import NotYet
from policies.properties import NOT_KNOWN, plain
from policies.rules import RULES, judged
from policies.unknown_values import UnknownValues
from tests.policies.insecure import AWS, Insecure
from tests.policies.insecure_objects import OBJECTS
from tests.policies.test_rules import TAGS, declared
from tests.sampling import asks_for_every


def variants(value: Any) -> Iterator[Any]:
    """The value with one part of it, at whatever depth, not known."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield {**value, key: NOT_KNOWN}
            yield from ({**value, key: each} for each in variants(item))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield [*value[:index], NOT_KNOWN, *value[index + 1 :]]
            yield from ([*value[:index], each, *value[index + 1 :]] for each in variants(item))


def found(type_token: str, props: Any) -> dict[str, list[Any]]:
    return {rule.name: list(judged(rule, type_token, props)) for rule in RULES}


@cache
def one_of_each_type() -> tuple[tuple[str, Mapping[str, Any]], ...]:
    return tuple(
        {
            each.type: (each.type, each.props)
            for each in declared()
            if each.type.startswith(("aws:", "kubernetes:"))
        }.values()
    )


def secure() -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield from one_of_each_type()
    for row in (*AWS, *OBJECTS):
        if (repaired := row.repaired()) is not None:
            tags = (
                {}
                if row.type.startswith("aws")
                else {"metadata": {"labels": TAGS, **repaired.get("metadata", {})}}
            )
            yield row.type, {**repaired, **tags, "tags": TAGS}


def test_an_unknown_value_of_what_is_secure_is_never_refused() -> None:
    refused: list[str] = []
    tried = 0
    for type_token, props in islice(secure(), 0, None, 1 if asks_for_every() else 3):
        for variant in variants(dict(props)):
            tried += 1
            said = [
                each
                for name, all_ in found(type_token, variant).items()
                for each in all_
                if name not in {"protected-data", "cost-tags"}
            ]
            refused += [f"{type_token}: {each}" for each in said if not isinstance(each, NotYet)]
    assert tried > 500
    assert not refused, "\n".join(sorted(set(refused)))


@pytest.mark.parametrize(
    "row", [row for row in (*AWS, *OBJECTS) if row.good is not None], ids=lambda row: row.what
)
def test_a_mistake_that_is_not_known_yet_is_told(row: Insecure) -> None:
    assert row.good is not None
    hidden = {**row.props, **dict.fromkeys(row.good, NOT_KNOWN)}
    said = [each for all_ in found(row.type, hidden).values() for each in all_ if isinstance(each, NotYet)]
    assert {each.where.split("[")[0].split(".")[0] for each in said} >= row.good.keys()


def test_properties_of_the_engine_are_read_with_their_unknown_parts() -> None:
    sent = {"a": 5432.0, "b": [UNKNOWN_STRING_VALUE, {"c": UNKNOWN_STRING_VALUE, "d": True}]}
    assert plain(unknown_checking_proxy(sent)) == {"a": 5432, "b": [NOT_KNOWN, {"c": NOT_KNOWN, "d": True}]}


def test_a_shape_that_no_rule_can_read_is_refused_in_a_sentence() -> None:
    shapes: list[Any] = ["text", 7, [7], {"x": 7}, True]
    for type_token, props in one_of_each_type():
        for name in props:
            for shape in shapes:
                for all_ in found(type_token, {**props, name: shape}).values():
                    assert all(isinstance(each, str | NotYet) for each in all_)
    odd = {"spec": {"rules": 7}}
    said = found("kubernetes:networking.k8s.io/v1:Ingress", odd)["cluster-access"]
    assert [str(each) for each in said if "cannot be judged" in str(each)]


def test_what_is_not_known_is_told_once_with_its_number() -> None:
    values = UnknownValues()
    for name in ("b", "a", "a", "c"):
        values.add("aws:iam/rolePolicy:RolePolicy", name, "policy")
    (sentence,) = values.told()
    assert sentence.startswith("policy of a and 2 more (aws:iam/rolePolicy:RolePolicy) is not judged yet")
    assert "--policy-pack" in sentence
    assert list(values.told()) == []
