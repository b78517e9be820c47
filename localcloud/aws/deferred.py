"""Knows what servers and caches have alike: changes that wait for a window, and upgrades made in it.

What waits for a resource is kept on moto's own object of it, as `waiting`, with `asked_at` and `since`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localcloud.aws.clock import released
from localcloud.aws.versions import major, numbers
from localcloud.aws.windows import opens

if TYPE_CHECKING:
    from datetime import datetime


def complete(owner: type, name: str, completed: Any) -> None:
    """Puts *completed* in the place of an operation of moto; it gets the original after `self`."""
    original = getattr(owner, name)

    def operation(self: Any, *given: Any, **named: Any) -> Any:
        return completed(self, original, *given, **named)

    setattr(owner, name, operation)


def waiting_of(held: Any) -> dict[str, Any]:
    """What waits: moto's attribute -> the value that is wanted."""
    found: dict[str, Any] = vars(held).get("waiting", {})
    return found


def upgraded_to(held: Any, version: str, window: str, now: datetime) -> str | None:
    """The minor version to which AWS has upgraded what runs *version*, and lets itself be; None for none."""
    known = released(held.engine, major(version))
    if known is None:
        return None
    newer, since = known
    begun = max(since, vars(held).get("since", since))
    return newer if numbers(version) < numbers(newer) and opens(window, begun, now) else None
