"""What a tenant's change to another environment does to its database, and to those who work with it."""

from __future__ import annotations

from collections.abc import Iterator

from tiers.change.effect import EffectKind
from tiers.change.servers import Change
from tiers.plan.plan import TenantPlan
from tiers.vocabulary import Environment


def environment_changes(before: TenantPlan, after: TenantPlan) -> Iterator[Change]:
    """What happens when a tenant is used for something else; sizes, days and namespaces are said elsewhere.

    The set-up job neutralises the database in use wherever the environment is not production, and refuses a
    neutralised one as production (`components/scripts/odoo_setup.sh`, `odoo_settings.py`).
    """
    if before.environment is after.environment:
        return
    step = f"environment {before.environment} → {after.environment}"
    if before.environment is Environment.PRODUCTION:
        what = (
            f"{step}: its database is made a harmless copy of itself: no mail, no scheduled action, a new "
            "identity; nothing in Odoo takes that back"
        )
        yield Change(EffectKind.DATA, what)
    elif after.environment is Environment.PRODUCTION:
        what = (
            f"{step}: its set-up refuses a database that is a harmless copy, and the update fails, until "
            "production's is restored, or what was switched off is switched on again"
        )
        yield Change(EffectKind.DOWNTIME, what)
    else:
        what = (
            f"{step}: its database stays a harmless copy; sizes, sleep, backups and end date follow the "
            f"tier's offer for {after.environment}"
        )
        yield Change(EffectKind.NOTICE, what)
