"""What is found about each phase of a tenant, from facts alone: nothing that is unknown counts as well."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from lifecycle.adoption.backup import backup_finding
from lifecycle.adoption.need import missing_for_size
from lifecycle.adoption.phase import Finding, Phase, digest_of
from lifecycle.adoption.proposal import differences, missing_for_file
from lifecycle.adoption.sizing import choices, size_facts
from lifecycle.adoption.state import AdoptedTenant
from lifecycle.adoption.subject import Subject
from lifecycle.adoption.tags import tag_gaps
from tiers.portfolio.tenant import Tenant
from tiers.portfolio.versions.chosen import versions_of
from tiers.portfolio.versions.image import known_odoo
from tiers.vocabulary import Environment, TenantId

_OF_AWS: Final = "aws:"


@dataclass(frozen=True)
class TenantFile:
    """The file of a tenant in the portfolio, and every mistake that `costack validate` finds in it."""

    path: str
    tenant: Tenant | None = None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class StatementLine:
    """What a statement is made of, whose it is, whether the tenant has a line, and what it leaves over."""

    source: str
    month: str
    portfolios: tuple[str, ...]
    billed: bool
    has_line: bool
    difference: str
    reconciled: bool


@dataclass(frozen=True)
class Evidence:
    """What was read for the last phases; None where the file was not given.

    Attributes:
        today: The day of the judgement, UTC.
        catalog: The digest of the catalog.
        files: The files of tenants in the portfolio.
        dumps: Tenant -> what is wrong with the files of its dump; an empty tuple where nothing is.
        stack: Tenant -> the ids of its resources in the state of the stack.
        replaced: Id of each resource that the next update would replace or delete -> why, in a few words.
        statements: Tenant -> what a statement says.
    """

    today: date
    catalog: str
    files: Mapping[TenantId, TenantFile] = field(default_factory=dict)
    dumps: Mapping[TenantId, tuple[str, ...]] = field(default_factory=dict)
    stack: Mapping[TenantId, frozenset[str]] | None = None
    replaced: Mapping[str, str] | None = None
    statements: Mapping[TenantId, StatementLine] | None = None


def findings(subject: Subject, evidence: Evidence) -> Mapping[Phase, Finding]:
    """What is found about every phase of the tenant."""
    return {
        Phase.INVENTORY: _inventory(subject),
        Phase.TAG_GAPS: _tag_gaps(subject),
        Phase.NAMES: _names(subject, evidence),
        Phase.SIZE: _size(subject, evidence),
        Phase.BACKUP: backup_finding(subject, evidence.today),
        Phase.TENANT_FILE: _tenant_file(subject, evidence),
        Phase.IMPORT: _import(subject, evidence),
        Phase.LOAD: _load(subject, evidence),
        Phase.STATEMENT: _statement(subject, evidence),
    }


def _inventory(subject: Subject) -> Finding:
    version, offered = subject.odoo_version, versions_of(subject.platform)
    runs = version if version in offered else subject.platform.images.odoo.version
    facts = {"rows": _plain(subject, without="tags"), "odoo": runs}
    upgrade = () if version is None else _version(str(subject.facts["odoo_version"]), version, offered)
    count = len(subject.rows)
    told = f"Odoo {subject.facts.get('odoo_version')}, {subject.facts.get('users')} users"
    proven = f"{count} row{'' if count == 1 else 's'}, {told}"
    return Finding(facts, (*subject.unknown, *upgrade), proven)


def _version(said: str, whole: str, offered: Collection[str]) -> Iterator[str]:
    runs = ", ".join(offered)
    try:
        known_odoo(whole)
    except ValueError:
        yield f"odoo_version: upgrade first: Costack does not know Odoo {said}; the platform runs {runs}"
        return
    if whole not in offered:
        yield f"odoo_version: upgrade first: it runs Odoo {said}, and the platform {runs}"


def _tag_gaps(subject: Subject) -> Finding:
    gaps = list(tag_gaps(subject))
    lines = {gap.row.line for gap in gaps}
    missing = tuple(dict.fromkeys(f"line {gap.row.line}: {gap.why_not}" for gap in gaps if gap.why_not))
    respelled = sum(1 for gap in gaps if gap.instead)
    proven = "every resource has its cost tags"
    if gaps:
        proven = (
            f"{len(gaps)} cost tags to set on {len(lines)} of {len(subject.rows)} resources, "
            f"{respelled} of them in place of another spelling"
        )
    facts = {"rows": _plain(subject), "client": subject.client, "environment": subject.environment}
    return Finding(facts, missing, proven if subject.rows else "")


def _names(subject: Subject, evidence: Evidence) -> Finding:
    there = evidence.files.get(subject.tenant)
    taken = there.tenant.client if there is not None and there.tenant is not None else subject.client
    facts = {"spellings": sorted(str(each.pair) for each in subject.adopted.spellings), "client": taken}
    missing = [
        f"is '{each.spelling}' the tenant {subject.tenant}? write by and when beside it, or move its line to "
        "another tenant"
        for each in subject.unconfirmed
    ]
    if taken != subject.client:
        missing.append(
            f"{subject.tenant} is a tenant of the portfolio already, and its client is {taken}, not "
            f"{subject.client}: choose another id for it here, or write client"
        )
    count = len(subject.adopted.spellings)
    told = f"{count} spellings confirmed" if count > 1 else "its spelling is confirmed, or is the id itself"
    return Finding(facts, tuple(missing), told if count else "")


def _size(subject: Subject, evidence: Evidence) -> Finding:
    facts = size_facts(subject, evidence.catalog)
    missing = missing_for_size(subject)
    if missing or subject.unknown:
        return Finding(facts, missing, then="waits for the inventory")
    if subject.unconfirmed:
        return Finding(facts, then="waits for names: what nobody has confirmed does not add up")
    found, why_not = choices(subject)
    if not found:
        return Finding(facts, tuple(f"no tier holds it: {each}" for each in why_not))
    size = subject.adopted.proposed
    if size is None or size.facts != digest_of(facts):
        return Finding(facts, then=f"costack adopt next {subject.tenant}")
    silent = "1 row does" if size.rows_without_cost == 1 else f"{size.rows_without_cost} rows do"
    lacking = f", and {silent} not say it" if size.rows_without_cost else ""
    today = "" if size.cost_today is None else f" (today {size.cost_today}{lacking})"
    unpriced = f", {size.unpriced} lines without a price" if size.unpriced else ""
    return Finding(
        facts,
        proven=(
            f"{size.tier} with {size.workload_class} {size.why}; "
            f"costs {size.cost_per_month}{today}{unpriced}, "
            f"fee {size.fee_per_month}, margin {size.margin_per_month} {subject.platform.currency} a month"
        ),
    )


def _tenant_file(subject: Subject, evidence: Evidence) -> Finding:
    there = evidence.files.get(subject.tenant)
    tier, size = subject.tier, subject.workload_class
    if tier is None or size is None or subject.unconfirmed or missing_for_size(subject):
        return Finding({}, then="waits for names and size")
    facts = {
        "rows": size_facts(subject, evidence.catalog)["rows"],
        "tier": tier.tier,
        "client": subject.client,
        "hostname": subject.adopted.hostname or subject.facts.get("hostname"),
        "file": None if there is None else digest_of(there.tenant and there.tenant.model_dump(mode="json")),
    }
    if there is None:
        missing = tuple(missing_for_file(subject))
        return Finding(facts, missing, then=f"costack adopt next {subject.tenant}")
    if there.tenant is None or there.problems:
        return Finding(facts, there.problems or (f"{there.path}: cannot be read",))
    other = tuple(differences(subject, there.tenant, tier.tier, size))
    return Finding(facts, other, f"{there.path} is valid")


def _import(subject: Subject, evidence: Evidence) -> Finding:
    facts = {"rows": _plain(subject), "tenant": subject.tenant, "tier": subject.tier and subject.tier.tier}
    stack = (evidence.stack or {}).get(subject.tenant, frozenset())
    of_aws = [row for row in subject.rows if row.resource.type.startswith(_OF_AWS)]
    gaps = {gap.row.line for gap in tag_gaps(subject)}
    left = [row for row in of_aws if row.resource.id not in stack and row.line in gaps]
    imported = [row for row in of_aws if row.resource.id in stack]
    lost = tuple(
        f"line {row.line}: the next update would replace {row.resource.id} ({why}): take it out of the stack "
        "with `pulumi state delete`, and load its dump instead"
        for row in imported
        if (why := (evidence.replaced or {}).get(row.resource.id)) is not None
    )
    if not subject.rows or subject.offer is None:
        return Finding(facts, then="waits for size")
    if lost:
        return Finding(facts, lost)
    if imported and evidence.replaced is None:
        asks = f"{subject.lines(imported)}: imported; give the preview of the next update with --plan, too"
        return Finding(facts, then=asks, unseen=True)
    if not left:
        proven = f"{len(imported)} of {len(of_aws)} resources of AWS are in the stack, the others are tagged"
        return Finding(facts, proven=proven if of_aws else "no row is a resource of AWS")
    return Finding(
        facts,
        then=f"{subject.lines(left)}: costack adopt import takes over, costack adopt tags says what to set",
        unseen=evidence.stack is None,
    )


def load_facts(adopted: AdoptedTenant) -> Mapping[str, Any]:
    """What the phase `load` depends on."""
    return {"dump": None if adopted.dump is None else adopted.dump.model_dump(mode="json")}


def _load(subject: Subject, evidence: Evidence) -> Finding:
    dump = subject.adopted.dump
    # What production has must be loaded; any other environment may begin anew, and a person says so.
    signs = subject.environment in {None, Environment.PRODUCTION}
    facts = load_facts(subject.adopted)
    loads = f"load them with `costack refresh {subject.tenant} --from FILE --files FILE` or by hand"
    if dump is None:
        told = (
            f"dump: no dump and filestore is named under tenants.{subject.tenant}; expected file, bytes and "
            "sha256 of each"
        )
        return Finding(facts, then=f"{told}; then {loads} and sign off the phase load", signs=signs)
    problems = evidence.dumps.get(subject.tenant)
    if problems is None:
        return Finding(facts, ("dump: its files were not checked",), signs=signs)
    proven = "" if problems else "dump and filestore are there, unchanged"
    return Finding(facts, problems, proven, then=loads, signs=True)


def _statement(subject: Subject, evidence: Evidence) -> Finding:
    facts = {"tenant": subject.tenant, "client": subject.client}
    asks = f"costack adopt next {subject.tenant} --statement RUN/statement.json"
    if evidence.statements is None:
        return Finding(facts, then=asks, unseen=True)
    line = evidence.statements.get(subject.tenant)
    if line is not None and not line.billed:
        return Finding(facts, (f"{line.source}: is an estimate; expected the statement of a bill",))
    if line is not None and (home := subject.platform.portfolio) not in line.portfolios:
        theirs = ", ".join(line.portfolios)
        return Finding(facts, (f"{line.source}: is of portfolio {theirs}; expected that of {home}",))
    if line is None or not line.has_line:
        source = "the statement" if line is None else line.source
        return Finding(facts, (f"{source}: has no line for {subject.tenant}",))
    if not line.reconciled:
        return Finding(facts, (f"{line.source}: leaves a difference of {line.difference}",))
    return Finding(facts, proven=f"{line.month} has a line for it, difference {line.difference}")


def _plain(subject: Subject, without: str = "") -> Sequence[Mapping[str, Any]]:
    rows = [{name: value for name, value in row.plain().items() if name != without} for row in subject.rows]
    return sorted(rows, key=str)
