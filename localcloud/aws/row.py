"""Knows what a row of the type table says: how an AWS type is made, found, changed, tagged and deleted."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import jmespath  # type: ignore[import-untyped]
from botocore.exceptions import ClientError

from localcloud.aws.clients import ACCOUNT
from localcloud.aws.errors import is_absent
from localcloud.aws.spelling import camel, pascal

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from localcloud.aws.clients import Clients
    from localcloud.aws.simulation import Simulation
    from localcloud.provider import Failure


@dataclass(frozen=True, slots=True)
class Call:
    """One engine call about one resource, as a row's functions see it."""

    row: Row
    clients: Clients
    simulation: Simulation
    name: str
    """The logical name."""
    region: str
    id: str = ""
    new: Mapping[str, Any] = field(default_factory=dict)
    """The inputs wanted; empty in read and delete."""
    old: Mapping[str, Any] = field(default_factory=dict)
    """The inputs of the last update; empty in create."""
    state: Mapping[str, Any] = field(default_factory=dict)
    """The outputs of the last call; empty in create and import."""

    def client(self, service: str | None = None) -> Any:
        """The client of the row's service, or of another one."""
        return self.clients.get(service or self.row.service, self.region)

    def ask(self, operation: str, /, **parameters: Any) -> dict[str, Any]:
        """Calls an AWS operation, another service's as `kms:describe_key`; None is not sent."""
        service, _, method = operation.rpartition(":")
        sent = {name: value for name, value in parameters.items() if value is not None}
        answer: dict[str, Any] = getattr(self.client(service or None), method)(**sent)
        return answer

    def seek(self, operation: str, /, **parameters: Any) -> dict[str, Any] | None:
        """As `ask`, but None where AWS says that the thing asked for does not exist."""
        try:
            return self.ask(operation, **parameters)
        except ClientError as error:
            if is_absent(error):
                return None
            raise

    @property
    def changed(self) -> frozenset[str]:
        """Top-level inputs whose value differs from the last update."""
        return frozenset(k for k in {*self.new, *self.old} if self.new.get(k) != self.old.get(k))

    def parameters(self, names: Iterable[str] | None = None) -> dict[str, Any]:
        """The wanted inputs under AWS's parameter names; those the state alone remembers are left out."""
        wanted = self.row.inputs if names is None else names
        return {
            api: pascal(self.new[name], self.row.spelled)
            for name in wanted
            if (api := self.row.inputs.get(name)) and self.new.get(name) is not None
        }

    def arn(self, resource: str, *, service: str | None = None) -> str:
        """The ARN of a resource of this account and region."""
        return f"arn:aws:{service or self.row.service}:{self.region}:{ACCOUNT}:{resource}"


@dataclass(frozen=True, slots=True)
class Tags:
    """How one service attaches tags; a type with it has the output `tagsAll`."""

    at_create: Callable[[Call, dict[str, str]], dict[str, Any]]
    """Parameters that tag a resource while it is created; empty when the service cannot."""
    read: Callable[[Call, str, Mapping[str, Any]], dict[str, str]]
    """Tags of a target, given what `find` returned."""
    add: Callable[[Call, str, dict[str, str]], object]
    remove: Callable[[Call, str, list[str]], object]
    target: str = "arn"
    """The output that names the resource to the tagging operations; `id` for its id."""
    late: bool = False
    """Whether tags can only be attached once the resource exists."""


@dataclass(frozen=True, slots=True)
class Name:
    """The input that holds the physical name, made up when the program gives none."""

    property: str
    prefix: str | None = None
    """The input with a prefix for the made-up name, where the type has one."""
    lower: bool = False
    start: str = ""
    """What every name of the type begins with, such as `alias/`."""


@dataclass(frozen=True, slots=True)
class Change:
    """What to do when any of these inputs changed."""

    inputs: frozenset[str]
    apply: Callable[[Call], object]
    settles: bool = False
    """Also right after creation, because the creating operation does not take these inputs."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One AWS type."""

    kind: str
    """Pulumi's type token."""
    service: str
    """boto3's name of the service."""
    inputs: Mapping[str, str]
    """Every input the type accepts, with AWS's parameter; an empty one is remembered in the state only."""
    live: Mapping[str, str]
    """Property -> JMESPath in what `find` returns; inputs in it are checked for drift."""
    create: Callable[[Call], str]
    """Makes it and returns its id."""
    find: Callable[[Call], Mapping[str, Any] | None]
    """What AWS says about the resource with the id, None when it does not exist."""
    delete: Callable[[Call], object]
    changes: tuple[Change, ...] = ()
    waits: frozenset[str] = frozenset()
    """Inputs whose change AWS may make later: the outputs say what is there, not what was asked for.

    The official provider compares what is wanted with them: what still waits is a difference, and what is
    taken back meanwhile is none.
    """
    keeps: Callable[[Mapping[str, Any], Mapping[str, Any]], Mapping[str, Any]] | None = None
    """Terraform's DiffSuppressFunc: of inputs wanted and held, those that stay as they are held."""
    replaces: frozenset[str] = frozenset()
    """Terraform's ForceNew: inputs whose change makes a new resource."""
    spares: Callable[[Mapping[str, Any], Mapping[str, Any]], frozenset[str]] | None = None
    """Terraform's CustomizeDiff: of `replaces`, those whose change from held to wanted is made in place."""
    replaces_if: Callable[[Mapping[str, Any], Mapping[str, Any]], Collection[str]] | None = None
    """Terraform's CustomizeDiff: of inputs held and wanted, those that make a new resource besides."""
    name: Name | None = None
    tags: Tags | None = None
    derive: Callable[[Call, Mapping[str, Any]], Mapping[str, Any]] | None = None
    """Properties that no JMESPath can say."""
    derived: frozenset[str] = frozenset()
    checks: tuple[Callable[[Mapping[str, Any]], Iterable[Failure]], ...] = ()
    """What the official provider refuses before any call."""
    before_create: tuple[Callable[[Call], None], ...] = ()
    before_update: tuple[Callable[[Call], None], ...] = ()
    """What AWS refuses and moto accepts."""
    secrets: frozenset[str] = frozenset()
    parse: Callable[[str], Mapping[str, Any]] | None = None
    """Inputs an import id holds, for types whose `find` needs more than an id."""
    regional: bool = True
    spelled: Mapping[str, str] = field(default_factory=dict)
    """Nested properties whose name at AWS is not their own with a capital."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """Outputs the official provider fills in when the program is silent."""
    completed: frozenset[str] = frozenset()
    """Inputs that AWS adds to, such as the id of what it made: the output is AWS's, not the program's."""

    @cached_property
    def outputs(self) -> frozenset[str]:
        """Properties the program can only read."""
        every = {*self.live, *self.derived, *(["tagsAll"] if self.tags else [])}
        return frozenset(every - {*self.inputs, *self.settings})

    @cached_property
    def settings(self) -> frozenset[str]:
        """Inputs that every type of this kind has: region, tags, a name's prefix."""
        return frozenset(
            [
                *(["region"] if self.regional else []),
                *(["tags"] if self.tags else []),
                *([self.name.property] if self.name else []),
                *([self.name.prefix] if self.name and self.name.prefix else []),
            ]
        )

    def living(self, found: Mapping[str, Any]) -> dict[str, Any]:
        """The properties that AWS reports; what it leaves out is left out."""
        seen = {name: search(path, found) for name, path in self.live.items()}
        return {name: camel(value, self.spelled) for name, value in seen.items() if value is not None}


def search(path: str, document: object) -> Any:
    """What a JMESPath names in an answer of AWS."""
    return jmespath.search(path, document)


def fields(text: str) -> dict[str, str]:
    """Property names with AWS's parameter names, from `a b=C c=`.

    >>> fields("engine dbName=DBName skipFinalSnapshot=")
    {'engine': 'Engine', 'dbName': 'DBName', 'skipFinalSnapshot': ''}
    """
    pairs = (word.partition("=") for word in text.split())
    return {name: api if equals else name[0].upper() + name[1:] for name, equals, api in pairs}


def names(text: str) -> frozenset[str]:
    """A set of property names from words."""
    return frozenset(text.split())
