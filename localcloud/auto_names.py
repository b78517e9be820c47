"""Makes up physical names for resources that the program gives none, as Pulumi's engine does."""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from localcloud.provider import Subject


def auto_name(subject: Subject, digits: int = 7) -> str:
    """The logical name, a hyphen and hex digits drawn from the engine's seed, or at random without one."""
    seed = subject.seed or secrets.token_bytes(32)
    return f"{subject.name}-{hashlib.sha256(seed).hexdigest()[:digits]}"
