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
        status: SQL over `amounts` and `word` of the FOCUS CommitmentDiscountStatus, where no column has it.
        net: Amount -> columns of what is left of it after discounts.
        discount_rows: How the words of rows end that are a discount themselves.
        discount: Columns, or keys of a map, with the discount of a row; the first that exists counts.
        counts_for: Amount -> the words of the rows it counts in; elsewhere it may say anything.
        fallbacks: Cost -> the amount without which another one takes its place; counted as a note.
        start, end, currency, word, quantity: The one column that holds it.
        billing_start, billing_end: The column of the billing period; empty where the format has none.
        categories: Word of the bill, in any case -> FOCUS ChargeCategory and ChargeClass; other words stay.
        recurring: Words of charges that come again every month, where the bill itself does not say how often.
        default_word: The word where the bill says nothing; without it the word is required.
        needed: `texts` that every row must have.
        line: Columns that together name a line once and for all; empty where the format has none.
        tags: Columns that hold them all -> what is put before each of their keys.
        tag_prefixes: Start of the name of a column that holds one tag -> what its key has in place of it.
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
    billing_start: str = ""
    billing_end: str = ""
    default_word: str | None = None
    recurring: tuple[str, ...] = ()
    status: str = ""
    net: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    discount_rows: str = ""
    discount: tuple[str, ...] = ()
    counts_for: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    needed: tuple[str, ...] = ()
    line: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    tag_prefixes: Mapping[str, str] = field(default_factory=dict)
    drops_empty_tags: bool = False
    constants: Mapping[str, str] = field(default_factory=dict)
