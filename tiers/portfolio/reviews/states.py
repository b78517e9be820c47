"""What people say of signals and of decisions."""

from __future__ import annotations

from enum import StrEnum, unique


@unique
class SignalState(StrEnum):
    """What somebody said of a signal."""

    OPEN = "open"
    """It needs a decision, whatever was said before."""
    ACKNOWLEDGED = "acknowledged"
    """Somebody looks after it until a day; from then on it is open again."""
    DISMISSED = "dismissed"
    """It is accepted as it is, for a reason; once it has grown by half it is open again."""
    SOLVED = "solved"
    """The cause was removed; a signal that is found in a month after that day is open again."""


@unique
class DecisionState(StrEnum):
    """What became of a decision."""

    DECIDED = "decided"
    """It is to be done by its owner until its due date."""
    POSTPONED = "postponed"
    """It has a later due date, for a reason."""
    DONE = "done"
    """It was carried out."""
    DROPPED = "dropped"
    """It will not be carried out, for a reason."""
