"""The base of a preview: which commit, or which folder, a change is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum, unique
from typing import Final

_SHOWN: Final = 12


@unique
class BaseKind(StrEnum):
    """What a base is to the revision that was named."""

    MERGE_BASE = "merge-base"
    """The newest commit that HEAD and the revision have in common."""
    TIP = "tip"
    """The revision itself."""
    FOLDER = "folder"
    """A folder that was named instead of a revision."""


@dataclass(frozen=True)
class Base:
    """What the plan before was read from.

    Attributes:
        name: The revision or folder as it was named.
        commit: The whole name of the commit; None for a folder.
        day: The day it was committed, in UTC; None for a folder.
        merge_bases: How many merge bases there are; git chose one of them.
        shallow: Whether the clone has a part of the history only.
    """

    kind: BaseKind
    name: str
    commit: str | None = None
    day: date | None = None
    merge_bases: int = 1
    shallow: bool = False

    @property
    def in_words(self) -> str:
        """One sentence without full stop.

        >>> Base(BaseKind.TIP, "main", "0123456789abcdef", date(2026, 11, 29)).in_words
        'compared with commit 0123456789ab of 2026-11-29, the tip of main'
        """
        if self.kind is BaseKind.FOLDER:
            return f"compared with the folder {self.name}"
        taken = f"compared with commit {(self.commit or '')[:_SHOWN]} of {self.day}"
        if self.kind is BaseKind.TIP:
            return f"{taken}, the tip of {self.name}"
        chosen = f"; git chose it among {self.merge_bases} merge bases" if self.merge_bases > 1 else ""
        hidden = "; this clone is shallow, a whole one may know a later merge base" if self.shallow else ""
        return f"{taken}, the merge base of HEAD and {self.name}{chosen}{hidden}"
