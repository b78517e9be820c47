"""Knows hosted zones and the records in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localcloud.aws.row import Call, Change, Row, Tags, fields, names

if TYPE_CHECKING:
    from collections.abc import Mapping

_ZONES = "hostedzone"


def _create_zone(call: Call) -> str:
    made = call.ask("create_hosted_zone", Name=call.new["name"], CallerReference=call.name)
    return str(made["HostedZone"]["Id"]).rpartition("/")[2]


def _tags_of(call: Call, zone: str, _: Mapping[str, Any]) -> dict[str, str]:
    listed = call.ask("list_tags_for_resource", ResourceType=_ZONES, ResourceId=zone)
    return {tag["Key"]: tag["Value"] for tag in listed["ResourceTagSet"]["Tags"]}


def _tag(call: Call, zone: str, tags: dict[str, str]) -> None:
    pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
    call.ask("change_tags_for_resource", ResourceType=_ZONES, ResourceId=zone, AddTags=pairs)


def _untag(call: Call, zone: str, keys: list[str]) -> None:
    call.ask("change_tags_for_resource", ResourceType=_ZONES, ResourceId=zone, RemoveTagKeys=keys)


def _about_zone(call: Call, found: Mapping[str, Any]) -> Mapping[str, Any]:
    servers = list(found["DelegationSet"]["NameServers"])
    return {
        "arn": f"arn:aws:route53:::hostedzone/{call.id}",
        "zoneId": call.id,
        "nameServers": servers,
        "primaryNameServer": servers[0],
    }


def _set(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """A record set as Route 53 takes it."""
    wanted: dict[str, Any] = {"Name": inputs["name"], "Type": inputs["type"]}
    if inputs.get("records"):
        values = [{"Value": each} for each in inputs["records"]]
        return {**wanted, "TTL": int(inputs["ttl"]), "ResourceRecords": values}
    (alias,) = inputs["aliases"]
    target = {
        "DNSName": alias["name"],
        "HostedZoneId": alias["zoneId"],
        "EvaluateTargetHealth": alias["evaluateTargetHealth"],
    }
    return {**wanted, "AliasTarget": target}


def _change(call: Call, action: str, inputs: Mapping[str, Any]) -> None:
    batch = {"Changes": [{"Action": action, "ResourceRecordSet": _set(inputs)}]}
    call.ask("change_resource_record_sets", HostedZoneId=inputs["zoneId"], ChangeBatch=batch)


def _create_record(call: Call) -> str:
    _change(call, "UPSERT" if call.new.get("allowOverwrite") else "CREATE", call.new)
    return f"{call.new['zoneId']}_{call.new['name']}_{call.new['type']}"


def _parts(record: str) -> tuple[str, str, str]:
    """Zone, name and type of an id; a name may be written with its root."""
    zone, _, rest = record.partition("_")
    name, _, kind = rest.rpartition("_")
    return zone, name.rstrip("."), kind


def _find_record(call: Call) -> Mapping[str, Any] | None:
    zone, name, kind = _parts(call.id)
    listed = call.seek("list_resource_record_sets", HostedZoneId=zone)
    for each in (listed or {}).get("ResourceRecordSets", ()):
        if (each["Name"].rstrip("."), each["Type"]) == (name, kind):
            return _found(each)
    return None


def _found(held: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"Fqdn": held["Name"].rstrip(".")}
    if held.get("ResourceRecords"):
        found |= {"TTL": held["TTL"], "Records": [each["Value"] for each in held["ResourceRecords"]]}
    if target := held.get("AliasTarget"):
        alias = {
            "Name": target["DNSName"].rstrip("."),
            "ZoneId": target["HostedZoneId"],
            "EvaluateTargetHealth": target["EvaluateTargetHealth"],
        }
        found["Aliases"] = [alias]
    return found


def _delete_record(call: Call) -> None:
    if _find_record(call) is not None:
        _change(call, "DELETE", call.old)


def _parse_record(record: str) -> dict[str, str]:
    zone, name, kind = _parts(record)
    return {"zoneId": zone, "name": name, "type": kind}


ROWS = (
    Row(
        kind="aws:route53/zone:Zone",
        service="route53",
        inputs=fields("name comment= forceDestroy="),
        live={},
        create=_create_zone,
        find=lambda call: call.seek("get_hosted_zone", Id=call.id),
        delete=lambda call: call.seek("delete_hosted_zone", Id=call.id),
        replaces=names("name"),
        tags=Tags(at_create=lambda *_: {}, read=_tags_of, add=_tag, remove=_untag, target="id", late=True),
        derive=_about_zone,
        derived=names("arn zoneId nameServers primaryNameServer"),
        regional=False,
        defaults={"comment": "Managed by Pulumi"},
    ),
    Row(
        kind="aws:route53/record:Record",
        service="route53",
        inputs=fields("zoneId= name= type= ttl= records= aliases= allowOverwrite="),
        live=fields("ttl=TTL records=Records aliases=Aliases fqdn=Fqdn"),
        create=_create_record,
        find=_find_record,
        changes=(Change(names("ttl records aliases"), lambda call: _change(call, "UPSERT", call.new)),),
        delete=_delete_record,
        replaces=names("zoneId name type"),
        parse=_parse_record,
        regional=False,
    ),
)
