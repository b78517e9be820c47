"""The account of a purge."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from lifecycle.adapters.aws_account import Account
from lifecycle.adapters.purge import buckets, databases, others, vaults
from lifecycle.adapters.purge.aws import Aws, Entry, Handling, Looked
from lifecycle.adapters.purge.key_users import users_of_key
from lifecycle.decommission.retained import Kind
from lifecycle.errors import LifecycleError
from lifecycle.purge.ledger import LedgerLine
from lifecycle.purge.resource import AccountResource, KeyUser

_HANDLINGS: Final[Mapping[Kind, Handling]] = {
    **buckets.HANDLINGS,
    **databases.HANDLINGS,
    **vaults.HANDLINGS,
    **others.HANDLINGS,
}


@dataclass
class PurgedAccount(Account):
    """The AWS account of the credentials in use.

    Attributes:
        others: More regions to look at.
        keeps: Whether each listing is read once and kept: for a plan, in whose run nothing is deleted.
    """

    others: tuple[str, ...] = ()
    keeps: bool = False
    _kept: dict[Hashable, Any] = field(default_factory=dict)

    @property
    def everywhere(self) -> tuple[str, ...]:
        """The regions in which copies and users of keys are looked for; the account's own is the first."""
        return tuple(dict.fromkeys((self.region, *sorted(self.others))))

    def look(self, line: LedgerLine) -> AccountResource | None:
        """What is there of a line; None when it is gone.

        Raises:
            LifecycleError: When AWS does not answer; no answer is not a resource that is gone.
        """
        return self._handling(line).look(self, line)

    def again(self, line: LedgerLine, before: AccountResource) -> AccountResource | None:
        """What is there now of a line that was looked at *before*; None when it is gone.

        Raises:
            LifecycleError: When AWS does not answer; no answer is not a resource that is gone.
        """
        handling = self._handling(line)
        return handling.again(self, line, before) if handling.again else handling.look(self, line)

    def within(self, line: LedgerLine) -> Iterator[LedgerLine]:
        """What must be deleted before it: the recovery points of a vault."""
        if line.what is Kind.VAULT:
            yield from vaults.lines_within(self, line)

    def key_users(self, key: AccountResource) -> Collection[KeyUser]:
        """Every resource that a key encrypts, in all regions that are looked at."""
        return set(users_of_key(self, key))

    def delete(self, there: AccountResource, *, days: int) -> str:
        """Delete it, or schedule that, cancellable for *days*; what was done, as a sentence.

        Raises:
            LifecycleError: When AWS refuses.
        """
        return self._handling(there).delete(self, there, days)

    def entries(
        self, service: str, region: str, operation: str, key: str, **parameters: Any
    ) -> Iterator[Entry]:
        """The entries of a listing, over all its pages."""

        def listed() -> Iterator[Entry]:
            for page in self._pages(service, region, operation, **parameters):
                yield from page.get(key) or ()

        if not self.keeps:
            return listed()
        what = (service, region, operation, repr(parameters))
        if what not in self._kept:
            self._kept[what] = tuple(listed())
        return iter(self._kept[what])

    def once(self, look: Callable[[Aws, str], Looked], name: str) -> Looked:
        """What a look at *name* gave, which is kept for the run where nothing is deleted in it."""
        if not self.keeps:
            return look(self, name)
        if (look, name) not in self._kept:
            self._kept[look, name] = look(self, name)
        found: Looked = self._kept[look, name]
        return found

    def ask(self, service: str, region: str, operation: str, **parameters: Any) -> Any:
        """One answer."""
        return self._ask(service, region, operation, **parameters)

    def seek(
        self, service: str, region: str, operation: str, missing: Collection[str], **parameters: Any
    ) -> Any:
        """One answer; None where AWS says that there is no such thing, by one of these error codes."""
        return self._seek(service, region, operation, missing, **parameters)

    def client(self, service: str, region: str) -> Any:
        """A client."""
        return self._client(service, region)

    @staticmethod
    def _handling(one: LedgerLine | AccountResource) -> Handling:
        if one.what not in _HANDLINGS:
            raise LifecycleError(f"{one.what} {one.id}: this command has no way to delete a {one.what}")
        return _HANDLINGS[one.what]
