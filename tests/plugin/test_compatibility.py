"""What breaks programs between two schemas: every kind of change, and today's against the last version's."""

from __future__ import annotations

import copy
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plugin.compatibility import breaks, main
from plugin.schema import PATH
from tests.portfolios import ROOT

LAST = ROOT / "tests" / "data" / "plugin-schema-0.2.json"
"""The schema of the version that the newest tag has; a release puts its own here."""
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
    found = breaks(json.loads(LAST.read_text(encoding="utf-8")), TODAY)
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
    with pytest.raises(SystemExit, match="2"):
        main([str(PATH)])
    said = capsys.readouterr().err
    assert str(new) in said
    assert "Traceback" not in said


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A git repository with two tagged versions, of which only the second has a schema."""
    made = tmp_path / "repository"
    (made / "plugin").mkdir(parents=True)
    git(made, "init", "--quiet")
    commit(made, "README.md", "first")
    git(made, "tag", "v0.1.0")
    commit(made, "plugin/schema.json", json.dumps({**TODAY, "version": "0.2.0"}))
    git(made, "tag", "v0.2.0")
    git(made, "tag", "nightly")
    return made


def git(folder: Path, *arguments: str) -> None:
    author = ("-c", "user.name=t", "-c", "user.email=t@example.com")
    subprocess.run(["git", *author, *arguments], cwd=folder, check=True)


def commit(repository: Path, name: str, text: str) -> None:
    (repository / name).write_text(text, encoding="utf-8")
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "-m", name)


def release(repository: Path, version: str, schema: dict[str, Any]) -> None:
    commit(repository, "plugin/schema.json", json.dumps({**schema, "version": version}))


def test_a_change_is_compared_with_the_newest_tag_before_it(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def said(code: int) -> str:
        assert main(["--since-tag", str(tmp_path / "no-such-file")], repository) == code
        return capsys.readouterr().out

    release(repository, "0.2.1", changed(HARMLESS["an optional input"]))
    assert said(0) == "nothing breaks programs since v0.2.0\n"
    broken = changed(BREAKING["costack:index:TenantStack url is removed"])
    release(repository, "0.2.1", broken)
    assert said(1).splitlines() == [
        "costack:index:TenantStack url is removed",
        "breaks programs of v0.2.0: a version after 0.2.0 that may do so is needed",
    ]
    git(repository, "tag", "v0.2.1")
    assert said(1).startswith("costack:index:TenantStack url is removed"), "a release is no measure of itself"
    release(repository, "0.3.0", broken)
    assert said(0) == "nothing breaks programs since v0.2.1\n"
    git(repository, "tag", "--delete", "v0.2.1")
    assert said(0).splitlines()[1:] == [
        "version 0.3.0 may break programs of v0.2.0: tell them in CHANGELOG.md"
    ]


def test_a_clone_without_tags_is_compared_with_the_stored_schema(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    release(repository, "0.2.0", changed(BREAKING["costack:index:CostTagged is removed"]))
    git(repository, "tag", "--delete", "v0.2.0")
    assert main(["--since-tag", str(LAST)], repository) == 1
    assert f"breaks programs of {LAST}" in capsys.readouterr().out
    assert main(["--since-tag", str(repository / "none.json")], repository) == 2
    assert "none.json" in capsys.readouterr().err


def test_a_tag_whose_schema_is_broken_is_named(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    commit(repository, "plugin/schema.json", "{")
    git(repository, "tag", "v0.2.1")
    release(repository, "0.2.2", TODAY)
    assert main(["--since-tag", str(LAST)], repository) == 2
    assert "plugin/schema.json of the tag v0.2.1" in capsys.readouterr().err
