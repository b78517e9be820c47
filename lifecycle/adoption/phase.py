"""The phases of an adoption, in their order, and what is found about one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum, unique
from typing import Any, Final


@unique
class Phase(StrEnum):
    """What is done for a tenant, in this order; a phase is done only after those before it."""

    INVENTORY = "inventory"
    """Its machines, users and version of Odoo are known, and the platform runs that version."""
    TAG_GAPS = "tag-gaps"
    """Of each cost tag that its resources lack, the value is known."""
    NAMES = "names"
    """A person has confirmed which spellings are this tenant."""
    SIZE = "size"
    """A tier and a workload class hold what was measured, and cost and margin are known."""
    BACKUP = "backup"
    """What the tier promises about backups exists already, and something watches the tenant."""
    TENANT_FILE = "tenant-file"
    """Its file is in the portfolio, and valid."""
    IMPORT = "import"
    """Each resource is in the stack, or has the tenant's cost tags until it ends."""
    LOAD = "load"
    """Its dump and filestore are there, unchanged, and a person has loaded them."""
    STATEMENT = "statement"
    """A statement has a line for it, and everything charged is allocated to the unit."""


@unique
class Status(StrEnum):
    """How far a phase is."""

    OPEN = "open"
    """A command or an earlier phase comes next."""
    BLOCKED = "blocked"
    """Something is missing that only people can bring."""
    DONE = "done"
    """A fact shows it, or a person has signed it off."""


SIGNABLE: Final = (Phase.TAG_GAPS, Phase.SIZE, Phase.BACKUP, Phase.TENANT_FILE, Phase.IMPORT, Phase.LOAD)
"""What a person may sign off; a name, a version and a statement are facts or they are not."""


@dataclass(frozen=True)
class Finding:
    """What is found about a phase of a tenant.

    Attributes:
        facts: What the phase depends on, as plain data; if it changes, the phase is judged anew.
        missing: A sentence for each thing that only people can bring.
        proven: What shows that it is done; empty where nothing does.
        then: What comes next, where nothing is missing and nothing is proven.
        signs: Whether a person's line must come on top of the proof.
        unseen: Whether the file that would prove it was not given: what was proven before stays so.
    """

    facts: Mapping[str, Any] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    proven: str = ""
    then: str = ""
    signs: bool = False
    unseen: bool = False

    @property
    def digest(self) -> str:
        """What tells these facts from others."""
        return digest_of(self.facts)


def digest_of(facts: object) -> str:
    """The beginning of the sha256 of plain data, whatever the order of its keys."""
    text = json.dumps(facts, sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
