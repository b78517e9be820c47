"""Values that decide and that a preview does not know: counted and told, never passed in silence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator


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
