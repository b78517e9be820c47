"""The file of an adoption, `adoption.yaml`: what people decided, and how far each tenant is.

Who writes what never changes: people write `by` and `when` of a spelling, `client`, `hostname`, `tier`,
`workload_class`, `dump` and `signed_off`; costack writes the rest, and what people wrote stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from lifecycle.adoption.names import Pair
from lifecycle.adoption.phase import SIGNABLE, Phase, Status
from tiers.catalog.classes import ClassId
from tiers.errors import CatalogError
from tiers.vocabulary import Count, Environment, Frozen, Hostname, Positive, TagValue, TenantId, UtcDatetime

FILE: Final = "adoption.yaml"
"""The name of the file in the folder of an adoption."""
COSTACK: Final = "costack"
"""Who has done a phase that a fact shows."""

_Person = Annotated[str, Field(min_length=2, max_length=80)]
_Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Spelling(Frozen):
    """A spelling of the CSV that is this tenant, once a person has written `by` and `when`."""

    spelling: str
    """As the column `tenant` has it."""
    environment: Environment | None = None
    """As the column `environment` has it; left out where the CSV says none."""
    by: _Person | None = None
    """Who confirms that it is this tenant."""
    when: date | None = None
    """The day on which they did."""

    @model_validator(mode="after")
    def _confirmed_or_not(self) -> Self:
        if (self.by is None) is not (self.when is None):
            raise ValueError("by and when go together: who confirms the spelling, and on which day")
        return self

    @property
    def pair(self) -> Pair:
        """What finds its rows."""
        return self.spelling, self.environment

    @property
    def confirmed(self) -> bool:
        """Whether a person has confirmed it."""
        return self.by is not None


class SignOff(Frozen):
    """A person's word that a phase is done, or need not be."""

    by: _Person
    when: date
    why: Annotated[str, Field(min_length=10)]


class DumpFile(Frozen):
    """A file that is to be loaded; its path counts from the folder of the adoption."""

    file: Annotated[str, Field(min_length=1)]
    bytes: Positive
    sha256: _Sha256


class LegacyDump(Frozen):
    """The last dump of the old database, and an archive of its filestore of the same moment."""

    database: DumpFile
    filestore: DumpFile


_Amount = Annotated[Decimal, Field(max_digits=26, decimal_places=10, allow_inf_nan=False)]
"""An amount of money, in the currency of the portfolio."""


class ProposedSize(Frozen):
    """The cheapest tier and workload class that hold what was measured, and what they cost a month."""

    tier: TagValue
    workload_class: ClassId
    cost_per_month: _Amount
    fee_per_month: _Amount
    margin_per_month: _Amount
    cost_today: _Amount | None = None
    """What the CSV says that it costs today; left out where it says nothing."""
    rows_without_cost: Count = 0
    """How many rows do not say what they cost today, and so are not in it."""
    unpriced: Count = 0
    """How many lines have no known price, and so are not in the cost."""
    why: str = ""
    """What the size holds, and with how much headroom."""
    facts: str
    """What it was worked out from."""


class PhaseRecord(Frozen):
    """How far a phase of a tenant is."""

    status: Status
    by: str
    at: UtcDatetime
    """Since when the status is this."""
    why: str
    facts: str = ""
    """What the status was found from; other facts open the phase again."""
    signed: str = ""
    """The line of a person that was counted, by its hash; a line counts for the facts it was written for."""


class AdoptedTenant(Frozen):
    """A tenant, its decisions and its phases."""

    spellings: tuple[Spelling, ...] = ()
    client: TagValue | None = None
    hostname: Hostname | None = None
    tier: TagValue | None = None
    workload_class: ClassId | None = None
    dump: LegacyDump | None = None
    signed_off: Mapping[Phase, SignOff] = Field(default_factory=dict)
    proposed: ProposedSize | None = None
    phases: Mapping[Phase, PhaseRecord] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _signs_what_can_be(self) -> Self:
        for phase in self.signed_off:
            if phase not in SIGNABLE:
                raise ValueError(
                    f"signed_off.{phase}: cannot be signed off, only a fact shows it; expected one of "
                    f"{', '.join(SIGNABLE)}"
                )
        return self


class InventoryFile(Frozen):
    """The CSV that the file was last brought up to date with."""

    file: Annotated[str, Field(min_length=1)]
    """Its path from the folder of the adoption."""
    sha256: _Sha256


class Adoption(Frozen):
    """The whole file."""

    schema_version: Annotated[int, Field(ge=1, le=1)] = 1
    inventory: InventoryFile
    portfolio: Annotated[str, Field(min_length=1)]
    """The folder of the portfolio that the tenants go to, from the folder of the adoption."""
    headroom_percent: Annotated[int, Field(ge=0, le=400)] = 25
    """How much more than what was measured a size must hold."""
    tenants: Mapping[TenantId, AdoptedTenant] = Field(default_factory=dict)

    def decided(self) -> Mapping[Pair, TenantId]:
        """The tenant of each spelling that the file names.

        Raises:
            CatalogError: When two tenants have the same one.
        """
        found: dict[Pair, TenantId] = {}
        for tenant, spelling in self.all_spellings():
            other = found.setdefault(spelling.pair, tenant)
            if other != tenant:
                raise CatalogError(
                    f"tenants.{tenant}.spellings: '{spelling.spelling}' is also a spelling of {other}; "
                    "expected it once"
                )
        return found

    def dated_after(self, day: date) -> Iterator[str]:
        """A sentence for each line that a person has dated after *day*: nobody has done that yet."""
        for tenant, adopted in self.tenants.items():
            named = [(f"spellings: '{each.spelling}'", each.when) for each in adopted.spellings]
            named += [(f"signed_off.{phase}", each.when) for phase, each in adopted.signed_off.items()]
            for where, when in named:
                if when is not None and when > day:
                    yield f"tenants.{tenant}.{where}: when: {when} is in the future"

    def all_spellings(self) -> Iterator[tuple[TenantId, Spelling]]:
        """Every spelling with its tenant."""
        for tenant, adopted in self.tenants.items():
            for spelling in adopted.spellings:
                yield tenant, spelling
