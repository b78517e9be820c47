"""The world of a purge: folders of evidence, the portfolio, its stacks, and the clock."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from allocation.adapters.pulumi.stack_outputs import inventory_of_stack
from lifecycle import evidence
from lifecycle.decommission.plan import EVIDENCE_SUFFIX
from lifecycle.evidence import EvidenceError
from lifecycle.purge.guards import Situation
from lifecycle.purge.ledger import STEPS, Ledger, plan_path, read_ledger
from tiers.errors import CatalogError
from tiers.plan.plan import Plan
from tiers.plan.resolve import plan_of_folder
from tiers.portfolio.gates.purge import LegalHold, LegalHolds
from tiers.portfolio.platform import Platform
from tiers.strict_yaml import load_model
from tiers.vocabulary import TenantId

HOLDS: Final = "legal-holds.yaml"
"""The file of legal holds in a folder of evidence."""
_ALMOST: Final = re.compile(r"(?!\.)(.*legal[^a-z]*holds?(?![a-z])|holds?\.(ya?ml|json)$)", re.IGNORECASE)
"""A name by which somebody may mean that file, also of a copy or a draft; not those that editors hide."""


@dataclass
class FolderWorld:
    """The world in which a purge is planned and carried out.

    Attributes:
        folders: With evidence, plans beside it, and legal holds.
        plans: The folder of the plan, which may have legal holds, too.
        portfolio: The folder with platform.yaml; it may have legal holds, too.
        stacks: The stacks in which a tenant of an old name may live again; empty where all were destroyed.
        account: The account of the credentials in use.
    """

    folders: tuple[Path, ...]
    plans: Path
    portfolio: Path
    stacks: tuple[str, ...]
    cwd: Path
    clock: Callable[[], datetime]
    account: Callable[[], str]

    def now(self) -> datetime:
        """The time, in UTC."""
        return self.clock()

    def ledger(self) -> Ledger:
        """The ledger as it is now."""
        return read_ledger(self.folders, self.clock())

    def purges(self) -> Iterator[Mapping[str, Any]]:
        """The evidence of every purge beside the plan and in the folders of evidence.

        Raises:
            CatalogError: When some cannot be read: then nobody knows how much was deleted.
        """
        folders = self._with_purges().values()
        for path in sorted(found for each in folders for found in evidence.files(each, EVIDENCE_SUFFIX)):
            try:
                written = evidence.read(path)
            except EvidenceError:
                if plan_path(path).exists() and not path.name.startswith("purge."):
                    continue  # the ledger names it
                raise
            yield from (each for each in written if each.get("step") in STEPS)

    def record_of(self, plan: Path, given: Path | None) -> Path:
        """The file for the evidence of a purge, where the next purges of these folders count it.

        Args:
            plan: The file of the plan.
            given: The file that somebody named; None: beside the plan, or in its folder of evidence where
                the next plan may lie elsewhere.

        Raises:
            CatalogError: When nobody would look in the file that is given.
        """
        beside = plan.with_suffix(EVIDENCE_SUFFIX)
        if given is None:
            here = beside.exists() or plan.parent.resolve() in by_real_path(self.folders)
            return beside if here else self.folders[0] / beside.name
        if given.parent.resolve() not in self._with_purges() or not given.name.endswith(EVIDENCE_SUFFIX):
            raise CatalogError(
                f"{given}: purge.most_per_run counts only what is recorded in a file with the ending "
                f"{EVIDENCE_SUFFIX} in the folder of the plan or of its evidence; expected one such as "
                f"{self.folders[0] / beside.name}"
            )
        return given

    def _with_purges(self) -> Mapping[Path, Path]:
        """Every folder in which the evidence of purges is looked for, once, by its real path."""
        return by_real_path((self.plans, *self.folders))

    def seen(self) -> Situation:
        """The situation: switch and legal holds are read anew, tenants are those of the beginning.

        Raises:
            CatalogError: When portfolio, stack or holds cannot be read: then nobody knows who lives there.
        """
        platform = load_model(Platform, self.portfolio / "platform.yaml", within=self.portfolio)
        return Situation(
            now=self.clock(),
            account=self.account(),
            portfolio=platform.portfolio,
            tenants=self._tenants,
            holds=(*platform.legal_holds, *_holds_of(self._with_holds())),
            terms=platform.purge,
        )

    def _with_holds(self) -> Iterable[Path]:
        """Every folder in which somebody may have written a hold, each once; the plan's may be new."""
        plans = [self.plans] if self.plans.exists() else []
        return by_real_path((self.portfolio, *plans, *self.folders)).values()

    @cached_property
    def plan(self) -> Plan:
        """The plan of the portfolio's files."""
        return plan_of_folder(self.portfolio)

    @cached_property
    def _tenants(self) -> frozenset[TenantId]:
        deployed = (inventory_of_stack(name, self.cwd).plan for name in self.stacks)
        return frozenset(each.tenant for plan in (self.plan, *deployed) for each in plan.tenants)


def by_real_path(folders: Iterable[Path]) -> Mapping[Path, Path]:
    """Each folder once, however often and by whatever links it is named."""
    return {each.resolve(): each for each in folders}


def _holds_of(folders: Iterable[Path]) -> Iterator[LegalHold]:
    """Raises CatalogError for a file that is named almost so: whoever wrote it believes that it holds."""
    for folder in folders:
        try:
            found = sorted(folder.iterdir())
        except OSError as error:
            raise CatalogError(f"{folder}: cannot be read: {error.strerror}") from None
        for path in found:
            if path.name == HOLDS:  # also a link to nothing, which is then no such file
                yield from load_model(LegalHolds, path).legal_holds
            elif _ALMOST.match(path.name):
                raise CatalogError(f"{path}: is not read; legal holds of a folder are in its {HOLDS}")
