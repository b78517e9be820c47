"""The account of a purge."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from lifecycle.adapters.aws_account import Account
from lifecycle.adapters.purge import buckets, databases, others, vaults
from lifecycle.adapters.purge.aws import Entry, Handling
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
    """The AWS account of the credentials in use; `others` are more regions to look at."""

    others: tuple[str, ...] = ()

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
        for page in self._pages(service, region, operation, **parameters):
            yield from page.get(key) or ()

    def ask(self, service: str, region: str, operation: str, **parameters: Any) -> Any:
        """One answer."""
        return self._ask(service, region, operation, **parameters)

    def client(self, service: str, region: str) -> Any:
        """A client."""
        return self._client(service, region)

    @staticmethod
    def _handling(one: LedgerLine | AccountResource) -> Handling:
        if one.what not in _HANDLINGS:
            raise LifecycleError(f"{one.what} {one.id}: this command has no way to delete a {one.what}")
        return _HANDLINGS[one.what]
