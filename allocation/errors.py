"""What can be wrong with an allocation, in sentences."""

from __future__ import annotations


class AllocationError(Exception):
    """An allocation that cannot be made from what it was given."""


class UnreconciledStatementError(AllocationError):
    """A statement whose parts do not add up to its charges. It is never shown."""


class NotReadyError(AllocationError):
    """A statement that is not good enough to be booked to clients; it was made and shown all the same."""


class GateError(AllocationError):
    """A change that a gate does not let pass; it was previewed and shown all the same."""
