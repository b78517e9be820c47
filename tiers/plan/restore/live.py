"""The backup that another tenant's refresh has made of one while people work: the nightly one, once more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tiers.facts.every_fact import Fact, Job, ScheduledJob
from tiers.facts.names import BACKUP, LIVE_BACKUP
from tiers.plan.owner import about
from tiers.portfolio.tenant import Tenant
from tiers.vocabulary import CostCategory, CostDomain


def live_backup(tenant: Tenant, own: Iterable[Fact], mark: str | None) -> Iterator[Fact]:
    """The job that backs up *tenant*, of its *own* facts; none without a *mark* or without nightly backups.

    It runs as the nightly one does: the same pods, account, size and nodes.
    """
    for nightly in own:
        if mark is not None and isinstance(nightly, ScheduledJob) and nightly.name == BACKUP:
            same = ("namespace", "image", "run_as_user", "run_as_group", "compute", "nodes", "priority_class")
            yield Job(
                **about(tenant, LIVE_BACKUP, CostCategory.COMPUTE, CostDomain.RESILIENCE),
                asked_for=mark,
                **{name: getattr(nightly, name) for name in same},
            )
