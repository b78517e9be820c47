"""The schema: everything has a type and a description, and nothing is a map of anything."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from plugin.package import package_spec
from plugin.schema import PATH, schema_text
from tests.portfolios import ROOT
from tiers.portfolio.tenant import Tenant
from tiers.vocabulary import Environment, LifecycleStage

ANY = "pulumi.json#/Any"
OPAQUE = {
    "SharedPlatform.inventory",
    "TenantStack.inventory",
    "Inventory.platform",
    "Inventory.tenants[]",
    "Inventory.inventory",
}
"""The parts of an inventory, whose format has a version of its own; each description says so."""


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(schema_text())
    return read


def properties(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every property of every type, resource and function, by the name it has there."""
    for token, spec in schema["types"].items():
        yield from _named(token, spec.get("properties", {}))
    for token, spec in schema["resources"].items():
        yield from _named(token, spec["inputProperties"])
        yield from _named(token, spec["properties"])
    for token, spec in schema["functions"].items():
        yield from _named(token, spec["inputs"]["properties"])
        yield from _named(token, spec["outputs"]["properties"])


def _named(token: str, found: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    return ((f"{token.rpartition(':')[2]}.{name}", spec) for name, spec in found.items())


def anything(name: str, spec: Any) -> Iterator[str]:
    """Where below a property anything may be: `[]` in a list, `{}` in a map."""
    if spec.get("$ref") == ANY or not ({"$ref", "type", "oneOf"} & spec.keys()):
        yield name
    if spec.get("type") == "object" and "additionalProperties" not in spec:
        yield f"{name}{{}}"
    for part, mark in (("items", "[]"), ("additionalProperties", "{}")):
        if part in spec:
            yield from anything(name + mark, spec[part])


def test_the_committed_schema_is_made_of_the_models() -> None:
    assert PATH.read_text(encoding="utf-8") == schema_text(), "run `make schemas`"


def test_every_property_type_and_component_is_described(schema: dict[str, Any]) -> None:
    found = dict(properties(schema))
    assert len(found) > 200
    assert [name for name, spec in found.items() if not spec.get("description")] == []
    above = {**schema["types"], **schema["resources"], **schema["functions"]}
    assert [token for token, spec in above.items() if not spec.get("description")] == []
    links = [name for name, spec in found.items() if "](" in spec["description"]]
    assert links == [], "a link of our pages leads nowhere in an SDK"


def test_nothing_is_a_map_of_anything(schema: dict[str, Any]) -> None:
    found = {name for key, spec in properties(schema) for name in anything(key, spec)}
    assert found == OPAQUE
    for name, spec in properties(schema):
        if name in OPAQUE:
            assert "schema_version" in spec["description"], name


def test_words_of_a_closed_list_are_enums_and_tiers_are_not(schema: dict[str, Any]) -> None:
    types, tenant = schema["types"], schema["types"]["costack:index:Tenant"]["properties"]
    for field, words in (("environment", Environment), ("lifecycleStage", LifecycleStage)):
        listed = types[tenant[field]["$ref"].removeprefix("#/types/")]["enum"]
        assert [each["value"] for each in listed] == list(words), field
    assert tenant["tier"]["type"] == "string", "tiers are the catalog's, which may be one's own"


def test_defaults_are_told_and_an_sdk_fills_them_in_at_the_top_only(schema: dict[str, Any]) -> None:
    """Node.js makes an output of an object with defaults in it, and a platform may not be one."""
    inputs = schema["resources"]["costack:index:TenantStack"]["inputProperties"]
    assert (inputs["lifecycleStage"]["default"], inputs["protected"]["default"]) == ("active", True)
    nested = schema["types"]["costack:index:Tenant"]["properties"]
    assert nested["lifecycleStage"]["description"].endswith('Left out: "active".')
    assert [name for name, spec in _all(schema["types"]) if "default" in spec] == []
    options = schema["types"]["costack:index:Options"]["properties"]
    assert options["warmStandby"]["description"].endswith("Left out: false.")


def _all(types: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    return (each for token, spec in types.items() for each in _named(token, spec.get("properties", {})))


def test_the_token_is_a_secret_where_it_is_given(schema: dict[str, Any]) -> None:
    found = {name for name, spec in properties(schema) if spec.get("secret")}
    assert found == {"TenantStack.sessionToken"}


def test_no_output_of_a_component_is_marked_as_a_secret(schema: dict[str, Any]) -> None:
    """SDKs for C# and Java would not compile; `session_token` of a `SharedPlatform` is one by its value."""
    outputs = [spec for each in schema["resources"].values() for spec in each["properties"].values()]
    assert len(outputs) > 15
    assert [spec for spec in outputs if spec.get("secret")] == []


def test_no_property_is_spelled_as_its_class_in_csharp(schema: dict[str, Any]) -> None:
    """CS0542: member names cannot be the same as their enclosing type."""
    alike = [
        spec.get("language", {}).get("csharp", {}).get("name")
        for name, spec in properties(schema)
        if name.partition(".")[0].lower() == name.partition(".")[2].lower()
    ]
    assert sorted(alike) == ["Id", "Joined"]


def test_what_is_decided_before_a_deployment_is_plain(schema: dict[str, Any]) -> None:
    inputs = schema["resources"]["costack:index:TenantStack"]["inputProperties"]
    assert {name for name, spec in inputs.items() if not spec.get("plain")} == {"contract", "sessionToken"}
    for kind, plain in (
        ("Platform", True),
        ("OdooImage", True),
        ("Options", True),
        ("ContractServer", False),
    ):
        fields = schema["types"][f"costack:index:{kind}"]["properties"]
        assert {spec.get("plain", False) for spec in fields.values()} == {plain}, kind


def test_a_tenant_stack_takes_every_field_of_a_tenant_file(schema: dict[str, Any]) -> None:
    stack = schema["resources"]["costack:index:TenantStack"]
    of_the_platform = {"platform", "contract", "sessionToken"}

    def camel(name: str) -> str:
        first, *rest = name.split("_")
        return first + "".join(map(str.title, rest))

    fields = {camel(name): field.is_required() for name, field in Tenant.model_fields.items()}
    assert set(stack["inputProperties"]) == fields.keys() | of_the_platform
    required = {name for name, needed in fields.items() if needed}
    assert set(stack["requiredInputs"]) == required | of_the_platform


@pytest.mark.whole("`make schemas` writes them; the committed schema is compared here")
def test_version_licence_and_addresses_come_from_the_project(schema: dict[str, Any]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert (schema["version"], schema["license"]) == (project["version"], project["license"])
    urls = {"Repository": "https://git.example.com/costack", "Logo": "https://git.example.com/logo.svg"}
    told = package_spec("1.2.3", {"license": "MIT", "urls": urls})
    assert (told["repository"], told["logoUrl"]) == (urls["Repository"], urls["Logo"])
    assert "homepage" not in told, "an address that nobody named is not made up"
