"""Knows route tables, their routes, and which subnet follows which table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localcloud.aws.network import ec2_tags
from localcloud.aws.operations import creates, deletes, finds
from localcloud.aws.row import Call, Change, Row, fields, names

if TYPE_CHECKING:
    from collections.abc import Mapping

_TARGETS = fields(
    """gatewayId natGatewayId networkInterfaceId transitGatewayId vpcEndpointId vpcPeeringConnectionId
    egressOnlyGatewayId=EgressOnlyInternetGatewayId"""
)
_DESTINATIONS = fields("destinationCidrBlock destinationIpv6CidrBlock destinationPrefixListId")


def _create_route(call: Call) -> str:
    call.ask("create_route", **call.parameters())
    return f"r-{call.new['routeTableId']}_{_destination(call.new)}"


def _destination(inputs: Mapping[str, Any]) -> str:
    return next((str(inputs[name]) for name in _DESTINATIONS if inputs.get(name)), "")


def _find_route(call: Call) -> Mapping[str, Any] | None:
    table = call.old.get("routeTableId") or call.new["routeTableId"]
    tables = call.seek("describe_route_tables", RouteTableIds=[table])
    if tables is None:
        return None
    wanted = _destination(call.new or call.old)
    return next(
        (
            r
            for r in tables["RouteTables"][0]["Routes"]
            if wanted in [r.get(api) for api in _DESTINATIONS.values()]
        ),
        None,
    )


def _parse_route(route: str) -> dict[str, str]:
    table, _, destination = route.removeprefix("r-").partition("_")
    kind = "destinationIpv6CidrBlock" if ":" in destination else "destinationCidrBlock"
    return {"routeTableId": table, kind: destination}


def _key_of_route(call: Call) -> dict[str, Any]:
    table = {"routeTableId": call.old["routeTableId"]}
    held = {name: call.old[name] for name in _DESTINATIONS if call.old.get(name)}
    return {name[0].upper() + name[1:]: value for name, value in {**table, **held}.items()}


def _inline_routes(call: Call) -> None:
    for route in call.old.get("routes") or []:
        call.ask("delete_route", RouteTableId=call.id, DestinationCidrBlock=route["cidrBlock"])
    for route in call.new.get("routes") or []:
        target = {api: route[name] for name, api in _TARGETS.items() if route.get(name)}
        call.ask("create_route", RouteTableId=call.id, DestinationCidrBlock=route["cidrBlock"], **target)


def _find_association(call: Call) -> Mapping[str, Any] | None:
    """By its id, else by its subnet: it has another id since its table was changed."""
    tables = call.ask("describe_route_tables")["RouteTables"]
    joined = [a for table in tables for a in table["Associations"]]
    subnet = call.new.get("subnetId") or call.old.get("subnetId")
    own = [a for a in joined if a["RouteTableAssociationId"] == call.id]
    return next(iter([*own, *(a for a in joined if subnet and a.get("SubnetId") == subnet)]), None)


def _join_another(call: Call) -> None:
    """The table of an association is changed in place.

    Source: terraform-provider-aws, internal/service/ec2/vpc_route_table_association.go (route_table_id
    has no ForceNew).
    """
    held = _find_association(call) or {}
    call.ask(
        "replace_route_table_association",
        AssociationId=held.get("RouteTableAssociationId", call.id),
        RouteTableId=call.new["routeTableId"],
    )


def _part(call: Call) -> None:
    if held := _find_association(call):
        call.ask("disassociate_route_table", AssociationId=held["RouteTableAssociationId"])


ROWS = (
    Row(
        kind="aws:ec2/routeTable:RouteTable",
        service="ec2",
        inputs=fields("vpcId routes="),
        live=fields("vpcId ownerId"),
        derive=lambda call, _: {"arn": call.arn(f"route-table/{call.id}")},
        derived=names("arn"),
        create=creates("create_route_table", "RouteTable.RouteTableId"),
        find=finds("describe_route_tables", "RouteTableIds", "RouteTables[0]", many=True),
        changes=(Change(names("routes"), _inline_routes, settles=True),),
        delete=deletes("delete_route_table", "RouteTableId"),
        replaces=names("vpcId"),
        tags=ec2_tags("route-table"),
    ),
    Row(
        kind="aws:ec2/routeTableAssociation:RouteTableAssociation",
        service="ec2",
        inputs=fields("routeTableId subnetId gatewayId"),
        live=fields("routeTableId subnetId gatewayId"),
        create=creates("associate_route_table", "AssociationId"),
        find=_find_association,
        changes=(Change(names("routeTableId"), _join_another),),
        delete=_part,
        replaces=names("subnetId gatewayId"),
    ),
    Row(
        kind="aws:ec2/route:Route",
        service="ec2",
        inputs={"routeTableId": "RouteTableId", **_DESTINATIONS, **_TARGETS},
        live=fields("gatewayId natGatewayId networkInterfaceId vpcPeeringConnectionId origin state"),
        create=_create_route,
        find=_find_route,
        changes=(Change(frozenset(_TARGETS), lambda call: call.ask("replace_route", **call.parameters())),),
        delete=lambda call: call.ask("delete_route", **_key_of_route(call)),
        replaces=frozenset({"routeTableId", *_DESTINATIONS}),
        parse=_parse_route,
    ),
)
