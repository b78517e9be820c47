"""The layout of a bill format: everything that one reader for all formats needs to know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Layout:
    """The column map of one format. A name with a dot is a key in a map: `product.product_name`.

    Attributes:
        required: Columns by which the format is recognised; all must be there.
        texts: Column of `tables.CHARGE` -> columns of the bill; the first with a value counts.
        amounts: Our name of a sum of money -> columns of the bill, of which the first that exists counts.
        costs: Each of `tables.COSTS` -> SQL of `amounts`, `texts` and `word`, which names the category;
            linear in the amounts, since it is also taken over their units.
        counts_for: Amount -> the words of the rows it counts in; elsewhere it may say anything.
        fallbacks: Cost -> the amount without which another one takes its place; counted as a note.
        start, end, currency, word, quantity: The one column that holds it.
        categories: Word of the bill -> FOCUS ChargeCategory and ChargeClass.
        recurring: Words of charges that come again every month, where the bill itself does not say how often.
        statuses: Word of the bill -> FOCUS CommitmentDiscountStatus, and SQL of when it has it.
        default_word: The word where the bill says nothing; without it the word is required.
        needed: `texts` that every row must have.
        line: Columns that together name a line once and for all; empty where the format has none.
        tags: Column that holds them all; `tag_prefix`: start of the name of a column that holds one.
        bare_tags: Whether the prefix is ours, and no part of the key.
        drops_empty_tags: Whether a tag without a value means that there is none.
        constants: Column of `tables.CHARGE` -> what it is in every row.
    """

    name: str
    required: tuple[str, ...]
    texts: Mapping[str, tuple[str, ...]]
    amounts: Mapping[str, tuple[str, ...]]
    costs: Mapping[str, str]
    fallbacks: Mapping[str, str]
    start: str
    end: str
    currency: str
    word: str
    quantity: str
    categories: Mapping[str, tuple[str, str | None]]
    statuses: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    default_word: str | None = None
    recurring: tuple[str, ...] = ()
    counts_for: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    needed: tuple[str, ...] = ()
    line: tuple[str, ...] = ()
    tags: str = ""
    tag_prefix: str = ""
    bare_tags: bool = False
    drops_empty_tags: bool = False
    constants: Mapping[str, str] = field(default_factory=dict)


def status_sql(layout: Layout) -> str:
    """SQL of the status of a commitment over `rows`, `word` and the amounts; NULL where the bill has none."""
    if not layout.statuses:
        return "rows.commitment_status"
    named = " ".join(
        f"WHEN word = '{word}' AND ({condition}) THEN '{name}'"
        for word, (name, condition) in layout.statuses.items()
    )
    return f"CASE {named} END"
