"""Errors in a catalog or a portfolio, in sentences that name file and line."""

from __future__ import annotations


class CatalogError(Exception):
    """A catalog, portfolio or inventory that cannot be used.

    Args:
        problems: One sentence each, complete with file, line and path.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems
