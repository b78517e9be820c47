"""What cannot be read in a state is a sentence, never a traceback, a secret or nothing."""

from __future__ import annotations

from typing import Any

import pytest

from allocation.adapters.pulumi.deployed import inventory_of_state
from tests.portfolios import local_plan
from tests.states import State, read, the
from tiers.deployed import RECORD_TYPE
from tiers.errors import CatalogError
from tiers.facts.names import TENANT_STACK

SERVER = "aws:rds/instance:Instance"
SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:abc"}


@pytest.mark.sample(2)
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
