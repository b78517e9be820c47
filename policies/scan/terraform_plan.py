"""Renders AWS resources as the JSON of a Terraform plan, the format that scanners read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from policies.scan.registered import Registered, Withheld
from policies.scan.spelling import snake, terraform_type, terraform_values

# Without a Terraform version checkov does not recognise the file.
_MADE_BY: Final = {"format_version": "1.2", "terraform_version": "1.9.0"}
_PROVIDER: Final = "hashicorp/aws"


def terraform_plan(registered: Iterable[Registered]) -> dict[str, Any]:
    """The plan that would create the AWS resources among *registered*.

    A value from another resource becomes Terraform's reference to it (`aws_kms_key.local_key.arn`),
    even if it is known: scanners find connected resources by references only.
    """
    resources = [each for each in registered if terraform_type(each.type)]
    addresses = _addresses(resources)
    # A preview has no outputs; then a name that Pulumi chose is known as an input.
    known = {each.urn: (addresses[each.urn], {**each.inputs, **each.outputs}) for each in resources}
    planned, changes = [], []
    for each in resources:
        values, unknown = _values(each, known)
        about = {"address": addresses[each.urn], "mode": "managed", "provider_name": _PROVIDER}
        about |= dict(zip(("type", "name"), addresses[each.urn].split("."), strict=True))
        change = {"actions": ["create"], "before": None, "after": values, "after_unknown": unknown}
        planned.append({**about, "schema_version": 0, "values": values})
        changes.append({**about, "change": change})
    return {
        **_MADE_BY,
        "planned_values": {"root_module": {"resources": planned}},
        "resource_changes": changes,
        "configuration": {"root_module": {}},
    }


def _addresses(resources: Sequence[Registered]) -> dict[str, str]:
    """URN -> `type.name`; a second resource of the same name gets a number."""
    addresses: dict[str, str] = {}
    for each in resources:
        base = f"{terraform_type(each.type)}.{re.sub(r'[^0-9A-Za-z_]', '_', each.name)}"
        address, number = base, 1
        while address in addresses.values():
            number += 1
            address = f"{base}_{number}"
        addresses[each.urn] = address
    return addresses


_Sources = Sequence[tuple[str, Mapping[str, Any]]]
"""Address and properties of each resource that an input comes from."""


def _values(
    resource: Registered, known: Mapping[str, tuple[str, Mapping[str, Any]]]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The known values of a resource, and the places of unknown ones."""
    linked = {
        key: _linked(
            value, _likely_first(key, [known[urn] for urn in resource.sources.get(key, ()) if urn in known])
        )
        for key, value in resource.inputs.items()
    }
    values = terraform_values(linked)
    return _without_withheld(values), _only_withheld(values)


def _likely_first(name: str, sources: _Sources) -> _Sources:
    """Of sources with the same value, first the one whose output is called as the input is."""
    return sorted(sources, key=lambda each: name not in each[1])


def _linked(value: Any, sources: _Sources) -> Any:
    """The value with references instead of values from other resources."""
    if isinstance(value, Mapping):
        return {key: _linked(item, sources) for key, item in value.items()}
    if isinstance(value, list):
        return [_linked(item, sources) for item in value]
    if value is Withheld.VALUE and sources:
        references = [f"{address}.id" for address, _ in sources]
        return references[0] if len(references) == 1 else "".join(f"${{{each}}}" for each in references)
    for address, outputs in sources if isinstance(value, str) else ():
        for output, answered in outputs.items():
            if _holds(answered, value):
                return f"{address}.{snake(output)}"
    return value


def _holds(answered: Any, value: str) -> bool:
    """Whether an output is the value, or contains it."""
    if isinstance(answered, Mapping):
        return any(_holds(item, value) for item in answered.values())
    if isinstance(answered, list):
        return any(_holds(item, value) for item in answered)
    return bool(answered == value)


def _without_withheld(value: Any) -> Any:
    if isinstance(value, Mapping):
        known = {key: item for key, item in value.items() if item is not Withheld.VALUE and item is not None}
        return {key: _without_withheld(item) for key, item in known.items()}
    if isinstance(value, list):
        return [_without_withheld(item) for item in value if item is not Withheld.VALUE]
    return value


def _only_withheld(value: Any) -> Any:
    """The shape of the value with `true` for withheld parts, as in a plan."""
    if isinstance(value, Mapping):
        return {key: part for key, item in value.items() if (part := _only_withheld(item))}
    if isinstance(value, list):
        parts = [_only_withheld(item) for item in value]
        return parts if any(parts) else None
    return value is Withheld.VALUE
