"""What is known of one control: met, not met, or unknown; what is unknown is a gap like what is not met."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum, unique
from typing import Any, Final, NamedTuple

from allocation.review.tried import Recovery, Rehearsed
from allocation.statement.filed import FiledStatement
from tiers.catalog.classes import Classes, ControlClass, ResilienceRequirements
from tiers.inventory import Inventory
from tiers.plan.plan import TenantPlan
from tiers.portfolio.tenant import Portfolio, Tenant


@unique
class Topic(StrEnum):
    """A control, by the words of ISO/IEC 27001:2022, Annex A; a reference for auditors, no certificate."""

    ENCRYPTION = "encryption"
    KEYS = "keys and their rotation"
    REGION = "region of data"
    RETENTION = "retention"
    RESTORE_TESTS = "restore tests"
    RECOVERY = "recovery in another region"
    REDUNDANCY = "redundancy"
    ACCESS = "access and separation"
    LOGGING = "audit logs"
    PATCHES = "patch level"
    OPERATION = "operation, month by month"


REFERENCES: Final = {
    Topic.ENCRYPTION: "A.8.24 Use of cryptography",
    Topic.KEYS: "A.8.24 Use of cryptography",
    Topic.REGION: "A.5.31 Legal, statutory, regulatory and contractual requirements",
    Topic.RETENTION: "A.8.13 Information backup",
    Topic.RESTORE_TESTS: "A.8.13 Information backup",
    Topic.RECOVERY: "A.5.30 ICT readiness for business continuity",
    Topic.REDUNDANCY: "A.8.14 Redundancy of information processing facilities",
    Topic.ACCESS: "A.8.3 Information access restriction, A.8.22 Segregation of networks",
    Topic.LOGGING: "A.8.15 Logging",
    Topic.PATCHES: "A.8.8 Management of technical vulnerabilities",
    Topic.OPERATION: "A.5.36 Compliance with policies, rules and standards",
}


EVIDENCE: Final = "evidence files"
"""The source of what evidence files say."""


@unique
class State(StrEnum):
    """What the evidence says; what is only configured is a gap until something shows that it works."""

    MET = "met"
    GAP = "gap"
    CONFIGURED = "configured, not evidenced"
    UNKNOWN = "unknown"


class Finding(NamedTuple):
    """One control of one part of the service.

    Attributes:
        subject: What it is about, such as a fact's id.
        evidence: What was found, or what is wrong or missing.
        source: Where that stands; empty where nothing says it.
        on: The day of the evidence; None where it has none.
    """

    topic: Topic
    subject: str
    state: State
    evidence: str
    source: str = ""
    on: date | None = None

    @property
    def is_gap(self) -> bool:
        """Whether something is left to do or to show."""
        return self.state is not State.MET

    def document(self) -> dict[str, Any]:
        """It as plain data."""
        return {
            "control": str(self.topic),
            "reference": REFERENCES[self.topic],
            "subject": self.subject,
            "state": str(self.state),
            "evidence": self.evidence,
            "source": self.source,
            "on": f"{self.on}" if self.on else None,
        }


class Scan(NamedTuple):
    """The newest scan of one image: when, whether it may run, and what is wrong with it."""

    at: datetime
    passed: bool
    faults: tuple[str, ...] = ()


@dataclass(frozen=True)
class Known:
    """What there is to know of a tenant.

    Attributes:
        inventory: What is deployed.
        source: Where the inventory was read.
        tenant: Its plan, as deployed.
        classes: The catalog's, which say what its controls and its promise take.
        now: The moment of the export, in UTC.
        portfolio: Its portfolio's files; None where they are not at hand.
        restored: Its last restore test; None when none is on file.
        rehearsed: Its recovery in another region; None where none is promised.
        images: The images that its pods run, by digest.
        scans: The newest scan of each image.
        months: The months that are filed, the oldest first.
        left_out: Whose lines the evidence files have of a tenant with this id that is another one.
    """

    inventory: Inventory
    source: str
    tenant: TenantPlan
    classes: Classes
    now: datetime
    portfolio: Portfolio | None = None
    restored: Recovery | None = None
    rehearsed: Rehearsed | None = None
    images: Sequence[str] = ()
    scans: Mapping[str, Scan] | None = None
    months: Sequence[FiledStatement] = ()
    left_out: Sequence[str] = ()

    @property
    def measures(self) -> ControlClass:
        """What its class of controls takes."""
        return self.classes.control_classes[self.tenant.controls]

    @property
    def promise(self) -> ResilienceRequirements:
        """What its resilience class takes."""
        return self.classes.resilience_classes[self.tenant.resilience_class]

    @property
    def file(self) -> Tenant | None:
        """Its file; None where the portfolio is not at hand, or has none of it."""
        tenants = self.portfolio.tenants if self.portfolio else ()
        return next((each for each in tenants if each.tenant == self.tenant.tenant), None)

    @property
    def deployed_on(self) -> date | None:
        """The day of the update that last changed it; None where nothing says it."""
        return self.inventory.deployed_on.get(self.tenant.tenant)

    def deployed(
        self, topic: Topic, subject: str, evidence: str, *, good: bool, shown_by: str | None = None
    ) -> Finding:
        """A finding about what the inventory says is deployed.

        Args:
            topic: The control.
            subject: The fact's id, or another name.
            evidence: What it is.
            good: Whether that meets the control.
            shown_by: The fact whose id in the cloud shows that it is there; None where the cloud gives none.
        """
        state = State.MET if good else State.GAP
        found = Finding(topic, subject, state, evidence, self.source, self.deployed_on)
        if not good:
            return found
        missing = ""
        if shown_by is not None and shown_by not in self.inventory.cloud_ids:
            missing = f"the inventory has no id of {shown_by} in the cloud"
        elif self.deployed_on is None:
            missing = "the inventory does not say since when"
        return found._replace(state=State.UNKNOWN, evidence=f"{evidence}; {missing}") if missing else found
