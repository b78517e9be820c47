"""Knows types that moto does not have at all: the whole resource is a document in the simulation's store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localcloud.aws.errors import refuse
from localcloud.aws.row import Call, Change, Row, Tags, names

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ID = "_id"
"""Where a document says its own id: its name in the store is spelled otherwise."""


def remembered(
    kind: str,
    *,
    service: str,
    inputs: str,
    replaces: str,
    identify: Callable[[Call], str],
    facts: Callable[[Call, str], dict[str, Any]] | None = None,
    outputs: str = "arn",
    taken: str = "ResourceAlreadyExistsException",
    taggable: bool = False,
    completed: str = "",
    before: tuple[Callable[[Call], None], ...] = (),
    before_end: Callable[[Call], None] = lambda _call: None,
    **more: Any,
) -> Row:
    """A row whose create, find, change and delete go to the store.

    `identify` makes the id, `facts` the outputs that AWS would add (their names are `outputs`), `before`
    holds what AWS refuses to create, `before_end` what it asks before it deletes, `taken` is AWS's name of
    the error for an id that exists. The rest is as in `Row`.
    """
    store = _Store(service, kind.rsplit(":", 1)[-1], taken)

    def create(call: Call) -> str:
        made = identify(call)
        store.add(call, made, {ID: made, **call.new, **(facts(call, made) if facts else {})})
        return made

    changeable = names(inputs) - names(replaces)
    return Row(
        kind=kind,
        service=service,
        inputs=dict.fromkeys(inputs.split(), ""),
        live={word: word for word in (inputs + (f" {outputs}" if facts else "")).split()},
        create=create,
        find=lambda call: store.find(call, call.id),
        changes=(Change(changeable, lambda call: store.change(call, dict(call.new))),) if changeable else (),
        delete=lambda call: store.end(call, before_end),
        replaces=names(replaces),
        tags=store.tags() if taggable else None,
        completed=names(completed),
        before_create=before,
        **more,
    )


def remembered_document(call: Call, kind: str, made: str) -> dict[str, Any] | None:
    """What is remembered of another resource of *kind* in the region of *call*, None when nothing is."""
    return _Store(kind.split("/", 1)[0].partition(":")[2], kind.rsplit(":", 1)[-1], "").find(call, made)


class _Store:
    """The documents of one type."""

    def __init__(self, service: str, short: str, taken: str) -> None:
        self.kind = f"{service}-{short}"
        self._short = short
        self._taken = taken

    @staticmethod
    def key(call: Call, made: str) -> str:
        return f"{call.region}/{made}"

    def find(self, call: Call, made: str) -> dict[str, Any] | None:
        return call.simulation.get(self.kind, self.key(call, made))

    def add(self, call: Call, made: str, document: Mapping[str, Any]) -> None:
        if self.find(call, made) is not None:
            refuse(self._taken, f"{self._short} {made} exists already")
        self.put(call, made, document)

    def put(self, call: Call, made: str, document: Mapping[str, Any]) -> None:
        call.simulation.put(self.kind, self.key(call, made), document)

    def end(self, call: Call, before: Callable[[Call], None]) -> None:
        before(call)
        call.simulation.drop(self.kind, self.key(call, call.id))

    def change(self, call: Call, fresh: Mapping[str, Any]) -> None:
        held = self.find(call, call.id)
        if held is not None:
            dropped = call.old.keys() - call.new.keys()
            self.put(call, call.id, {**{k: v for k, v in held.items() if k not in dropped}, **fresh})

    def tags(self) -> Tags:
        def merge(call: Call, _target: str, fresh: Mapping[str, str]) -> None:
            held = self.find(call, call.id) or {}
            self.put(call, call.id, {**held, "tags": {**(held.get("tags") or {}), **fresh}})

        def remove(call: Call, _target: str, gone: list[str]) -> None:
            held = self.find(call, call.id) or {}
            left = {key: value for key, value in (held.get("tags") or {}).items() if key not in gone}
            self.put(call, call.id, {**held, "tags": left})

        return Tags(
            at_create=lambda _call, _tags: {},
            read=lambda _call, _target, found: dict(found.get("tags") or {}),
            add=merge,
            remove=remove,
            target="id",
        )
