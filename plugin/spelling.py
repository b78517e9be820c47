"""Names of fields in programs and in files: `serviceLine` and `service_line` are one field.

What is a field and what is a key of the user's own, such as a label, the schema says: keys stay as they are.
A program may write fields as files do, too: so it can pass what it read from a `platform.yaml`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Spec = Mapping[str, Any]
Path = tuple[int | str, ...]


class SpellingError(ValueError):
    """A field is given in both spellings; says where."""

    def __init__(self, path: str, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(f"{path}: {reason}")


def camel(name: str) -> str:
    """The name of a field in Pulumi's schema.

    >>> camel("service_line"), camel("serviceLine")
    ('serviceLine', 'serviceLine')
    """
    first, *rest = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in rest)


def snake(name: str) -> str:
    """The name of a field in a file.

    >>> snake("cpuRequestMillicores"), snake("service_line")
    ('cpu_request_millicores', 'service_line')
    """
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


class Spelling:
    """Renames the fields of values, as the types of *schema* have them."""

    def __init__(self, schema: Spec) -> None:
        self._types: Spec = schema["types"]

    def for_file(self, value: Any, spec: Spec, path: str) -> Any:
        """*value*, which is at *path* of a program's inputs, with the names that files have.

        Raises:
            SpellingError: When a field is given in both spellings.
        """
        return self._renamed(value, spec, path, snake)

    def for_program(self, value: Any, spec: Spec) -> Any:
        """*value* with the names that programs have."""
        return self._renamed(value, spec, "", camel)

    def path(self, where: Path, spec: Spec) -> str:
        """The place *where* below a property of *spec*, as an engine writes it: `[0].serviceLine`."""
        found = ""
        for step in where:
            if isinstance(step, int):
                found, spec = f"{found}[{step}]", spec.get("items", {})
                continue
            fields = self._fields(spec)
            found += f".{camel(step) if camel(step) in fields else step}"
            spec = fields.get(camel(step)) or spec.get("additionalProperties", {})
        return found

    def _fields(self, spec: Spec) -> Spec:
        token = str(spec.get("$ref", "")).removeprefix("#/types/")
        fields: Spec = self._types.get(token, {}).get("properties", {})
        return fields

    def _renamed(self, value: Any, spec: Spec, path: str, rename: Callable[[str], str]) -> Any:
        if isinstance(value, list):
            items = spec.get("items", {})
            return [self._renamed(each, items, f"{path}[{n}]", rename) for n, each in enumerate(value)]
        if not isinstance(value, Mapping):
            return value
        fields, values = self._fields(spec), spec.get("additionalProperties", {})
        found: dict[str, Any] = {}
        for key, each in value.items():
            field = fields.get(camel(key))
            name = key if field is None else rename(key)
            if name in found:
                raise SpellingError(f"{path}.{camel(key)}", f"is given as '{camel(key)}' and as '{name}'")
            found[name] = self._renamed(each, values if field is None else field, f"{path}.{key}", rename)
        return found
