"""The bucket of dumps and copies of files, and where old dumps go."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from tiers.facts.archive import ArchiveClass
from tiers.vocabulary import Frozen, Positive


class ArchiveSpec(Frozen):
    """A cheaper place for old dumps, in the same bucket."""

    storage_class: ArchiveClass
    """A storage class of S3. From `GLACIER` and `DEEP_ARCHIVE` a dump is asked for hours before a restore."""
    after_days: Annotated[int, Field(ge=1, le=3650)]
    """How old a dump is when it goes there. Newer ones, and all copies of files, stay in S3 Standard."""


class BackupBucketSpec(Frozen):
    """The bucket of logical backups."""

    noncurrent_days: Positive
    """How many days replaced or deleted files can be brought back."""
    expire_after_days: Positive
    """After how many days dumps are deleted."""
    archive: ArchiveSpec | None = None
    """Where dumps go that are older; left out, all stay in S3 Standard."""

    @model_validator(mode="after")
    def _archived_before_they_expire(self) -> Self:
        if self.archive and self.archive.after_days >= self.expire_after_days:
            raise ValueError(
                f"archive.after_days {self.archive.after_days} is not before expire_after_days "
                f"{self.expire_after_days}: no dump would ever be archived"
            )
        return self
