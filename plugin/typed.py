"""Types of Pulumi's schema, made from the models of files and contracts: each fact is written once, there.

Names of fields become `camelCase`, docstrings descriptions, closed lists of words enums, and `null` stands
for "left out", as it does in the SDKs that Pulumi generates. What a program decides before a deployment is
`plain`: no output of another resource.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel

from plugin.spelling import camel
from tiers.schemas import json_schema

PACKAGE: Final = "costack"
_LINK: Final = re.compile(r"\[([^\]]+)\]\(([a-z-]+\.md)[^)]*\)")

Spec = dict[str, Any]
"""A part of Pulumi's schema (pulumi, pkg/codegen/schema: `TypeSpec`, `PropertySpec`, `ComplexTypeSpec`)."""


class Types:
    """Collects the types of a package; a type is named after its model, and made once."""

    def __init__(self) -> None:
        self.made: dict[str, Spec] = {}

    def of_model(self, model: type[BaseModel], *, plain: bool) -> Spec:
        """A property that holds *model*; its type, and those of its fields, are added to `made`."""
        schema = json_schema(model)
        return self._made(model.__name__, schema, schema.get("$defs", {}), plain=plain)

    def fields_of(self, model: type[BaseModel], *, plain: bool) -> Spec:
        """The `properties` and `required` of *model*, to be those of a resource or a function.

        Only these have defaults that SDKs fill in. Where a nested field has one, the SDK of Node.js makes an
        output of what holds it, so that it is no longer known before a deployment (pulumi 3.259,
        codegen/nodejs/gen.go, `ProvideDefaults`).
        """
        schema = json_schema(model)
        fields = self._fields(model.__name__, schema, schema.get("$defs", {}), plain=plain)
        for name, field in schema["properties"].items():
            default, made = field.get("default"), fields["properties"][camel(name)]
            if isinstance(default, (bool, int, str)) and "oneOf" not in made:
                made["default"] = default
        return fields

    def _made(self, name: str, schema: Mapping[str, Any], known: Mapping[str, Any], *, plain: bool) -> Spec:
        token = f"{PACKAGE}:index:{name}"
        if token not in self.made:
            self.made[token] = {}  # a type may contain itself
            if "enum" in schema:
                self.made[token] = _enum(schema, schema["description"])
            else:
                fields = self._fields(name, schema, known, plain=plain)
                self.made[token] = {"type": "object", "description": told(schema), **fields}
        return {"$ref": f"#/types/{token}"}

    def _fields(
        self, owner: str, schema: Mapping[str, Any], known: Mapping[str, Any], *, plain: bool
    ) -> Spec:
        properties = {
            camel(name): self._property(f"{owner}{name.title().replace('_', '')}", field, known, plain=plain)
            for name, field in schema["properties"].items()
        }
        return {"properties": properties, "required": sorted(map(camel, schema.get("required", ())))}

    def _property(
        self, name: str, field: Mapping[str, Any], known: Mapping[str, Any], *, plain: bool
    ) -> Spec:
        shape = self._type(name, field, known, plain=plain)
        # Of a field that is told in the words of its model, pydantic keeps the model's.
        model = self.made.get(shape.get("$ref", "").removeprefix("#/types/"), {})
        made: Spec = {"description": told(field) or model.get("description", ""), **shape}
        default = field.get("default")
        if default or default is False:
            made["description"] += f" Left out: {json.dumps(default)}."
        if field.get("deprecated"):
            made["deprecationMessage"] = made["description"]
        return made

    def _type(self, name: str, field: Mapping[str, Any], known: Mapping[str, Any], *, plain: bool) -> Spec:
        made = self._shape(name, field, known, plain=plain)
        return {**made, "plain": True} if plain else made

    def _shape(self, name: str, field: Mapping[str, Any], known: Mapping[str, Any], *, plain: bool) -> Spec:
        if "$ref" in field:
            model = field["$ref"].rpartition("/")[2]
            return self._made(model, known[model], known, plain=plain)
        if "anyOf" in field:
            return self._either(name, field, known, plain=plain)
        if field["type"] == "array":
            return {"type": "array", "items": self._type(name, field["items"], known, plain=plain)}
        if field["type"] == "object":
            (values,) = field.get("patternProperties", {"": field.get("additionalProperties")}).values()
            return {"type": "object", "additionalProperties": self._type(name, values, known, plain=plain)}
        words = field.get("enum") or ([field["const"]] if "const" in field else None)
        if words and field["type"] == "string":
            token = f"{PACKAGE}:index:{name}"
            self.made[token] = _enum({**field, "enum": words}, told(field))
            return {"$ref": f"#/types/{token}"}
        return {"type": field["type"]}

    def _either(self, name: str, field: Mapping[str, Any], known: Mapping[str, Any], *, plain: bool) -> Spec:
        given, described = [each for each in field["anyOf"] if each.get("type") != "null"], told(field)
        if len(given) == 1:
            return self._shape(name, {"description": described, **given[0]}, known, plain=plain)
        types = sorted(each["type"] for each in given)
        if types == ["number", "string"]:
            return {"type": "string"}  # money: a number of a program is rounded, its text is not
        # Pulumi's Go has no unions of enums; the words of one are in the description.
        return {"oneOf": [{"type": each, **({"plain": True} if plain else {})} for each in types]}


def _enum(schema: Mapping[str, Any], description: str) -> Spec:
    names = ("".join(part.title() for part in re.split(r"[^A-Za-z0-9]", word)) for word in schema["enum"])
    values = [{"name": name, "value": word} for name, word in zip(names, schema["enum"], strict=True)]
    return {"type": schema["type"], "description": description, "enum": values}


def told(schema: Mapping[str, Any]) -> str:
    """The description of *schema* as a page of an SDK shows it: links name the page of our documentation."""
    paragraphs = schema.get("description", "").split("\n\n")
    text = "\n\n".join(" ".join(each.split()) for each in paragraphs)
    return _LINK.sub(r"\1 (docs/\2)", text)
