"""The sentences on what was asked for and is not there yet."""

from __future__ import annotations

from calendar import day_name
from collections.abc import Callable, Mapping
from typing import Any, Final

from allocation.adapters.pulumi.resource_sizes import Sizes, differing, said
from tiers.deployed import is_released
from tiers.facts.every_fact import CacheGroup, Fact, FactId
from tiers.vocabulary import version_numbers

_PHRASES: Final[Mapping[str, Callable[[Any], str]]] = {
    "instance_class": "class {}".format,
    "instance_type": "machine type {}".format,
    "node_type": "node class {}".format,
    "engine_version": "version {}".format,
    "multi_az": lambda both: "two zones" if both else "one zone",
    "nodes": lambda number: "one node" if number == 1 else f"{number} nodes",
    "replicas": lambda number: "one pod" if number == 1 else f"{number or 'no'} pods",
    "storage_gib": "{} GiB of storage".format,
    "compute.cpu_request_millicores": "CPU request {} m".format,
    "compute.cpu_limit_millicores": "CPU limit {} m".format,
    "compute.memory_request_mib": "memory request {} MiB".format,
    "compute.memory_limit_mib": "memory limit {} MiB".format,
}
"""A field of `Sizes` -> its value in words."""


_VERSION: Final = "engine_version"
_PROMOTED: Final = "promoted"
_DAYS: Final[Mapping[str, str]] = {name[:3].lower(): name for name in day_name}


def in_words(name: str, value: Any) -> str:
    """The value of a field of `Sizes` as people say it.

    >>> in_words("multi_az", True), in_words("compute.cpu_request_millicores", 500)
    ('two zones', 'CPU request 500 m')
    """
    return _PHRASES[name](value)


def waiting(after: Fact, sizes: Sizes, applied: Sizes) -> list[str]:
    """A sentence for what AWS changes later, and one for what no update has changed yet.

    Args:
        after: What is asked for.
        sizes: What is there.
        applied: What the last update asked the cloud for, as far as the cloud may do it later.
    """
    later, never = [], []
    differs = differing(after, sizes)
    newer = _name_of_newer(after, sizes, differs)
    for name in differs:
        if name in (newer, _PROMOTED):
            continue
        there, wanted = in_words(name, sizes[name]), in_words(name, said(after, name))
        if applied.get(name) == said(after, name):
            later.append(f"{there} to {wanted}")
        else:
            never.append(f"{there} instead of {wanted}")
    window = getattr(after, "maintenance_window", None)
    when = f"on {_opening(window)}, when its maintenance window opens" if window else "later"
    return [
        *(
            [f"{after.id}: AWS changes {', '.join(later)} {when}; run `pulumi refresh` after it"]
            if later
            else []
        ),
        *([f"{after.id}: has {', '.join(never)}; run `pulumi up`"] if never else []),
        *([_newer(after, str(sizes[newer]))] if newer else []),
        *([_promoted(after.id, there=bool(sizes[_PROMOTED]))] if _PROMOTED in differs else []),
    ]


def _opening(window: str) -> str:
    """When a window such as sun:03:00-sun:04:00 opens."""
    day, _, time = window.partition("-")[0].partition(":")
    return f"{_DAYS[day]} at {time} UTC"


def _name_of_newer(after: Fact, sizes: Sizes, differs: list[str]) -> str | None:
    """The field of a version that is older than the one there; None where it is not."""
    if _VERSION not in differs:
        return None
    there, wanted = (version_numbers(str(each)) for each in (sizes[_VERSION], said(after, _VERSION)))
    return _VERSION if there > wanted else None


def _newer(after: Fact, there: str) -> str:
    """That a newer version runs than the file says, and what the next update would do.

    RDS refuses a downgrade (RDS API Reference, ModifyDBInstance, `EngineVersion`); the provider replaces a
    cache (terraform-provider-aws, internal/service/elasticache/engine_version.go).
    """
    wanted, minor = said(after, _VERSION), ".".join(there.split(".")[:2])
    if isinstance(after, CacheGroup):
        what, write = "a new, empty cache would replace it at the next update", f'"{minor}"'
    else:
        what, write = "the next update would fail", f'"{minor.partition(".")[0]}", or "{minor}"'
    return f"{after.id}: runs version {there}, newer than {wanted}: {what}; write engine_version: {write}"


def _promoted(fact: FactId, *, there: bool) -> str:
    """That a standby is promoted and its file does not say so, or the other way round."""
    if not there:
        return f"{fact}: still follows its server, and could not be deleted: write warm_standby: true"
    return (
        f"{fact}: was promoted and has data of its own: write warm_standby: promoted and run `pulumi up`, or "
        "it goes without a final snapshot"
    )


def replaced(fact: FactId) -> str:
    """That a resource was replaced, and its deletion failed."""
    return f"{fact}: the old one is still there and bills; run `pulumi up`"


def deleted(fact: FactId) -> str:
    """That a resource was deleted, and the one that replaces it is not made yet.

    An update that no longer asks for the replacement makes one and then deletes "the original", which has the
    same name (seen with Pulumi 3.259; step_generator.go asks the new diff whether to delete first).
    """
    return (
        f"{fact}: was deleted and is not made anew yet; run `pulumi up` before files or costack change again"
    )


def unreadable(owner: str) -> str:
    """That the record of a tenant or of the platform cannot be read."""
    return (
        f"{owner}: the record of what was deployed cannot be read, so the plan of the last update is "
        "counted; run `pulumi up`"
    )


def unfinished(name: str, asked: Mapping[str, Any], applied: Mapping[str, Any] | None) -> list[str]:
    """Whether the last update of a tenant came to its end, and what it was about."""
    if applied is None and is_released(asked):
        return [f"{name}: its removal was not finished, so no fee is counted; run `pulumi up`"]
    if applied is None:
        return [f"{name}: was never deployed completely, so no fee is counted; run `pulumi up`"]
    if asked == applied:
        return []
    told = [
        f"{field.replace('_', ' ')} is {_words(applied.get(field))}, not {_words(asked.get(field))}"
        for field in ("tier", "move", "environment", "lifecycle_stage", "fee_per_month")
        if asked.get(field) != applied.get(field)
    ]
    about = "; ".join(told) or "some of it is as it was before"
    return [f"{name}: the last update was not finished ({about}); run `pulumi up`"]


def _words(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"at stage {value.get('stage')}"
    return "none" if value is None else str(value)
