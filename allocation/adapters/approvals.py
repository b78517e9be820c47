"""Reads who has approved a change, as the host of the repository knows it: a file that a pipeline writes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from allocation.preview.approvals import Given
from tiers.strict_yaml import load_model
from tiers.vocabulary import Frozen

_Commit = Annotated[str, Field(pattern=r"^[0-9a-f]{40}([0-9a-f]{24})?$")]
_Login = Annotated[str, Field(min_length=1, max_length=255)]


class _Approval(Frozen):
    by: _Login
    commit: _Commit


class _Approvals(Frozen):
    """The file: JSON, with the author and the newest commit of the change, and each approval with its own."""

    author: _Login
    commit: _Commit
    approvals: Annotated[tuple[_Approval, ...], Field(max_length=10_000)]


def read_approvals(path: Path) -> Given:
    """Who has approved the newest commit of a change; neither its author nor who saw another commit counts.

    Raises:
        CatalogError: When the file cannot be read; with one sentence for every mistake in it.
    """
    read = load_model(_Approvals, path)
    return Given(
        tuple(
            dict.fromkeys(
                each.by
                for each in read.approvals
                if each.commit == read.commit and each.by.casefold() != read.author.casefold()
            )
        )
    )
