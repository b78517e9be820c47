"""The resources in the state of a stack, as `pulumi stack export` prints them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any, Final, NamedTuple

from tiers.errors import CatalogError

_ENCRYPTED: Final = "4dabf18193072939515e22adb298388d"
"""The key that marks an encrypted value (pulumi, sdk/go/common/resource/sig)."""


class StateResource(NamedTuple):
    """A resource of the state.

    `leaving` says that it was replaced and is not deleted yet (`delete` in the state), `left` that it was
    deleted and what replaces it is not made yet (`pendingReplacement`): it is in the cloud no longer, and the
    state keeps it for what depends on it (pulumi, sdk/go/common/resource, State). `changed_on` is the day, in
    UTC, on which an update last made or changed it (`modified`); None where the state does not say it.
    """

    urn: str
    type: str
    parent: str
    custom: bool
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]
    leaving: bool
    left: bool
    changed_on: date | None
    id: str = ""
    """The cloud's id."""

    @property
    def name(self) -> str:
        """The logical name."""
        return self.urn.rpartition("::")[2]


def raw_resources_of(state: object, source: str) -> list[Mapping[str, Any]]:
    """The resources as Pulumi wrote them, in the order of their creation.

    Args:
        state: The parsed output of `pulumi stack export`.
        source: Its name in error messages.

    Raises:
        CatalogError: When it is not a state, or an update was interrupted: what was begun may exist or not.
    """
    deployment = state.get("deployment") if isinstance(state, Mapping) else None
    # A stack that was never updated has no resources.
    resources = (deployment.get("resources") or []) if isinstance(deployment, dict) else None
    if not isinstance(resources, list) or not all(isinstance(each, Mapping) for each in resources):
        raise CatalogError(
            f"{source}: is not the state of a stack; expected the output of `pulumi stack export`"
        )
    if isinstance(deployment, dict) and deployment.get("pending_operations"):
        raise CatalogError(
            f"{source}: an update was interrupted and some operations are pending; "
            "run `costack recover` for this stack, then try again"
        )
    return resources


def resources_of(state: object, source: str) -> tuple[StateResource, ...]:
    """The same, read.

    Raises:
        CatalogError: As `raw_resources_of`.
    """
    return tuple(
        StateResource(
            urn=str(each.get("urn")),
            type=str(each.get("type")),
            parent=str(each.get("parent") or ""),
            custom=bool(each.get("custom")),
            inputs=readable(each.get("inputs")) or {},
            outputs=readable(each.get("outputs")) or {},
            leaving=bool(each.get("delete")),
            left=bool(each.get("pendingReplacement")),
            changed_on=_day(each.get("modified")),
            id=str(each.get("id") or ""),
        )
        for each in raw_resources_of(state, source)
    )


def readable(value: object) -> Mapping[str, Any] | None:
    """A mapping of the state; None for everything else, and for a secret, whose content nobody may show.

    >>> readable({"plan": 1}), readable("plan"), readable(None)
    ({'plan': 1}, None, None)
    """
    return value if isinstance(value, Mapping) and _ENCRYPTED not in value else None


def _day(moment: object) -> date | None:
    """The day in UTC of a time with its offset.

    >>> _day("2026-11-29T23:30:00.5-01:00"), _day("yesterday"), _day("2026-11-29T10:00:00")
    (datetime.date(2026, 11, 30), None, None)
    """
    try:
        read = datetime.fromisoformat(str(moment))
    except ValueError:
        return None
    return read.astimezone(UTC).date() if read.tzinfo else None


def below(root: str, resources: tuple[StateResource, ...]) -> Iterator[StateResource]:
    """The resources of a component, its own components included, in the order of their creation."""
    inside = {root}
    for each in resources:  # Pulumi writes a parent before its children
        if each.parent in inside:
            inside.add(each.urn)
            yield each
