"""The quota of a shared namespace, as a firm writes it."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from tiers.vocabulary import Frozen, Positive


class QuotaSpec(Frozen):
    """What all pods of a shared namespace together may request; what is left out is derived.

    It has no CPU limit: such a quota would refuse every pod without one.
    """

    cpu_request_millicores: Positive | None = None
    """Reserved CPU of all pods."""
    memory_request_mib: Positive | None = None
    """Reserved memory of all pods."""
    memory_limit_mib: Positive | None = None
    """Memory limits of all pods together."""
    pods: Positive | None = None
    """How many pods may run at once."""
    storage_gib: Positive | None = None
    """What all claims together may ask for, those of restore tests with a storage class included."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.written():
            raise ValueError(f"give at least one of {', '.join(type(self).model_fields)}, or leave it out")
        return self

    def written(self) -> dict[str, int]:
        """The fields that are given: how much of each."""
        return self.model_dump(exclude_none=True)
