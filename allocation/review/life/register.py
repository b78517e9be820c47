"""The register of a month: its signals and the decisions of reviews, as they are on a day."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from allocation.review.life.decisions import DecisionLife, decision_lives
from allocation.review.life.signals import SignalLife, lives, open_signals, seen_in
from allocation.review.signals import Month, Signal
from allocation.statement.filed import FiledStatement
from tiers.portfolio.reviews.entries import Reviews


@dataclass(frozen=True)
class Register:
    """What became of signals and of decisions.

    Attributes:
        month: What is reported.
        past: The months before, the oldest first.
        said: What people said of signals, and decided.
        today: The day on which dates are judged; None for the end of the month.
    """

    month: Month
    past: tuple[FiledStatement, ...] = ()
    said: Reviews = field(default_factory=Reviews)
    today: date | None = None

    @property
    def day(self) -> date:
        """The day on which dates are judged."""
        return self.today or self.month.statement.charge_period.end.date()

    @cached_property
    def signals(self) -> tuple[SignalLife, ...]:
        """Every signal that the month shows or somebody spoke of."""
        currency = self.month.statement.currency
        return lives(self.month.signals, self.said.signals, currency, seen_in(self.month, self.day))

    @cached_property
    def open_signals(self) -> tuple[Signal, ...]:
        """The rows of the signals that need a decision, in the order of the month."""
        return tuple(open_signals(self.month.signals, self.signals))

    @cached_property
    def decisions(self) -> tuple[DecisionLife, ...]:
        """Every decision, the overdue ones first."""
        return decision_lives(self.said.decisions, (*self.past, self.month.statement), self.day)
