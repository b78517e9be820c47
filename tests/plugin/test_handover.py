"""Java and C# have a class each for an output and an input: their examples hand a contract over by fields."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from plugin.schema import PATH
from tests.plugin.example import EXAMPLES

TYPES: dict[str, Any] = json.loads(PATH.read_text(encoding="utf-8"))["types"]
PARTS = [kind for kind in TYPES if kind.startswith("costack:index:Contract")]
JAVA = EXAMPLES / "java" / "src" / "main" / "java" / "example" / "Handover.java"
CSHARP = EXAMPLES / "csharp" / "Handover.cs"
BUILT = re.compile(r"(\w+)Args\.builder\(\)((?:(?!\.builder\(\)).)*?)\.build\(\)", re.DOTALL)
MADE = re.compile(r"new (\w+)Args\s*\{([^{}]*)\}")


def set_in(text: str, block: re.Pattern[str], setter: str) -> dict[str, set[str]]:
    """The fields that a program sets in each class; those within others are read first."""
    found: dict[str, set[str]] = {}
    while inner := block.search(text):
        found.setdefault(inner[1], set()).update(re.findall(setter, inner[2]))
        text = text[: inner.start()] + "read" + text[inner.end() :]
    return found


@pytest.mark.parametrize("kind", PARTS)
def test_every_field_of_a_contract_is_handed_over(kind: str) -> None:
    """A field that is left out is one that tenants would be told their platform does not have."""
    fields, name = set(TYPES[kind]["properties"]), kind.rpartition(":")[2]
    assert set_in(JAVA.read_text("utf-8"), BUILT, r"\n\s*\.(\w+)\(")[name] == fields
    text = CSHARP.read_text("utf-8")
    csharp = set_in(text, MADE, r"(\w+) = ")[name] | set(re.findall(r"made\.(\w+) = ", text))
    assert {each[0].upper() + each[1:] for each in fields} - csharp == set()
