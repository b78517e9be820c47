"""The names by which a tenant's resources are known once no stack has them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lifecycle.decommission.plan import DecommissionPlan


@dataclass(frozen=True)
class Names:
    """The names of a tenant's resources: exact ones, and beginnings of longer ones."""

    exact: frozenset[str]
    part: re.Pattern[str]
    types: frozenset[str] = frozenset()
    """The types of what it had."""

    @classmethod
    def of(cls, plan: DecommissionPlan) -> Names:
        """Those of the tenant that *plan* ends."""
        ids = {each for target in plan.targets for each in (target.id, target.arn, *target.also) if each}
        # The id of a schedule is its group and its name; it is listed by name, and has no tag.
        ids |= {t.id.rpartition("/")[2] for t in plan.targets if t.type.startswith("aws:scheduler/")}
        # `local-acme-postgresql-final-…` belongs to acme, `/odoo/local/acme-staging` to another: a name
        # counts if a resource of the plan has it, alone or with a suffix that AWS or this program adds.
        stems = sorted({each for each in ids if re.fullmatch(r"[A-Za-z][\w./-]{5,}", each)}, key=len)
        alternatives = "|".join(map(re.escape, stems)) or r"\A\b\Z"
        return cls(
            frozenset(ids),
            re.compile(rf"(^|[/:])({alternatives})(-final-\w+|-\d{{4}}-\d\d.*|[/:].*)?$"),
            frozenset(target.type for target in plan.targets),
        )

    def has(self, name: str) -> bool:
        """Whether *name* is the tenant's."""
        return name in self.exact or self.part.search(name) is not None
