"""Knows the usual shapes of AWS operations, so that most rows are written without a function of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localcloud.aws.row import Call, Change, Tags, names, search

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def creates(operation: str, at: str, **fixed: Any) -> Callable[[Call], str]:
    """Sends all inputs, tags included, and takes the id from the answer at a JMESPath."""

    def create(call: Call) -> str:
        answer = call.ask(operation, **{**fixed, **call.parameters(), **tags_at_create(call)})
        return str(search(at, answer))

    return create


def tags_at_create(call: Call) -> dict[str, Any]:
    """The parameters that tag a resource while it is made."""
    tags = call.row.tags
    return tags.at_create(call, dict(call.new.get("tags") or {})) if tags else {}


def finds(
    operation: str, key: str, at: str = "@", *, many: bool = False
) -> Callable[[Call], Mapping[str, Any] | None]:
    """Describes by id; `many` where the operation wants a list of ids."""

    def find(call: Call) -> Mapping[str, Any] | None:
        answer = call.seek(operation, **{key: [call.id] if many else call.id})
        found: Mapping[str, Any] | None = None if answer is None else search(at, answer)
        return found

    return find


def changes(inputs: str, operation: str, key: str, *, settles: bool = False, **fixed: Any) -> Change:
    """Sends those of the inputs that changed, with the id."""
    wanted = names(inputs)

    def apply(call: Call) -> None:
        sent = call.parameters(wanted & call.changed)
        if sent:
            call.ask(operation, **{key: call.id}, **fixed, **sent)

    return Change(wanted, apply, settles)


def changes_in_the_window(inputs: str, operation: str, key: str) -> Change:
    """As `changes`; AWS makes some of them in the maintenance window, unless `applyImmediately` is set."""
    wanted = names(inputs)

    def apply(call: Call) -> None:
        sent = call.parameters(wanted & call.changed)
        if sent:
            now = bool(call.new.get("applyImmediately"))
            call.ask(operation, **{key: call.id}, ApplyImmediately=now, **sent)

    return Change(wanted, apply)


def sends_all(inputs: str, operation: str, key: str, *, settles: bool = False) -> Change:
    """Sends all of the inputs, with the id, when any of them changed."""
    wanted = names(inputs)
    return Change(
        wanted, lambda call: call.ask(operation, **{key: call.id}, **call.parameters(wanted)), settles
    )


def deletes(operation: str, key: str, **fixed: Any) -> Callable[[Call], object]:
    """Deletes by id."""
    return lambda call: call.ask(operation, **{key: call.id}, **fixed)


def key_values(tags: Mapping[str, str], key: str = "Key", value: str = "Value") -> list[dict[str, str]]:
    """Tags as most services want them."""
    return [{key: name, value: text} for name, text in tags.items()]


def from_key_values(listed: Any, key: str = "Key", value: str = "Value") -> dict[str, str]:
    """The inverse of `key_values`; tags that AWS itself set are no concern of the program."""
    return {tag[key]: tag[value] for tag in listed or [] if not tag[key].startswith("aws:")}


def tagged_by_pairs(
    target: str,
    *,
    of: str = "arn",
    add: str = "tag_resource",
    remove: str = "untag_resource",
    keys: str = "TagKeys",
    listed: str | None = None,
    at: str = "Tags",
    spelling: tuple[str, str] = ("Key", "Value"),
) -> Tags:
    """Tags as a list of pairs.

    Args:
        target: the parameter that names the resource.
        of: the output it is taken from.
        add: the operation that adds or replaces tags.
        remove: the operation that removes them.
        keys: the parameter of `remove` with the keys.
        listed: the operation that lists them, where `find` does not return them already.
        at: where they are in that answer, or in what `find` returned.
        spelling: the names of key and value in a pair.
    """

    def read(call: Call, name: str, found: Mapping[str, Any]) -> dict[str, str]:
        source = call.ask(listed, **{target: name}) if listed else found
        return from_key_values(search(at, source), *spelling)

    return Tags(
        at_create=lambda _, tags: {"Tags": key_values(tags, *spelling)} if tags else {},
        read=read,
        add=lambda call, name, tags: call.ask(add, **{target: name}, Tags=key_values(tags, *spelling)),
        remove=lambda call, name, gone: call.ask(remove, **{target: name, keys: gone}),
        target=of,
    )


def tagged_by_map(target: str, *, at_create: str, tags: str, keys: str, listed: str, of: str = "arn") -> Tags:
    """Tags as a map; the parameters differ by service."""
    answer_key = tags

    def read(call: Call, name: str, _found: Mapping[str, Any]) -> dict[str, str]:
        return dict(call.ask(listed, **{target: name}).get(answer_key) or {})

    return Tags(
        at_create=lambda _, wanted: {at_create: wanted} if wanted else {},
        read=read,
        add=lambda call, name, wanted: call.ask("tag_resource", **{target: name, tags: wanted}),
        remove=lambda call, name, gone: call.ask("untag_resource", **{target: name, keys: gone}),
        target=of,
    )
