"""Reads the register of a portfolio's reviews."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tiers.errors import CatalogError
from tiers.portfolio.reviews.entries import DecisionFile, Reviews, SignalFile
from tiers.strict_yaml import collect, load_model

REVIEWS: Final = "reviews"
SIGNALS: Final = f"{REVIEWS}/signals.yaml"
DECISIONS: Final = f"{REVIEWS}/decisions.yaml"


def load_reviews(portfolio: Path) -> Reviews:
    """The register in the folder of a portfolio; a file that is not there has no entries.

    Raises:
        CatalogError: With every mistake in both files.
    """
    problems: list[str] = []
    signals, decisions = portfolio / SIGNALS, portfolio / DECISIONS
    said = decided = None
    if signals.is_file():
        said = collect(problems, lambda: load_model(SignalFile, signals, within=portfolio))
    if decisions.is_file():
        decided = collect(problems, lambda: load_model(DecisionFile, decisions, within=portfolio))
    if problems:
        raise CatalogError(*problems)
    return Reviews(signals=said.signals if said else (), decisions=decided.decisions if decided else ())
