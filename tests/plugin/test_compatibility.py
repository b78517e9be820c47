"""What breaks programs between two schemas: every kind of change, and today's against the last version's."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plugin.compatibility import breaks, main
from plugin.schema import PATH
from tests.plugin.since_tag import STORED

TODAY: dict[str, Any] = json.loads(PATH.read_text(encoding="utf-8"))
STACK = TODAY["resources"]["costack:index:TenantStack"]
Change = Callable[[dict[str, Any]], Any]


def stack(schema: dict[str, Any]) -> Any:
    return schema["resources"]["costack:index:TenantStack"]


def kind(schema: dict[str, Any], name: str) -> Any:
    return schema["types"][f"costack:index:{name}"]


BREAKING: dict[str, Change] = {
    "costack:index:CostTagged is removed": lambda it: it["resources"].pop("costack:index:CostTagged"),
    "costack:index:monthlyEstimate is removed": lambda it: it["functions"].clear(),
    "costack:index:Schedule is removed": lambda it: it["types"].pop("costack:index:Schedule"),
    "costack:index:TenantStack cutover is removed": lambda it: stack(it)["inputProperties"].pop("cutover"),
    "costack:index:TenantStack url is removed": lambda it: stack(it)["properties"].pop("url"),
    "costack:index:TenantStack cutover is required": lambda it: stack(it)["requiredInputs"].append("cutover"),
    "costack:index:TenantStack url may be absent": lambda it: stack(it)["required"].remove("url"),
    "costack:index:TenantStack protected changes its type": lambda it: stack(it)["inputProperties"][
        "protected"
    ].update(type="string"),
    "costack:index:TenantStack contract changes its type": lambda it: stack(it)["inputProperties"][
        "contract"
    ].update(plain=True),
    "costack:index:TenantStack sessionToken is no longer a secret": lambda it: stack(it)["inputProperties"][
        "sessionToken"
    ].pop("secret"),
    "costack:index:Tenant tenant changes its name in csharp": lambda it: kind(it, "Tenant")["properties"][
        "tenant"
    ].pop("language"),
    "costack:index:Tenant tier changes its name in go": lambda it: kind(it, "Tenant")["properties"][
        "tier"
    ].update(language={"go": {"name": "Level"}}),
    "costack:index:Options drRegion is removed": lambda it: kind(it, "Options")["properties"].pop("drRegion"),
    "costack:index:Options mailPorts changes its type": lambda it: kind(it, "Options")["properties"][
        "mailPorts"
    ]["items"].update(type="string"),
    "costack:index:Options seats is required, and it is new": lambda it: (
        kind(it, "Options")["properties"].update(seats={"type": "integer"}),
        kind(it, "Options")["required"].append("seats"),
    ),
    "costack:index:Environment no longer has 'staging'": lambda it: kind(it, "Environment")["enum"].pop(1),
    "costack:index:monthlyEstimate month is removed": lambda it: it["functions"][
        "costack:index:monthlyEstimate"
    ]["inputs"]["properties"].pop("month"),
}
HARMLESS: dict[str, Change] = {
    "another component": lambda it: it["resources"].update(new=STACK),
    "an optional input": lambda it: stack(it)["inputProperties"].update(seats={"type": "integer"}),
    "another output": lambda it: (
        stack(it)["properties"].update(seats={"type": "integer"}),
        stack(it)["required"].append("seats"),
    ),
    "an input that is no longer needed": lambda it: stack(it)["requiredInputs"].remove("client"),
    "other words": lambda it: stack(it)["inputProperties"]["client"].update(description="Who pays."),
    "a warning": lambda it: stack(it)["inputProperties"]["client"].update(deprecationMessage="Use payer."),
    "an output that is a secret by its value alone": lambda it: it["resources"][
        "costack:index:SharedPlatform"
    ]["properties"]["sessionToken"].update(secret=True),
    "a word of an enum": lambda it: kind(it, "Environment")["enum"].append({"name": "A", "value": "a"}),
}


def changed(change: Change) -> dict[str, Any]:
    new = copy.deepcopy(TODAY)
    change(new)
    return new


@pytest.mark.parametrize("told", BREAKING)
def test_what_breaks_programs_is_told_once(told: str) -> None:
    found = breaks(TODAY, changed(BREAKING[told]))
    assert [each for each in found if each == told] == [told], found


@pytest.mark.parametrize("what", HARMLESS)
def test_what_is_added_breaks_nothing(what: str) -> None:
    new = changed(HARMLESS[what])
    assert new != TODAY
    assert breaks(TODAY, new) == []


def test_a_name_that_lets_csharp_compile_breaks_nothing() -> None:
    without = changed(lambda it: kind(it, "Tenant")["properties"]["tenant"].pop("language"))
    assert breaks(without, TODAY) == []


def test_programs_of_the_last_version_still_compile() -> None:
    found = breaks(json.loads(STORED.read_text(encoding="utf-8")), TODAY)
    assert found == [], (
        "a breaking change needs a new minor version, its line in CHANGELOG.md, and its schema here"
    )


def test_the_command_tells_breaks_and_what_it_cannot_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = tmp_path / "new.json"
    new.write_text(json.dumps(changed(lambda it: stack(it)["properties"].pop("url"))), encoding="utf-8")
    assert main([str(PATH), str(PATH)]) == 0
    assert main([str(PATH), str(new)]) == 1
    assert capsys.readouterr().out == "nothing breaks\ncostack:index:TenantStack url is removed\n"
    new.write_text("{", encoding="utf-8")
    assert main([str(PATH), str(new)]) == 2
    assert main([str(PATH)]) == 2
    said = capsys.readouterr().err
    assert str(new) in said
    assert "Traceback" not in said
