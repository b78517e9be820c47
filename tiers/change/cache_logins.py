"""From the token of the shared session cache to a user for each tenant: which update may follow which.

Pods that run have the token. So it opens the cache until all of them have been replaced, and an update that
would shut them out is refused before it begins.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from tiers.facts.data import CacheGroup, CacheSpace
from tiers.facts.names import CACHE

_KIND: Final = str(CacheGroup.model_fields["kind"].default)
_SPACE: Final = str(CacheSpace.model_fields["kind"].default)


class CacheLogins(NamedTuple):
    """Who may log in to the shared cache.

    Attributes:
        users: Whether each tenant has a user of its own.
        number: The number of its token.
        replaced: The number of the token before, while it opens the cache too.
    """

    users: bool
    number: int
    replaced: int | None

    @property
    def tokens(self) -> frozenset[int]:
        """The numbers of the tokens that open the cache."""
        if self.users and self.replaced is None:
            return frozenset()
        return frozenset({self.number, *([] if self.replaced is None else [self.replaced])})


def cache_logins(facts: Iterable[Mapping[str, Any]]) -> CacheLogins | None:
    """Of the facts of a platform, as plain data of any version; None where no cache is known."""
    for each in facts:
        if each.get("kind") == _KIND and each.get("id") == CACHE:
            replaced = each.get("replaced_number")
            number = int(each.get("rotation_number") or 0)
            return CacheLogins(
                bool(each.get("users")), number, int(replaced) if replaced is not None else None
            )
    return None


def forbidden_logins(before: CacheLogins | None, after: CacheLogins | None, stack: str) -> Iterator[str]:
    """Why the logins of the cache that *stack* has may not become *after*; nothing where they may."""
    if before is None or after is None or not after.users:
        return
    if not before.users and before.number not in after.tokens:
        yield (
            "the shared session cache is deployed with a token that all its tenants have, and each is to get "
            "a user of its own: pods that run would be shut out. Run `costack rotate platform --begin "
            f"--stack {stack}`, which lets the token open the cache until all pods have their users"
        )
    if before.users and after.tokens - before.tokens:
        yield (
            "cache.rotation would let a token open the shared session cache again, where each tenant has a "
            f"user of its own: put it back as it was deployed ({_line(before)})"
        )


def late_tenants(
    before: CacheLogins | None,
    after: CacheLogins | None,
    tenants: Mapping[str, Mapping[str, Any]],
    stack: str,
) -> Iterator[str]:
    """The sentence about tenants whose pods may still have a token that *after* takes away.

    Args:
        before: As deployed.
        after: As the files have it.
        tenants: Id -> plan as plain data of each tenant as it was last deployed completely; empty if never.
        stack: The stack that has them.
    """
    if before is None or after is None or not before.tokens or after.tokens:
        return
    late = sorted(name for name, plan in tenants.items() if not _has_user(plan))
    if late and before.users:
        yield (
            f"pods of {', '.join(late)} may still log in to the shared session cache with the token, because "
            "the last update did not come to its end there: write cache.rotation back as it was deployed "
            f"({_line(before)}), run `pulumi up`, then `costack rotate platform --next --stack {stack}`"
        )


def _has_user(plan: Mapping[str, Any]) -> bool:
    facts = plan.get("facts")
    if not isinstance(facts, list | tuple):
        return False  # it was never deployed completely: what its pods have is unknown
    spaces = [each for each in facts if each.get("kind") == _SPACE]
    return all(each.get("user") or each.get("group") != CACHE for each in spaces)


def _line(logins: CacheLogins) -> str:
    stage = "" if logins.replaced is None else ", stage: both-tokens"
    return f"{{number: {logins.number}{stage}}}"
