"""What must stand beside a bucket and a namespace, in a whole stack."""

from __future__ import annotations

import pytest

from policies.whole_stack import CLAUSES, COMPANIONS, Declared, companions
from tests.components.whole import whole
from tests.policies.passing import as_stack

BUCKET = "aws:s3/bucket:Bucket"
COMPANION_TYPES = sorted({each.type for each in COMPANIONS})


def test_everything_that_we_declare_has_its_companions() -> None:
    stack = as_stack(whole())
    assert sum(each.type in companion.owners for companion in COMPANIONS for each in stack) >= 20
    assert list(companions(stack)) == []


@pytest.mark.parametrize("missing", COMPANION_TYPES)
def test_each_owner_without_its_companion_is_named(missing: str) -> None:
    stack = as_stack(whole())
    (companion,) = (each for each in COMPANIONS if each.type == missing)
    owners = {each.urn for each in stack if each.type in companion.owners}
    left = [each for each in stack if each.type != missing]
    assert owners
    assert {urn for urn, _ in companions(left)} == owners
    for _, said in companions(left):
        assert companion.clause.refused in said
        assert companion.clause.remedy in said


def test_another_buckets_companions_do_not_count() -> None:
    block = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
    stack = [
        Declared("urn:a", BUCKET, "a", {"bucket": "a-1"}, {}),
        Declared("urn:b", BUCKET, "b", {"bucket": "b-1"}, {}),
        Declared("urn:c", block, "of-a", {"bucket": "a-1"}, {}),
        Declared("urn:d", BUCKET, "d", {}, {}),
        Declared("urn:e", block, "of-d", {}, {"bucket": ("urn:d",)}),
    ]
    open_ones = {urn for urn, said in companions(stack) if "public access block" in said.split(";")[0]}
    assert open_ones == {"urn:b"}


def test_a_policy_that_opens_something_closes_no_namespace() -> None:
    policy = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
    closing = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    for change, closed in (
        ({}, True),
        ({"policyTypes": ["Ingress"]}, False),
        ({"podSelector": {"matchLabels": {"app": "x"}}}, False),
        ({"egress": [{}]}, False),
    ):
        stack = [
            Declared("urn:n", "kubernetes:core/v1:Namespace", "n", {"metadata": {"name": "n"}}, {}),
            Declared(
                "urn:p", policy, "p", {"metadata": {"namespace": "n"}, "spec": {**closing, **change}}, {}
            ),
        ]
        assert (list(companions(stack)) == []) is closed


def test_every_clause_belongs_to_a_companion() -> None:
    assert {each.clause for each in COMPANIONS} == set(CLAUSES)
