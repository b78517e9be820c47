"""What can go wrong while a tenant's life is changed, in sentences."""

from __future__ import annotations


class LifecycleError(Exception):
    """A change that stopped; what was done by then is in the evidence, and the same command goes on."""


class RefusedError(LifecycleError):
    """A change that a guard does not allow; nothing was changed."""


class HandOverError(LifecycleError):
    """A step that only a person can take, because this program cannot reach where it happens."""


class StillBillingError(LifecycleError):
    """What is left of a tenant that ended and nobody can explain."""
