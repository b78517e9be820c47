"""Guards of a purge: why a line, a resource or a plan is refused. Each is independent of the others."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from lifecycle.decommission.names import Names
from lifecycle.decommission.plan import CLOCKS_DIFFER_BY, DecommissionPlan
from lifecycle.decommission.retained import Kind
from lifecycle.purge.ledger import LedgerLine
from lifecycle.purge.resource import ORDER, STORED, AccountResource, KeyUser
from tiers.portfolio.gates.purge import LegalHold, PurgeSpec
from tiers.portfolio.restore.source import upload_prefix
from tiers.tags import KEYS
from tiers.vocabulary import TenantId

_FOLDERS: Final = {
    Kind.DUMPS: "dumps",
    Kind.FILES: "filestores",
    Kind.EXPORTS: "exports",
    Kind.MANIFESTS: "manifests",
}
"""The folder of each kind in the platform's bucket."""


@dataclass(frozen=True)
class Situation:
    """The situation in which resources are deleted, or planned to be.

    Attributes:
        now: The time, in UTC.
        account: The AWS account of the credentials in use.
        portfolio: The portfolio that is looked at.
        tenants: The tenants that its files or a stack have.
        holds: The legal holds of platform.yaml and of the folders of evidence.
        terms: What platform.yaml says of purges; None: nothing.
    """

    now: datetime
    account: str
    portfolio: str
    tenants: frozenset[TenantId]
    holds: tuple[LegalHold, ...] = ()
    terms: PurgeSpec | None = None


def switched_off(terms: PurgeSpec | None) -> str:
    """Why no purge is carried out at all; '' when they are."""
    if terms is not None and not terms.enabled:
        return "platform.yaml says purge.enabled: false: nothing is purged"
    return ""


def unknown_holds(holds: Collection[LegalHold], known: Collection[TenantId]) -> Iterator[str]:
    """A hold that names nobody holds nothing: a slip of the pen must not delete what it was written for."""
    for each in holds:
        if each.tenant not in known:
            yield (
                f"a legal hold is on {each.tenant}, which neither the portfolio nor the evidence knows; "
                "correct its name, or name the folder with its evidence"
            )


def refusals_of_line(line: LedgerLine, ended: DecommissionPlan, seen: Situation) -> Iterator[str]:
    """Why a line is not acted on, whatever the account has of it."""
    if ended.account != seen.account:
        yield f"it was left in account {ended.account}, and these credentials are for {seen.account}"
    if ended.portfolio != seen.portfolio:
        yield f"it was left by portfolio {ended.portfolio}, not by {seen.portfolio}"
    if seen.now < line.until:
        yield f"its day is {line.until:%Y-%m-%d %H:%M} UTC"
    if line.tenant in seen.tenants:
        yield f"there is a tenant {line.tenant} again, and it may be that one's"
    yield from _holds_on(line.tenant, seen)
    if line.what not in ORDER:
        yield f"no {line.what} is deleted by this command; look what it is, and delete it by hand"
    if line.what in STORED and not _is_prefix_of(line):
        yield f"it is not the folder {_FOLDERS[line.what]} of {line.tenant}: the evidence was changed"


def _holds_on(tenant: TenantId, seen: Situation) -> Iterator[str]:
    for hold in seen.holds:
        if hold.tenant == tenant and hold.holds(seen.now.date()):
            yield f"a legal hold is on {tenant}: {hold.because}"


def _is_prefix_of(line: LedgerLine) -> bool:
    """Whether it is `s3://BUCKET/KIND/TENANT/`, or its upload; one level less would be everybody's."""
    scheme, _, rest = line.id.partition("://")
    bucket, *path = rest.split("/")
    folders = [[_FOLDERS[line.what], name, ""] for name in (line.tenant, upload_prefix(line.tenant))]
    return scheme == "s3" and bool(bucket) and path in folders


def refusals_of_resource(line: LedgerLine, there: AccountResource, ended: DecommissionPlan) -> Iterator[str]:
    """Why what the account has of a line is not deleted."""
    yield from _not_its_own(line, there, ended)
    latest = line.recorded_at + CLOCKS_DIFFER_BY
    if there.created_at is not None and there.created_at > latest:
        yield f"it was made at {there.created_at:%Y-%m-%d %H:%M} UTC, after the evidence: it is another one"
    if there.newest is not None and there.newest > latest:
        yield f"it was written to at {there.newest:%Y-%m-%d %H:%M} UTC, after the evidence: look who uses it"
    if there.created_at is None and there.what not in STORED:
        yield "AWS does not say when it was made"
    if there.held:
        yield there.held
    if there.busy:
        yield there.busy


def _not_its_own(line: LedgerLine, there: AccountResource, ended: DecommissionPlan) -> Iterator[str]:
    tags = there.tags or {}
    portfolio, tenant = tags.get(KEYS["portfolio"]), tags.get(KEYS["tenant"])
    if portfolio not in {None, ended.portfolio}:
        yield f"its tags say that it is of portfolio {portfolio}"
    if there.what in STORED:
        if portfolio is None:
            yield f"the tags of its bucket do not say that it is of portfolio {ended.portfolio}"
        return
    if tenant not in {None, line.tenant}:
        yield f"its tags say that it is {tenant}'s"
    named = Names.of(ended)
    if tenant is None and not (named.has(line.id) or named.has(there.handle)):
        yield f"neither tags nor name say that it is {line.tenant}'s"


def refusals_of_part(there: AccountResource, gone: Collection[str]) -> Iterator[str]:
    """Why a part of a backup stays: the backup does. *gone* has the handles of what goes before it."""
    if there.is_part and there.inside not in gone:
        yield f"it is a part of the automated backup {there.inside}, and goes with it"


def refusals_of_key(there: AccountResource, users: Collection[KeyUser]) -> Iterator[str]:
    """Why a key stays: without it what it encrypts is lost."""
    if there.what is Kind.KEY and users:
        first, *more = sorted(users, key=lambda each: (each.what, each.region, each.id))
        others = f" and {len(more)} more" if more else ""
        yield f"{first.what} {first.id} ({first.region}){others} cannot be read without it, and is not purged"
