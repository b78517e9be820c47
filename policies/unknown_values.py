"""Values that decide and that a preview does not know: counted and told, never passed in silence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Final

from policies.clauses import Finding, NotYet
from policies.manifests import KUBERNETES
from policies.properties import NOT_KNOWN, Properties, at, label, last_name, walk, words

# A reference to another resource decides nothing by itself; where one does, its rule tells.
_REFERENCES: Final = frozenset(
    {"id", "ids", "arn", "arns", "name", "names", "identifier", "bucket", "address", "url", "version"}
)
_SECRET: Final = "kubernetes:core/v1:Secret"  # noqa: S105 - a type
_CONTENT: Final = frozenset({"data", "stringData"})
"""What a Secret is for; nobody judges it."""


def unknown_values(type_token: str, props: Properties) -> Iterator[Finding]:
    """Every value that is not known and may decide, whatever the rules know of its type."""
    if not type_token.startswith(("aws", KUBERNETES)):
        return
    if type_token == _SECRET:
        props = {key: value for key, value in props.items() if key not in _CONTENT}
    for path, value in walk(props):
        if value is NOT_KNOWN and not _is_reference(last_name(path)):
            yield NotYet(label(path))
    for name in ("tags", "metadata.labels"):
        tags = at(props, name)
        if tags is NOT_KNOWN or (isinstance(tags, Mapping) and NOT_KNOWN in tags.values()):
            yield NotYet(name)


def _is_reference(name: str) -> bool:
    said = words((name,))
    return said[-1] in _REFERENCES and not {"policy", "policies"} & set(said)


class UnknownValues:
    """What the rules met in one preview."""

    def __init__(self) -> None:
        self._names: dict[tuple[str, str], set[str]] = defaultdict(set)

    def add(self, type_token: str, name: str, where: str) -> None:
        """The property *where* of the resource *name* is not known yet."""
        self._names[type_token, where].add(name)

    def told(self) -> Iterator[str]:
        """One sentence for each type and property, and nothing is left: an update begins anew."""
        while self._names:
            (type_token, where), names = self._names.popitem()
            first = min(names)
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            yield (
                f"{where} of {first}{more} ({type_token}) is not judged yet: only the update knows it; "
                "run `pulumi up` with the same --policy-pack, which judges it before it is applied"
            )
