"""Compares two plain input trees and names, in Pulumi's property paths, only what changed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, NamedTuple

from pulumi.provider.experimental.provider import DiffResponse, PropertyDiff, PropertyDiffKind

from localcloud.properties import Path, path_steps, path_text


class Change(NamedTuple):
    """One path at which two trees differ; an absent side is `None`, as Pulumi drops nulls."""

    path: Path
    old: Any
    new: Any


def changes(old: Any, new: Any, here: Path = ()) -> Iterator[Change]:
    """Every smallest difference of two trees; a map or list that is wholly new or gone is one change."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted({*old, *new}):
            yield from changes(old.get(key), new.get(key), (*here, key))
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            before = old[index] if index < len(old) else None
            after = new[index] if index < len(new) else None
            yield from changes(before, after, (*here, index))
    elif not _same(old, new):
        yield Change(here, old, new)


def difference(
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    *,
    replace_on: Collection[str] = (),
    ignore: Collection[str] = (),
    is_ignorable: Callable[[Path], bool] = lambda _: True,
    remade_for: str = "",
    delete_first: bool = False,
) -> DiffResponse:
    """The engine's answer to "what differs?".

    Args:
        old: inputs of the last update.
        new: checked inputs of this one.
        replace_on: property paths, `*` allowed as a step, below which a change needs a new resource.
        ignore: property paths whose changes the program asked not to see.
        is_ignorable: whether a provider leaves a change at a path out then.
        remade_for: a property path that needs a new resource whatever differs.
        delete_first: whether a replacement must delete the old resource before it creates the new one.
    """
    ignored = [path_steps(text) for text in ignore]
    triggers = [path_steps(text) for text in replace_on]
    detailed: dict[str, PropertyDiff] = {}
    roots: dict[str, bool] = {}
    for change in changes(old, new):
        if any(is_within(change.path, path) for path in ignored) and is_ignorable(change.path):
            continue
        replace = any(_triggers(change, trigger) for trigger in triggers)
        detailed[path_text(change.path)] = PropertyDiff(_kind(change, replace=replace), input_diff=True)
        root = str(change.path[0])
        roots[root] = roots.get(root, False) or replace
    replaced = [root for root, replace in roots.items() if replace]
    replaced += [remade_for] if remade_for else []
    return DiffResponse(
        changes=bool(detailed or remade_for),
        replaces=replaced,
        delete_before_replace=bool(replaced) and delete_first,
        diffs=list(roots),
        detailed_diff=detailed,
    )


def is_within(path: Path, pattern: Path) -> bool:
    """Whether `path` is at or below `pattern`."""
    return len(path) >= len(pattern) and all(
        want in ("*", step) for step, want in zip(path, pattern, strict=False)
    )


def _kind(change: Change, *, replace: bool) -> PropertyDiffKind:
    if change.old is None:
        return PropertyDiffKind.ADD_REPLACE if replace else PropertyDiffKind.ADD
    if change.new is None:
        return PropertyDiffKind.DELETE_REPLACE if replace else PropertyDiffKind.DELETE
    return PropertyDiffKind.UPDATE_REPLACE if replace else PropertyDiffKind.UPDATE


def _triggers(change: Change, trigger: Path) -> bool:
    if is_within(change.path, trigger):
        return True
    if not all(want in ("*", step) for step, want in zip(change.path, trigger, strict=False)):
        return False
    rest = trigger[len(change.path) :]  # a whole map came or went: does it hold what may not change?
    return _holds(change.old, rest) or _holds(change.new, rest)


def _holds(tree: Any, path: Path) -> bool:
    if not path:
        return tree is not None
    if isinstance(tree, Mapping):
        steps = tree.values() if path[0] == "*" else [tree.get(str(path[0]))]
        return any(_holds(item, path[1:]) for item in steps)
    return isinstance(tree, list) and path[0] == "*" and any(_holds(item, path[1:]) for item in tree)


def _same(old: Any, new: Any) -> bool:
    if isinstance(old, bool) or isinstance(new, bool):
        return old is new
    return bool(old == new)
