"""The example in C#: without .NET, its words are looked up in the SDK that Pulumi makes of the schema.

Both were compiled once, by hand, with Mono's compiler of C# 7 (docs/plugin.md).
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.languages.conftest import ADDRESS, VERSIONS, Program, World
from tests.plugin import example

CLASS = re.compile(r"public (?:static |sealed |partial |readonly )*(?:class|struct) (\w+)")
MEMBER = re.compile(r"^        public (?:static |readonly )*[\w.<>?, ]+ (\w+)(?:;| \{|$)", re.MULTILINE)
WORD = re.compile(
    r"\bnew (?P<made>\w+)|(?P<brace>[{}])|(?P<set>\w+) = |(?<![\w.])(?P<of>[A-Z]\w+)\.(?P<named>\w+)"
)
Members = dict[str, set[str]]


@pytest.fixture(scope="module")
def sdk(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The SDK for C#, of the package at its address."""
    folder = tmp_path_factory.mktemp("csharp")
    asked = ("package", "gen-sdk", f"{ADDRESS}@v{VERSIONS[0]}", "--language", "dotnet", "--out", str(folder))
    Program("csharp", folder, world).pulumi(*asked)
    return folder / "dotnet"


def members(sdk: Path) -> Members:
    """Every class of the SDK with its properties, every enum with its words."""
    found: Members = {}
    for path in sorted(sdk.rglob("*.cs")):
        name, *rest = CLASS.split(path.read_text(encoding="utf-8"))
        for name, body in zip(rest[::2], rest[1::2], strict=True):
            found.setdefault(name, set()).update(MEMBER.findall(body))
    return found


def unknown(source: str, known: Members) -> list[str]:
    """What a program sets in a class of the SDK, or takes from an enum, that is not there."""
    found, open_, made = [], [""], ""
    for word in WORD.finditer(source):
        if word["made"]:
            made = word["made"]
        elif word["brace"] == "{":
            open_.append(made)
            made = ""
        elif word["brace"]:
            open_.pop()
        elif word["set"] and open_[-1] in known and word["set"] not in known[open_[-1]]:
            found.append(f"{open_[-1]}.{word['set']}")
        elif word["of"] in known and word["named"] not in known[word["of"]]:
            found.append(f"{word['of']}.{word['named']}")
    return found


def programs() -> list[str]:
    return [path.read_text(encoding="utf-8") for path in sorted((example.EXAMPLES / "csharp").glob("*.cs"))]


def test_the_sdk_has_what_the_example_uses(sdk: Path) -> None:
    known = members(sdk)
    assert {"SharedPlatform", "TenantStack", "Inventory", "TenantArgs", "CacheSpecEngine"} <= known.keys()
    made = {name for text in programs() for name in re.findall(r"new (\w+Args)\b", text)}
    assert len(made) > 20
    assert made <= known.keys()
    assert [each for text in programs() for each in unknown(text, known)] == []


def test_a_word_that_the_sdk_does_not_have_is_found(sdk: Path) -> None:
    known, text = members(sdk), "".join(programs())
    for right, wrong in (("Users = 8", "Seats = 8"), ("Controls.Enhanced", "Controls.Strict")):
        assert text.count(right) == 1
        assert len(unknown(text.replace(right, wrong), known)) == 1


def test_the_project_names_the_sdks_project(sdk: Path) -> None:
    (project,) = (example.EXAMPLES / "csharp").glob("*.csproj")
    named = re.findall(r'ProjectReference Include="sdks/costack-costack/(.+)"', project.read_text("utf-8"))
    assert named == [path.name for path in sdk.glob("*.csproj")]


def test_no_namespace_has_the_name_of_the_one_around_it(sdk: Path) -> None:
    """CS0234: within Costack.Costack, `Costack` is no longer the outer one."""
    spaces = {
        each
        for path in sdk.rglob("*.cs")
        for each in re.findall(r"^namespace (\S+)", path.read_text("utf-8"), re.MULTILINE)
    }
    assert len(spaces) == 3
    assert [each for each in spaces if len(set(each.split("."))) < len(each.split("."))] == []
