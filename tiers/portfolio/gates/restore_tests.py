"""Where scheduled restore tests of large databases find room."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tiers.vocabulary import Frozen

_StorageClass = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$")]


class RestoreTestSpec(Frozen):
    """Room for restore tests of databases that are too large for a node's disk."""

    storage_class: _StorageClass
    """StorageClass of the cluster for their volumes, such as `gp3`; each goes with its pod."""
