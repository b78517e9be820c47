"""Names of fields in programs and in files, and keys that are nobody's but the user's."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from plugin.package import package_spec
from plugin.schema import PATH
from plugin.spelling import Spelling, SpellingError, camel, snake
from tests.portfolios import ROOT
from tiers.portfolio.platform import Platform
from tiers.portfolio.tenant import Tenant

SCHEMA = json.loads(PATH.read_text(encoding="utf-8"))
PLATFORM = {"$ref": "#/types/costack:index:Platform"}
TENANT = {"$ref": "#/types/costack:index:Tenant"}
FILES = sorted((ROOT / "examples" / "every-option").rglob("*.yaml"))


@pytest.fixture
def spelling() -> Spelling:
    return Spelling(SCHEMA)


def test_every_field_of_every_type_has_two_names_that_mean_each_other() -> None:
    fields = [name for spec in SCHEMA["types"].values() for name in spec.get("properties", {})]
    assert len(fields) > 150
    assert [name for name in fields if camel(snake(name)) != name] == []
    assert any(camel(name) != snake(name) for name in fields)


def test_what_files_say_goes_to_a_program_and_back(spelling: Spelling) -> None:
    """All examples of the documentation, which have every field there is."""
    seen = 0
    for path in FILES:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        spec = PLATFORM if path.name == "platform.yaml" else TENANT
        said = spelling.for_program(document, spec)
        assert "_" not in "".join(_fields(said, spec)), path
        assert spelling.for_file(said, spec, "") == document, path
        assert spelling.for_file(document, spec, "") == document, "a program may pass a file as it is"
        seen += 1
    assert seen > 5


def _fields(value: Any, spec: dict[str, Any]) -> list[str]:
    """The names of fields in *value*, without keys of maps."""
    if isinstance(value, list):
        return [name for each in value for name in _fields(each, spec.get("items", {}))]
    if not isinstance(value, dict):
        return []
    token = spec.get("$ref", "").removeprefix("#/types/")
    known = SCHEMA["types"].get(token, {}).get("properties")
    if known is None:
        return [
            name for each in value.values() for name in _fields(each, spec.get("additionalProperties", {}))
        ]
    return [*value, *(name for key, each in value.items() for name in _fields(each, known.get(key, {})))]


def test_a_users_own_keys_stay_as_they_are(spelling: Spelling) -> None:
    monitoring = {"namespace": "observability", "ruleLabels": {"my_release": "a", "myRelease": "b"}}
    document = {"monitoring": monitoring, "clientDomains": {"acme_corp": ["a.example.com"]}}
    found = spelling.for_file(document, PLATFORM, "platform")
    assert found["monitoring"]["rule_labels"] == {"my_release": "a", "myRelease": "b"}
    assert found["client_domains"] == {"acme_corp": ["a.example.com"]}
    assert spelling.for_program(found, PLATFORM) == document


def test_a_field_in_both_spellings_is_refused(spelling: Spelling) -> None:
    both = {"images": {"odoo": {"runAsUser": 1, "run_as_user": 2}}}
    with pytest.raises(SpellingError, match=r"platform\.images\.odoo\.runAsUser: is given as") as caught:
        spelling.for_file(both, PLATFORM, "platform")
    assert caught.value.path == "platform.images.odoo.runAsUser"


def test_a_mistake_is_told_by_the_name_that_programs_have(spelling: Spelling) -> None:
    listed = {"type": "array", "items": TENANT}
    assert spelling.path((0, "options", "mail_ports", 1), listed) == "[0].options.mailPorts[1]"
    assert spelling.path(("monitoring", "rule_labels", "my_key"), PLATFORM) == ".monitoring.ruleLabels.my_key"
    assert spelling.path(("no_such_field",), PLATFORM) == ".no_such_field"


def test_the_types_are_those_of_the_models() -> None:
    types = package_spec("0", {"license": ""})["types"]
    for model in (Platform, Tenant):
        made = types[f"costack:index:{model.__name__}"]
        assert set(map(snake, made["properties"])) == set(model.model_fields)
