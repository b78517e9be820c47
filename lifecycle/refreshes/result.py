"""The result of a refresh: one JSON document that the job which ends its switch leaves in the bucket."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Final, Literal

from pydantic import ValidationError

from lifecycle.errors import LifecycleError
from tiers.vocabulary import Count, Frozen, TenantId, UtcDatetime

FOLDER: Final = "refreshes"
"""Below the prefix of a tenant's manifests: the folder of results."""


class RefreshResult(Frozen):
    """What a tenant got, and when; `backup` says of when its data is, and how it was anonymised.

    `named` are the files that its database names, `brought_back` those that were copied for it, `lacking`
    those that are nowhere.
    """

    tenant: TenantId
    from_tenant: TenantId
    backup: str
    finished_at: UtcDatetime
    named: Count
    brought_back: Count
    lacking: Count = 0
    result: Literal["ok"]

    @property
    def ended(self) -> datetime:
        """When it ended, in UTC."""
        return self.finished_at.astimezone(UTC)


def refresh_results(said: Iterable[str], tenant: TenantId) -> Iterator[RefreshResult]:
    """The results of *tenant*'s refreshes, of what the bucket says of each.

    Raises:
        LifecycleError: When one is none, or belongs to another tenant.
    """
    for text in said:
        try:
            result = RefreshResult.model_validate_json(text)
        except ValidationError:
            raise LifecycleError(
                f"refresh of '{tenant}': expected a result of a refresh in its bucket, found {text[:300]!r}"
            ) from None
        if result.tenant != tenant:
            raise LifecycleError(f"refresh of '{tenant}': the result belongs to '{result.tenant}'")
        yield result
