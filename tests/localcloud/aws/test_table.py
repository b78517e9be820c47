"""Every row lives a whole life on the loopback AWS, and says what the installed SDK says."""

from __future__ import annotations

import ast
import importlib.util
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from localcloud.aws.table import ROWS
from tests.localcloud.aws.examples import EXAMPLES, Ground

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localcloud.aws.row import Row
    from tests.localcloud.aws.driver import Driver

ROW = pytest.mark.parametrize("row", ROWS.values(), ids=ROWS.keys())
# Empty in a plain example: a group without shards has no configuration endpoint, a fresh resource no history.
EMPTY_OUTPUTS = {
    "configurationEndpointAddress",
    "replicas",
    "engineVersionActual",
    "availabilityZoneId",
    "networkInterfaceIds",
    "name",
}

# AWS has no way to take these back: versioning is suspended, a current version goes with its secret, and a
# default security group with its VPC.
STAYS = {
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    "aws:s3/bucketVersioning:BucketVersioning",
    "aws:secretsmanager/secretVersion:SecretVersion",
}


def test_every_row_has_an_example() -> None:
    assert sorted(EXAMPLES) == sorted(ROWS)


@pytest.mark.sample(6)
@ROW
def test_a_resource_lives_from_create_to_gone(row: Row, driver: Driver, ground: Ground) -> None:
    tagged = {"tags": {"cost/tenant": "acme", "cost/domain": "tenant-runtime"}} if row.tags else {}
    inputs = {**EXAMPLES[row.kind](ground), **tagged}

    made = driver.create(row.kind, f"life-{row.kind.rsplit(':', 1)[-1].lower()}", inputs)
    missing = {name for name in row.outputs if made.state.get(name) is None} - EMPTY_OUTPUTS
    assert not missing
    assert not driver.diff(made, inputs).changes

    seen = driver.read(made)
    assert seen is not None
    assert seen.inputs == made.inputs
    assert seen.state == made.state

    if row.tags:
        assert made.state["tagsAll"] == inputs["tags"]
        fresh = {**inputs, "tags": {"cost/tenant": "globex", "cost/stage": "run"}}
        assert set(driver.diff(made, fresh).detailed_diff) == {
            'tags["cost/tenant"]',
            'tags["cost/domain"]',
            'tags["cost/stage"]',
        }
        made = driver.update(made, fresh)
        seen = driver.read(made)
        assert seen is not None
        assert seen.state["tagsAll"] == fresh["tags"]
        assert seen.inputs == made.inputs

    driver.delete(made)
    left = driver.read(made)
    assert (left is not None) == (row.kind in STAYS)
    assert left is None or left.inputs != made.inputs
    driver.delete(made)


@ROW
def test_names_and_taggability_are_those_of_the_sdk(row: Row) -> None:
    inputs, outputs = _sdk(row.kind)
    assert {*row.inputs, *row.settings} <= inputs
    assert {path.partition(".")[0] for path in row.replaces} <= inputs
    assert {*row.live, *row.derived, *row.outputs} <= outputs
    assert bool(row.tags) == ("tagsAll" in outputs)
    assert row.regional == ("region" in inputs)
    changeable = {name for change in row.changes for name in change.inputs}
    assert changeable <= inputs
    assert row.spares or not changeable & row.replaces


def _sdk(token: str) -> tuple[set[str], set[str]]:
    """Inputs and readable properties of the SDK's class, from its source: importing all of it is slow."""
    service, kind = token.split(":")[1].split("/")
    classes = dict(_classes(_snake_path(service, kind)))
    name = token.rsplit(":", 1)[-1]
    # The SDK calls it InitArgs where a nested type has taken the other name.
    arguments = next(classes[name + end] for end in ("InitArgs", "Args") if name + end in classes)
    return arguments, classes[name]


@cache
def _package() -> Path:
    spec = importlib.util.find_spec("pulumi_aws")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


def _snake_path(service: str, kind: str) -> Path:
    snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in kind)
    return _package() / service / f"{snake}.py"


def _classes(path: Path) -> Iterator[tuple[str, set[str]]]:
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ClassDef):
            yield node.name, {name for item in node.body for name in _property_name(item)}


def _property_name(node: ast.stmt) -> Iterator[str]:
    if not isinstance(node, ast.FunctionDef):
        return
    decorators = {ast.unparse(item).partition("(")[0]: item for item in node.decorator_list}
    if "_builtins.property" not in decorators:
        return
    getter = decorators.get("pulumi.getter")
    yield ast.literal_eval(getter.keywords[0].value) if isinstance(getter, ast.Call) else node.name
