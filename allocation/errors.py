"""Errors of an allocation; each message is a sentence for its user."""

from __future__ import annotations

from tiers.errors import ToldError


class AllocationError(ToldError):
    """An allocation cannot be made from the given input."""


class InputError(AllocationError):
    """What the user named cannot be used as it is: a bill, a usage file, or two of them together."""


class UnreconciledStatementError(AllocationError):
    """The parts of a statement do not add up to its charges; the statement is not shown."""


class NotReadyError(AllocationError):
    """A statement is shown, but is not ready for chargeback."""


class GateError(AllocationError):
    """A change was previewed and shown, but fails a gate."""
