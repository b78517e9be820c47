"""Which cost tags the resources of an estate lack, and which of their own spellings mean the same."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from lifecycle.adoption.inventory import Row
from lifecycle.adoption.names import proposed_id
from lifecycle.adoption.subject import Subject
from tiers.tags import KEYS, field_of, plain_key
from tiers.vocabulary import CostDomain, Environment, LifecycleStage

_ALSO: Final[Mapping[str, str]] = {
    **dict.fromkeys(("client", "customer", "kunde", "account_name", "company"), "client"),
    **dict.fromkeys(("tenant", "tenant_id", "tenant_name", "instance"), "tenant"),
    **dict.fromkeys(("environment", "env", "stage", "umgebung"), "environment"),
    **dict.fromkeys(("service_line", "product", "service"), "service_line"),
}
"""Keys of other firms' tags, as `plain_key` has them, that mean a cost tag."""
_ENVIRONMENTS: Final[Mapping[str, Environment]] = {
    **dict.fromkeys(("prod", "prd", "live", "production", "produktion"), Environment.PRODUCTION),
    **dict.fromkeys(("stage", "staging", "stg", "test", "uat", "preprod"), Environment.STAGING),
    **dict.fromkeys(("dev", "development", "entwicklung"), Environment.DEVELOPMENT),
    **dict.fromkeys(("bi", "analytics", "reporting"), Environment.ANALYTICS),
    **dict.fromkeys(("migration", "trial"), Environment.MIGRATION),
}
_EC2: Final = re.compile(r"(i|vol|snap|eni|eipalloc|sg|subnet|vpc|igw|nat)-[0-9a-f]{8,17}")
_ARN: Final = re.compile(r"arn:aws[\w-]*:[\w-]+:[\w-]*:\d*:.+")


@dataclass(frozen=True)
class TagGap:
    """A cost tag that a resource lacks or has otherwise.

    Attributes:
        row: The resource.
        key: The key to set.
        value: The value to set; empty while it is not known.
        instead: The tag that means it today, as `key=value`; empty where there is none.
        why_not: Why the value cannot be believed; empty where it can.
    """

    row: Row
    key: str
    value: str
    instead: str = ""
    why_not: str = ""


def expected_tags(subject: Subject, row: Row) -> Mapping[str, str]:
    """The cost tags of a resource of the tenant, by key; those whose value is not known yet are not in it."""
    tier = subject.tier if subject.offer is not None else None
    promised = subject.facts.get("resilience_class") or (tier.resilience_class if tier else None)
    known = {
        "portfolio": subject.platform.portfolio,
        "client": subject.client,
        "tenant": subject.tenant,
        "environment": subject.environment,
        "region": row.facts.region or subject.platform.region,
        "service_tier": tier.tier if tier else None,
        "recovery_class": promised if tier else None,
        "domain": CostDomain.TENANT_RUNTIME,
        "service_line": subject.platform.service_line,
        "lifecycle_stage": LifecycleStage.ACTIVE,
    }
    return {KEYS[field]: str(value) for field, value in known.items() if value is not None}


def tag_gaps(subject: Subject) -> Iterator[TagGap]:
    """What the resources of the tenant lack, row by row."""
    for row in subject.rows:
        wanted = expected_tags(subject, row)
        for field, key in KEYS.items():
            value = wanted.get(key, "")
            if value and row.resource.tags.get(key) == value:
                continue
            instead = _instead(row, field)
            said = instead.partition("=")[2]
            why = _disagrees(subject, field, value, said) if said else ""
            yield TagGap(row, key, value, instead, f"tag {instead} {why}" if why else "")


@dataclass(frozen=True)
class TagCall:
    """The cost tags that one resource lacks and whose values are known."""

    row: Row
    region: str
    tags: Mapping[str, str]

    @property
    def of_ec2(self) -> bool:
        """Whether it is a resource that EC2 knows by its id."""
        return bool(_EC2.fullmatch(self.row.resource.id))

    @property
    def by_hand(self) -> bool:
        """Whether AWS finds it neither by its id nor by an ARN."""
        return not self.of_ec2 and not _ARN.fullmatch(self.row.resource.id)

    @property
    def command(self) -> str:
        """The command of the AWS CLI, in shell's spelling; a comment where a person must set them."""
        name = self.row.resource.id
        if self.by_hand:
            told = ", ".join(f"{key}={value}" for key, value in self.tags.items())
            shown = " ".join(name.split())
            return f"# line {self.row.line}: {shown}: set by hand, its id is no ARN: {told}"
        if self.of_ec2:
            pairs = [f"Key={key},Value={value}" for key, value in self.tags.items()]
            words = ["aws", "ec2", "create-tags", "--region", self.region, "--resources", name]
        else:
            pairs = [",".join(f"{key}={value}" for key, value in self.tags.items())]
            words = ["aws", "resourcegroupstaggingapi", "tag-resources", "--region", self.region]
            words += ["--resource-arn-list", name]
        return shlex.join([*words, "--tags", *pairs])


def tag_calls(subject: Subject) -> Iterator[TagCall]:
    """A call for each resource that lacks a tag, where the value is known and its own tags do not deny it.

    What another portfolio has tagged gets none.
    """
    missing: dict[int, list[TagGap]] = {}
    gaps = list(tag_gaps(subject))
    others = {gap.row.line for gap in gaps if gap.why_not and gap.key == KEYS["portfolio"]}
    for gap in gaps:
        if gap.row.line not in others and gap.value and not gap.why_not:
            missing.setdefault(gap.row.line, []).append(gap)
    for gaps in missing.values():
        row = gaps[0].row
        region = row.facts.region or subject.platform.region
        yield TagCall(row, region, {gap.key: gap.value for gap in gaps})


def _instead(row: Row, field: str) -> str:
    """The tag of the resource that means *field*, as it is spelled there."""
    for key, value in row.resource.tags.items():
        if value and field in {field_of(key), _ALSO.get(plain_key(key))}:
            return f"{key}={value}"
    return ""


def _disagrees(subject: Subject, field: str, value: str, said: str) -> str:
    """Why a tag that *said* something else cannot mean *value*; empty where it is another spelling of it."""
    if field == "environment":
        means = _ENVIRONMENTS.get(said.strip().lower())
        if means is None:
            return f"is no environment that is known; expected one of {', '.join(Environment)}"
        if not value:
            return f"means {means}, and no row says it; write it into the column environment"
        return "" if means == value else f"means {means}, and the CSV says {value}"
    if field == "portfolio" and said != value:
        return (
            f"means portfolio {said}, and this one is {value}; take the row out, or take the tag away first"
        )
    if field in {"client", "tenant"} and value:
        names = {value, *(each.spelling for each in subject.adopted.spellings)}
        if proposed_id(said) not in {proposed_id(each) for each in names}:
            return f"means {proposed_id(said)}, and the CSV says {value}"
    return ""
