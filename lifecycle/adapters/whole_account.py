"""Lists what an AWS account has in the regions of a stack, and the rules of its security groups.

What bills or holds data is listed, tagged or not; the tag search adds every other kind that ever had a tag.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from allocation.prices.price_book import PriceBook
from lifecycle.adapters.aws_account import Account, key_ends
from lifecycle.adapters.aws_listings import LISTINGS
from lifecycle.decommission.retained import Kind, RemainingResource, monthly_units
from lifecycle.drift.untracked import AddedRule, Found
from lifecycle.errors import LifecycleError

_GLOBAL: Final = "global"
_BILLED: Final = frozenset(
    {Kind.DATABASE, Kind.SNAPSHOT, Kind.AUTOMATED_BACKUP, Kind.CACHE, Kind.CACHE_SNAPSHOT}
    | {Kind.FILE_SYSTEM, Kind.VAULT, Kind.SECRET, Kind.LOGS, Kind.BUCKET}
)
_COMPUTED: Final = (
    ("NAT gateway", "describe_nat_gateways", "NatGateways", "NatGatewayId"),
    ("public address", "describe_addresses", "Addresses", "AllocationId"),
    ("volume", "describe_volumes", "Volumes", "VolumeId"),
)
"""Kinds of EC2 that bill: a plain word, the operation, the key of its list, and the id."""
_ENDED: Final = ("deleted", "deleting", "terminated")


@dataclass
class WholeAccount(Account):
    """The AWS account of the credentials in use, looked at as a whole; costs are unknown without prices."""

    prices: PriceBook | None = None

    def enabled_regions(self) -> tuple[str, ...]:
        """Every region that the account has enabled.

        Raises:
            LifecycleError: When AWS does not answer.
        """
        listed = self._ask("ec2", self.region, "describe_regions")["Regions"]
        return tuple(sorted({self.region, *(str(each["RegionName"]) for each in listed)}))

    def found(self, regions: Iterable[str]) -> Iterator[Found]:
        """Every resource of the account in *regions* that bills, holds data or has a tag.

        Raises:
            LifecycleError: When AWS does not answer; half an answer would hide what nobody owns.
        """
        for region in regions:
            yield from self._listed(region)
            yield from self._computed(region)
            yield from self._with_tags(region)

    def rules(self, regions: Iterable[str]) -> Iterator[AddedRule]:
        """The rules by which others reach a security group.

        Raises:
            LifecycleError: When AWS does not answer.
        """
        for region in regions:
            for page in self._pages("ec2", region, "describe_security_group_rules"):
                for each in page["SecurityGroupRules"]:
                    if not each["IsEgress"]:
                        yield _rule(each)

    def _listed(self, region: str) -> Iterator[Found]:
        for listing in LISTINGS:
            if listing.what not in _BILLED or (listing.everywhere and region != self.region):
                continue
            for page in self._pages(listing.service, region, listing.operation, **listing.parameters):
                for each in listing.entries(page):
                    made = listing.resource(each, _GLOBAL if listing.everywhere else region)
                    names = dict.fromkeys((made.id, *(str(each[n]) for n in listing.names if each.get(n))))
                    if not made.ends:
                        told = _tags(each)
                        yield Found(
                            str(made.what), tuple(names), made.region, told, made.gib, self._units(made)
                        )

    def _computed(self, region: str) -> Iterator[Found]:
        for kind, operation, key, name in _COMPUTED:
            for page in self._pages("ec2", region, operation):
                for each in page[key]:
                    if each.get("State") not in _ENDED and each.get(name):
                        yield Found(kind, (str(each[name]),), region, _tags(each), each.get("Size"))

    def _with_tags(self, region: str) -> Iterator[Found]:
        for page in self._pages("resourcegroupstaggingapi", region, "get_resources"):
            for each in page["ResourceTagMappingList"]:
                arn = str(each["ResourceARN"])
                where = arn.split(":", 5)[3] or _GLOBAL
                key = RemainingResource(Kind.KEY, arn, where) if ":key/" in arn else None
                if key and self._key_ends(arn, region):
                    continue  # it bills nothing, as what a listing says of other kinds
                units = self._units(key) if key else None
                yield Found(_kind_of(arn), (arn,), where, _tags(each) or {}, None, units)

    def _key_ends(self, key: str, region: str) -> bool:
        """Whether its deletion is scheduled; a key that nobody may ask about is taken for one that bills."""
        try:
            return key_ends(self._ask("kms", region, "describe_key", KeyId=key)["KeyMetadata"])
        except LifecycleError:
            return False

    def _units(self, resource: RemainingResource) -> int | None:
        return None if self.prices is None else monthly_units(resource, self.prices)


def _tags(each: Mapping[str, Any]) -> dict[str, str] | None:
    """The tags of an entry; None where the listing has none, which says nothing."""
    listed = each.get("TagList") if "TagList" in each else each.get("Tags")
    if not isinstance(listed, list):
        return None
    return {str(tag["Key"]): str(tag["Value"]) for tag in listed}


def _kind_of(arn: str) -> str:
    """The kind in an ARN, as AWS spells it.

    >>> _kind_of("arn:aws:kms:us-east-1:1:key/0a"), _kind_of("arn:aws:s3:::dumps")
    ('key', 'bucket')
    """
    _, _, service, _, _, resource = (*arn.split(":", 5), *("",) * 6)[:6]
    if service == "s3":
        return str(Kind.BUCKET)
    return resource.replace("/", ":").partition(":")[0].replace("-", " ") or service


def _rule(each: Mapping[str, Any]) -> AddedRule:
    group = (each.get("ReferencedGroupInfo") or {}).get("GroupId")
    source = each.get("CidrIpv4") or each.get("CidrIpv6") or group or each.get("PrefixListId") or "unknown"
    return AddedRule(
        id=str(each["SecurityGroupRuleId"]),
        group=str(each["GroupId"]),
        from_port=each.get("FromPort"),
        to_port=each.get("ToPort"),
        protocol=str(each.get("IpProtocol")),
        source=str(source),
    )
