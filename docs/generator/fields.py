"""The page of a portfolio's files: fields with values, default, meaning and example, from the schemas."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from docs.generator.markdown import NOTICE, anchor, table
from tiers.catalog.loading import load_catalog
from tiers.catalog.tier import Catalog
from tiers.schemas import MODELS, json_schema
from tiers.vocabulary import LARGEST, Environment

Schema = Mapping[str, Any]
Document = tuple[str, yaml.Node]
"""A file's text, and what YAML makes of it."""
EXAMPLES: Final = ("portfolios/local", "examples/every-option", "examples/own-catalog/portfolios/alpine")
"""Portfolios whose files give the examples; the first file that has a field gives its example."""

_INTRODUCTION: Final = """\
A tenant is one file, `portfolios/<portfolio>/tenants/<tenant>.yaml`; what all tenants share is
`portfolios/<portfolio>/platform.yaml`. `costack validate` checks both and names file and line of every
mistake. Editors check them too, with `tiers/schema/tenant.schema.json` and
`tiers/schema/platform.schema.json`.

A small tenant needs nine lines:

```yaml
{small}
```

[portfolios/local](../portfolios/local) has seven tenants on all four tiers; in
[examples/every-option](../examples/every-option) every field of a tenant's file is used at least once."""
_ENVIRONMENTS: Final = """\
A tenant of an environment that is not production is **neutralised**: its pods start only on a database
without mail servers, payments and scheduled actions, and reach nothing outside the cluster. It may
[sleep](lifecycle.md#sleep). What a tier is sold for, and its fee per month:

{fees}

- `staging` has dumps of its own; people try a change in it before production gets it.
- `development` is for who writes modules. It has no dumps: its data is made anew.
- `analytics` is for reports on a copy of production that would slow production down. It has no scheduled
  actions, no dumps and a small file store. People and programs read it through Odoo, with users who may only
  read: nobody from outside the cluster reaches its database.
- `migration` lasts until its [end date](lifecycle.md#end-dates).

A client's sandbox need not be of the tier of its production: sizes are options."""
_HEAD: Final = ("field", "value", "default", "meaning", "example")


def _fees(catalog: Catalog) -> str:
    """What each tier costs in each environment."""
    tiers = sorted(catalog.tiers.values(), key=lambda each: each.offers[Environment.PRODUCTION].fee_per_month)
    rows = [
        [
            f"`{environment}`",
            *(
                f"{each.offers[environment].fee_per_month} {each.currency}"
                if environment in each.offers
                else "-"
                for each in tiers
            ),
        ]
        for environment in Environment
    ]
    return table(["environment", *(f"`{each.tier}`" for each in tiers)], rows)


def tenant_page(root: Path) -> str:
    """The page, with examples from the portfolios in *root*."""
    portfolios = [root / name for name in EXAMPLES]
    tenants = [_read(path) for folder in portfolios for path in sorted(folder.glob("tenants/*.yaml"))]
    platforms = [_read(folder / "platform.yaml") for folder in portfolios]
    small = _without_comments(root / EXAMPLES[0] / "tenants" / "acme.yaml")
    return (
        "\n\n".join(
            [
                NOTICE,
                "# The files of a portfolio",
                _INTRODUCTION.format(small=small),
                "## Environments",
                _ENVIRONMENTS.format(fees=_fees(load_catalog())),
                "## A tenant's file",
                *_sections(json_schema(MODELS["tenant"]), tenants),
                "## `platform.yaml`",
                *_sections(json_schema(MODELS["platform"]), platforms),
            ]
        )
        + "\n"
    )


def field_paths(schema: Schema) -> Iterator[str]:
    """The name of every field, with those of the records within: `options.users`."""
    yield from (path for path, _, _, _ in _fields(schema, schema, ""))


def _sections(schema: Schema, documents: Sequence[Document]) -> Iterator[str]:
    """A table for the file itself, and one for every record that lies in it."""
    by_record: dict[str, list[list[str]]] = {}
    for path, name, field, required in _fields(schema, schema, ""):
        record = path.removesuffix(name).rstrip(".")
        by_record.setdefault(record, []).append(
            [
                f"`{name}`",
                _values(schema, path, field),
                "*required*" if required else _default(field),
                _meaning(schema, field),
                _example(path, documents),
            ]
        )
    for record, rows in by_record.items():
        if record:
            yield f"### `{record}`"
        yield table(_HEAD, rows)


def _fields(whole: Schema, record: Schema, prefix: str) -> Iterator[tuple[str, str, Schema, bool]]:
    for name, field in record["properties"].items():
        yield f"{prefix}{name}", name, field, name in record.get("required", ())
        inner, repeated = _record(whole, field)
        if inner is not None:
            yield from _fields(whole, inner, f"{prefix}{name}{repeated}.")


def _record(whole: Schema, field: Schema) -> tuple[Schema | None, str]:
    """The record that a field holds, if it holds one, and how a list or a mapping of them is written."""
    for option in _options(whole, field):
        if "properties" in option:
            return option, ""
        for key, repeated in (("items", "[]"), ("additionalProperties", ".*")):
            inner = option.get(key)
            if isinstance(inner, dict) and "properties" in (found := _resolved(whole, inner)):
                return found, repeated
    return None, ""


def _options(whole: Schema, field: Schema) -> list[Schema]:
    """What a field may be; that it may be left out is said by its default."""
    options = [_resolved(whole, each) for each in field.get("anyOf", [field])]
    return [option for option in options if option.get("type") != "null"]


def _resolved(whole: Schema, field: Schema) -> Schema:
    reference = field.get("$ref")
    return field if reference is None else whole["$defs"][reference.rpartition("/")[2]]


def _values(whole: Schema, path: str, field: Schema) -> str:
    inner, repeated = _record(whole, field)
    if inner is not None:
        below = f"[record](#{anchor(path + repeated)})"
        return {"[]": f"list, each a {below}", ".*": f"mapping of names, each to a {below}"}.get(
            repeated, below
        )
    kinds = [_kind(whole, option) for option in _options(whole, field)]
    if {"number", "text"} <= {kind.split(",")[0].split(" ")[0] for kind in kinds}:
        return "amount, two decimals"
    return " or ".join(dict.fromkeys(kinds))


def _kind(whole: Schema, option: Schema) -> str:
    if "enum" in option:
        return ", ".join(f"`{value}`" for value in option["enum"])
    if "const" in option:
        return f"`{option['const']}`"
    if option.get("type") == "array":
        return f"list of {_kind(whole, _resolved(whole, option['items']))}"
    if option.get("type") == "object":
        return "mapping of names to text"
    return _SCALARS[option["type"], option.get("format")] + _bounds(option)


_SCALARS: Final = {
    ("boolean", None): "`true`, `false`",
    ("integer", None): "whole number",
    ("number", None): "number",
    ("string", None): "text",
    ("string", "date"): "date",
    ("string", "date-time"): "time with zone",
}


def _bounds(option: Schema) -> str:
    lowest = option.get("minimum", option["exclusiveMinimum"] + 1 if "exclusiveMinimum" in option else None)
    highest = option.get("maximum")
    if highest == LARGEST:  # the bound of every number, which docs/limits.md states once
        highest = None
    if lowest is None and highest is None:
        return ""
    return f" from {lowest}" + ("" if highest is None else f" to {highest}")


def _default(field: Schema) -> str:
    default = field.get("default")
    if default is None or default in ([], {}):
        return "none"
    return f"`{json.dumps(default).strip(chr(34))}`"


def _meaning(whole: Schema, field: Schema) -> str:
    said = field.get("description") or next(
        (option["description"] for option in _options(whole, field) if "description" in option), ""
    )
    return " ".join(said.split())


def _example(path: str, documents: Sequence[Document]) -> str:
    """The value as the first file that has it writes it; of a record that fills lines, nothing."""
    for text, document in documents:
        for node in _found(document, path.split(".")):
            written = text[node.start_mark.index : node.end_mark.index].strip()
            one_line = isinstance(node, yaml.ScalarNode) or written[:1] in {"[", "{"}
            return f"`{written}`" if one_line and "\n" not in written else ""
    return ""


def _found(node: yaml.Node, path: Sequence[str]) -> Iterator[yaml.Node]:
    """Every value that lies at *path*; `[]` goes into a list, `*` into a mapping."""
    if not path:
        yield node
    elif isinstance(node, yaml.MappingNode):
        name, listed = path[0].removesuffix("[]"), path[0].endswith("[]")
        for key, value in node.value:
            if name in {key.value, "*"}:
                for each in value.value if listed else [value]:
                    yield from _found(each, path[1:])


def _read(path: Path) -> Document:
    text = path.read_text(encoding="utf-8")
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    if node is None:
        raise ValueError(f"{path} is empty")
    return text, node


def _without_comments(path: Path) -> str:
    lines = path.read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if not line.startswith("#"))
