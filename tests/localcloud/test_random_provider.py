"""Drawn values, alone and through the real CLI."""

from __future__ import annotations

import base64
import string
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.properties import UNKNOWN
from localcloud.provider import Subject
from localcloud.random_provider import DrawnId, DrawnText, alphabets

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.localcloud.engine import Engine

SUBJECT = Subject("urn:pulumi:s::p::random:index/randomPassword:RandomPassword::pw")
PASSWORD = DrawnText(secret=True)
MINIMUMS = st.integers(0, 4)


@given(MINIMUMS, MINIMUMS, MINIMUMS, MINIMUMS, st.integers(0, 20))
def test_a_password_has_its_length_and_at_least_what_each_class_asks_for(
    upper: int, lower: int, numeric: int, special: int, extra: int
) -> None:
    length = upper + lower + numeric + special + extra + 1
    inputs = {
        "length": length,
        "minUpper": upper,
        "minLower": lower,
        "minNumeric": numeric,
        "minSpecial": special,
        "overrideSpecial": "_-",
    }
    assert PASSWORD.check(SUBJECT, inputs, {}).failures == []
    result = PASSWORD.create(SUBJECT, inputs).outputs["result"]
    assert len(result) == length
    assert sum(character in string.ascii_uppercase for character in result) >= upper
    assert sum(character in string.ascii_lowercase for character in result) >= lower
    assert sum(character in string.digits for character in result) >= numeric
    assert sum(character in "_-" for character in result) >= special
    assert set(result) <= set(string.ascii_letters + string.digits + "_-")


def test_a_class_that_is_switched_off_is_not_drawn_from() -> None:
    only_digits = {"length": 200, "upper": False, "lower": False, "special": False}
    assert set(PASSWORD.create(SUBJECT, only_digits).outputs["result"]) <= set(string.digits)
    assert alphabets({"number": False})["numeric"] == ""


@pytest.mark.parametrize(
    ("inputs", "path", "reason"),
    [
        ({"length": 0}, "length", "at least 1"),
        ({}, "length", "at least 1"),
        ({"length": 3, "minUpper": 2, "minLower": 2}, "length", "add up to 4"),
        (
            {"length": 3, "upper": False, "lower": False, "numeric": False, "special": False},
            "special",
            "at least one",
        ),
    ],
)
def test_what_no_text_can_satisfy_is_refused(inputs: dict[str, Any], path: str, reason: str) -> None:
    (failure,) = PASSWORD.check(SUBJECT, inputs, {}).failures
    assert failure.path == path
    assert reason in failure.reason


def test_a_length_known_later_is_not_judged_now() -> None:
    assert PASSWORD.check(SUBJECT, {"length": UNKNOWN}, {}).failures == []


def test_two_passwords_differ_and_only_a_string_is_its_own_id() -> None:
    drawn = PASSWORD.create(SUBJECT, {"length": 32})
    assert drawn.outputs["result"] != PASSWORD.create(SUBJECT, {"length": 32}).outputs["result"]
    assert drawn.id == "none"
    text = DrawnText(secret=False).create(SUBJECT, {"length": 8})
    assert text.id == text.outputs["result"]


def test_an_id_is_the_same_bytes_in_four_spellings() -> None:
    state = DrawnId().create(SUBJECT, {"byteLength": 6, "prefix": "x-"})
    value = bytes.fromhex(state.outputs["hex"].removeprefix("x-"))
    assert len(value) == 6
    assert state.outputs["dec"] == f"x-{int.from_bytes(value, 'big')}"
    assert state.outputs["b64Std"] == f"x-{base64.b64encode(value).decode()}"
    assert state.outputs["b64Url"] == f"x-{state.id}"
    assert DrawnId().check(SUBJECT, {"byteLength": 0}, {}).failures


PROGRAM = """
import pulumi
import pulumi_random as random
password = random.RandomPassword("password", length=20, special=False)
suffix = random.RandomId("suffix", byte_length=4, keepers={"generation": "1"})
pulumi.export("password", password.result)
pulumi.export("suffix", suffix.hex)
"""


@pytest.mark.whole("passwords of tests/engine come from this provider and are secret there")
@pytest.mark.engine
def test_values_stay_until_an_input_changes_and_the_password_is_encrypted(
    project: Callable[..., Engine],
) -> None:
    engine = project(PROGRAM, warm=True)
    assert engine.up() == {"created": 3}
    before = engine.output()
    assert before["password"] not in engine.run("stack", "export")
    assert "ciphertext" in engine.resources()["password"]["outputs"]["result"]
    engine.program(PROGRAM.replace('"1"', '"2"'))
    step = engine.steps()["suffix"]
    assert step["op"] in ("replace", "create-replacement", "delete-replaced")
    assert list(step["detailedDiff"]) == ["keepers.generation"]
    assert engine.up() == {"replaced": 1, "unchanged": 2}
    after = engine.output()
    assert after["password"] == before["password"]
    assert after["suffix"] != before["suffix"]
