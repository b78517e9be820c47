"""What a restore does to the data of a tenant, stage by stage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from tiers.change.effect import EffectKind
from tiers.change.servers import Change
from tiers.plan.plan import TenantPlan
from tiers.portfolio.restore.anonymised import in_words
from tiers.portfolio.restore.stage import Restore, RestoreStage
from tiers.vocabulary import Environment

_EFFECTS: Final[Mapping[RestoreStage, tuple[EffectKind, str]]] = {
    RestoreStage.PREPARE: (
        EffectKind.NOTICE,
        "{data} is restored beside the database in use; people work",
    ),
    RestoreStage.SWITCH: (
        EffectKind.DATA,
        "becomes what {whose} was at {at}, as {told} says; what it is now is kept until confirmed",
    ),
    RestoreStage.CONFIRM: (
        EffectKind.DATA,
        "the database that it had before the restore is dropped for good",
    ),
    RestoreStage.BACK: (
        EffectKind.DATA,
        "goes back to the database before the restore: what was written since stays in the restored one",
    ),
    RestoreStage.DISCARD: (
        EffectKind.DATA,
        "the restored database is dropped for good, with all that was written there",
    ),
}


_AGAIN: Final = (
    "mail and scheduled actions that waited at {at} go out and run, also those that were sent and done since"
)


_COPIED: Final = (
    "{whose} is backed up in this update while people work: its database of {database} GiB at most is read "
    "once, its files of {files} GiB at most are listed, and what is new of them is copied; about 2 minutes "
    "for each GiB, beside the work of its server, and nobody waits. It keeps that backup as a nightly one"
)


_TAKEN_OUT: Final = "people are taken out of the copy before it may be switched to: {what}"


def _words(tenant: str, restore: Restore) -> Mapping[str, str]:
    """What the sentences above name."""
    if restore.from_archive:
        data, whose = restore.data_of(tenant), "the database in it"
        told = f"the uploaded {restore.from_archive}"
    else:
        whose, told = restore.from_tenant or tenant, "its backup"
        data = f"the backup of {whose} of {restore.moment} or before"
        if restore.live:
            data = restore.data_of(tenant)
    return {"at": restore.moment, "data": data, "whose": whose, "told": told}


def restore_changes(before: TenantPlan, after: TenantPlan) -> Iterator[Change]:
    """What the next step of a restore does to data; nothing where no step is taken."""
    if after.failover is None and after.restore is not None and after.restore != before.restore:
        kind, what = _EFFECTS.get(after.restore.stage, (None, ""))
        if kind is not None:
            yield Change(kind, what.format_map(_words(after.tenant, after.restore)))
        if after.restore.live and (source := after.restored_from) is not None:
            sizes = {"database": source.database_gib, "files": source.filestore_gib}
            if after.restore.stage is RestoreStage.PREPARE:
                yield Change(EffectKind.NOTICE, _COPIED.format(whose=source.tenant, **sizes))
        if after.restore.stage is RestoreStage.PREPARE and after.restore.origin and after.anonymised:
            yield Change(EffectKind.NOTICE, _TAKEN_OUT.format(what=in_words(after.anonymised)))
        # Everywhere else the set-up job takes mail servers out and scheduled actions off.
        if after.restore.stage is RestoreStage.START and after.environment is Environment.PRODUCTION:
            yield Change(EffectKind.NOTICE, _AGAIN.format(at=after.restore.moment))
