"""How the modules of this folder ask AWS, and what they make of an entry of its listings."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol, TypeVar

from lifecycle.purge.ledger import LedgerLine
from lifecycle.purge.resource import AccountResource

Entry = Mapping[str, Any]
Looked = TypeVar("Looked")


class Aws(Protocol):
    """The account; a failed call is a LifecycleError."""

    @property
    def everywhere(self) -> tuple[str, ...]:
        """The regions in which copies and users of keys are looked for."""

    def entries(
        self, service: str, region: str, operation: str, key: str, **parameters: Any
    ) -> Iterator[Entry]:
        """The entries of a listing, over all its pages."""

    def ask(self, service: str, region: str, operation: str, **parameters: Any) -> Any:
        """One answer."""

    def seek(
        self, service: str, region: str, operation: str, missing: Collection[str], **parameters: Any
    ) -> Any:
        """One answer; None where AWS says that there is no such thing, by one of these error codes."""

    def once(self, look: Callable[[Aws, str], Looked], name: str) -> Looked:
        """What a look at *name* gave, which is kept for the run where nothing is deleted in it."""

    def tags(self, arn: str, region: str) -> Mapping[str, str] | None:
        """The tags of a resource, as the tag search has them; None where it has none."""

    def client(self, service: str, region: str) -> Any:
        """A client."""


class Handling(NamedTuple):
    """How a kind is looked at, and how it is deleted: what was done, as a sentence.

    `again` describes the one resource that was found before, where a listing would have a whole region.
    """

    look: Callable[[Aws, LedgerLine], AccountResource | None]
    delete: Callable[[Aws, AccountResource, int], str]
    again: Callable[[Aws, LedgerLine, AccountResource], AccountResource | None] | None = None


def resource(line: LedgerLine, handle: str, created_at: Any, **more: Any) -> AccountResource:
    """What the account has of *line*; *created_at* is a moment, or milliseconds since 1970."""
    given = {name: value for name, value in more.items() if value is not None}
    return AccountResource(
        what=line.what, id=line.id, region=line.region, handle=handle, created_at=utc(created_at), **given
    )


def utc(moment: Any) -> datetime | None:
    """A moment of an answer, in UTC."""
    if isinstance(moment, int | float):
        return datetime.fromtimestamp(moment / 1000, UTC)
    return moment.astimezone(UTC) if isinstance(moment, datetime) else None


def entry(listed: Iterator[Entry], name: str, value: str) -> Entry | None:
    """The entry with that name."""
    return next((each for each in listed if each.get(name) == value), None)


def is_going(listed: Entry) -> bool:
    """Whether AWS deletes it already, which may take minutes: it is listed, and nobody can read it."""
    named = ("Status", "SnapshotStatus", "LifeCycleState")
    return any(str(listed.get(name)).lower() == "deleting" for name in named)


def last(arn: object) -> str:
    """What follows the last colon of an ARN."""
    return str(arn or "").rpartition(":")[2]
