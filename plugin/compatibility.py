"""What breaks programs between two schemas of the package. Run `python -m plugin.compatibility OLD NEW`.

A program breaks when something it may use is gone, has another type, or needs what was optional. It does not
when something optional, a component, or a word of an enum is added, or a description changes.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from tiers.errors import CatalogError
from tiers.files import read_json

Spec = Mapping[str, Any]
_SIDES: Final = (
    ("resources", ("inputProperties",), ("requiredInputs",), "input"),
    ("resources", ("properties",), ("required",), "output"),
    ("functions", ("inputs", "properties"), ("inputs", "required"), "input"),
    ("functions", ("outputs", "properties"), ("outputs", "required"), "output"),
    ("types", ("properties",), ("required",), "either"),
)
_WORDS: Final = ("description", "deprecationMessage", "default", "secret", "language")
"""What of a property may change: no program that compiles today stops doing so."""


def breaks(old: Spec, new: Spec) -> list[str]:
    """A sentence for everything in *old* that a program cannot use in the same way with *new*."""
    return [*_gone(old, new), *_changed(old, new), *_fewer_words(old, new)]


def _gone(old: Spec, new: Spec) -> Iterator[str]:
    for kind in ("resources", "functions", "types"):
        for token in sorted(old.get(kind, {}).keys() - new.get(kind, {}).keys()):
            yield f"{token} is removed"


def _changed(old: Spec, new: Spec) -> Iterator[str]:
    for kind, fields, needed, use in _SIDES:
        for token, before in sorted(old.get(kind, {}).items()):
            after = new.get(kind, {}).get(token)
            if after is not None:
                had, has = _at(before, fields), _at(after, fields)
                for name in sorted(had):
                    yield from _property(f"{token} {name}", had[name], has.get(name), use)
                yield from _needs(token, (had, has), (_at(before, needed), _at(after, needed)), use)


def _property(name: str, before: Spec, after: Spec | None, use: str) -> Iterator[str]:
    """An output is a secret if its value is one, whatever the schema says of it."""
    if after is None:
        yield f"{name} is removed"
    elif _typed(before) != _typed(after):
        yield f"{name} changes its type"
    elif use == "input" and before.get("secret", False) and not after.get("secret", False):
        yield f"{name} is no longer a secret"
    else:
        yield from _renamed(name, before.get("language", {}), after.get("language", {}))


def _renamed(name: str, before: Spec, after: Spec) -> Iterator[str]:
    """A name of its own in a language goes with the programs in it.

    In C#, a property that is spelled as its class does not compile: no program has one.
    """
    token, _, spelled = name.partition(" ")
    for language in sorted(before.keys() | after.keys()):
        had, has = (each.get(language, {}).get("name") for each in (before, after))
        new = language == "csharp" and had is None and token.rpartition(":")[2].lower() == spelled.lower()
        if had != has and not new:
            yield f"{name} changes its name in {language}"


def _needs(token: str, fields: tuple[Spec, Spec], needed: tuple[Any, Any], use: str) -> Iterator[str]:
    before, after = map(set, needed)
    if use in ("input", "either"):
        for name in sorted(after - before):
            added = "" if name in fields[0] else ", and it is new"
            yield f"{token} {name} is required{added}"
    if use in ("output", "either"):
        for name in sorted((before - after) & fields[1].keys()):
            yield f"{token} {name} may be absent"


def _fewer_words(old: Spec, new: Spec) -> Iterator[str]:
    for token, before in sorted(old.get("types", {}).items()):
        after = new.get("types", {}).get(token, before)
        left = {each["value"] for each in after.get("enum", ())}
        for each in before.get("enum", ()):
            if each["value"] not in left:
                yield f"{token} no longer has '{each['value']}'"


def _typed(spec: Any) -> Any:
    """The type of a property without what is only told of it."""
    if isinstance(spec, Mapping):
        return {name: _typed(each) for name, each in spec.items() if name not in _WORDS}
    return [_typed(each) for each in spec] if isinstance(spec, list) else spec


def _at(spec: Spec, path: tuple[str, ...]) -> Any:
    found: Any = spec
    for step in path:
        found = found.get(step, {})
    return found


def may_break(old: str, new: str) -> bool:
    """Whether a version may break programs of an older one (Semantic Versioning, 4 and 8).

    >>> may_break("0.2.0", "0.3.0"), may_break("0.2.0", "0.2.1"), may_break("1.2.0", "1.3.0")
    (True, False, False)
    """
    before, after = _numbers(old), _numbers(new)
    return after[:1] > before[:1] or (after[:1] == (0,) and after[:2] > before[:2])


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(each) for each in re.findall(r"\d+", version))


def main(arguments: list[str]) -> int:
    """Print every break; exit code 1 if there is one, 2 when a schema cannot be read."""
    if len(arguments) != len(("old", "new")):
        print("expected two files: python -m plugin.compatibility OLD NEW", file=sys.stderr)  # noqa: T201
        return 2
    try:
        old, new = (read_json(Path(each)) for each in arguments)
        found = breaks(old, new)
    except CatalogError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 2
    print("\n".join(found) if found else "nothing breaks")  # noqa: T201
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
