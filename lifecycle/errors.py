"""Errors of lifecycle commands, in sentences."""

from __future__ import annotations

from tiers.errors import ToldError


class LifecycleError(ToldError):
    """A change that stopped; the evidence has what was done, and the same command continues."""


class RefusedError(LifecycleError):
    """A change that a guard refuses; nothing was changed."""


class ManualStepError(LifecycleError):
    """A step that only a person can take, because this program has no access to where it happens."""


class UnansweredError(LifecycleError):
    """A service that did not answer: the next question would not be answered either."""


class StillBillingError(LifecycleError):
    """Excess resources of a decommissioned tenant: they still cost money, and nothing explains them."""
