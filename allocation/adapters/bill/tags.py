"""The tags of a bill as flat JSON objects with sorted keys, for every format.

A row names its tags in one column that holds them all, in several such columns, in a column for each tag, or
in all of these. Only the text of these columns is taken from every row; what it means is read once for each
different text, because a bill repeats few sets of tags many times.
"""

# ruff: noqa: S608 - assembled from our own names and quoted ones
from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from allocation.adapters.bill.formats.detection import Column, Header
from allocation.adapters.bill.formats.layout import Layout
from allocation.engine.tables import literal

TAGS: Final = "bill_tags"
"""Temporary table: every different text of tags with its canonical forms, NULL where it is no flat object."""

_PAIRS: Final = "MAP(VARCHAR, JSON)"
_MARK: Final = "chr(30)"
"""Stands between the texts of several columns; a value that holds it makes the tags unreadable."""


class Source(NamedTuple):
    """A column with tags.

    Attributes:
        key: The key of its tag; of a column that holds them all, what stands before each of its keys.
        whole: Whether it holds them all.
    """

    column: Column
    key: str
    whole: bool


def sources_of(layout: Layout, header: Header) -> tuple[Source, ...]:
    """The columns with tags; of two that name the same key, the later counts."""
    return (*_wholes(layout, header), *_singles(layout, header))


def tags_text(sources: Sequence[Source], text_of: Callable[[Column | None], str]) -> str:
    """SQL of the tags of a row as one text; *text_of* is SQL of the text of a column, NULL without one.

    A text of a single column is NULL where the row has no tags; one of several says so of each.
    """
    texts = [text_of(source.column) for source in sources]
    if _is_plain(sources):
        return texts[0] if texts else "NULL::VARCHAR"
    return f"concat({_head(sources)}, {', '.join(f'{_MARK}, {text}' for text in texts)})"


def known_tags(found: Mapping[str, Sequence[Source]]) -> str:
    """SQL that makes the table `TAGS` of the relations *found*, each with its columns of tags."""
    texts = " UNION ALL ".join(f"SELECT tags_text FROM {relation}" for relation in found)
    schemes = {_head(sources): sources for sources in found.values() if not _is_plain(sources)}
    pairs = " ".join(
        f"WHEN starts_with(tags_text, {head} || {_MARK}) THEN {_pairs(sources)}"
        for head, sources in schemes.items()
    )
    plain = _pairs_of("tags_text", "")
    meant = f"CASE {pairs} ELSE {plain} END" if schemes else plain
    flat = "len(list_filter(map_values(pairs), lambda value: json_type(value) IN ('OBJECT', 'ARRAY'))) = 0"
    filled = "list_filter(sorted, lambda pair: json_type(pair.value) <> 'NULL' AND pair.value <> '\"\"')"
    return f"""
        CREATE OR REPLACE TABLE {TAGS} AS
        SELECT tags_text, CAST(to_json(map_from_entries(sorted)) AS VARCHAR) AS all_tags,
            CAST(to_json(map_from_entries({filled})) AS VARCHAR) AS filled_tags
        FROM (
            SELECT tags_text, CASE WHEN {flat} THEN list_sort(map_entries(pairs)) END AS sorted
            FROM (
                SELECT tags_text, {meant} AS pairs
                FROM (SELECT DISTINCT tags_text FROM ({texts}) WHERE tags_text IS NOT NULL)
            )
        )"""


def _wholes(layout: Layout, header: Header) -> Iterator[Source]:
    for name, before in layout.tags.items():
        if (column := header.find(name)) is not None:
            yield Source(column, before, whole=True)


def _singles(layout: Layout, header: Header) -> Iterator[Source]:
    wholes = {name.casefold() for name in layout.tags}
    for prefix, before in layout.tag_prefixes.items():
        for column in header.starting_with(prefix):
            if column.name.casefold() not in wholes:
                yield Source(column, before + column.name[len(prefix) :], whole=False)


def _is_plain(sources: Sequence[Source]) -> bool:
    """Whether the text of the row is the text of the column."""
    return not sources or (len(sources) == 1 and sources[0].whole and not sources[0].key)


def _head(sources: Sequence[Source]) -> str:
    """SQL of the text that says which columns follow: texts of other columns never mean the same."""
    names = "\x1f".join(f"{source.whole}{source.key}" for source in sources)
    return f"{_MARK} || {literal(hashlib.sha256(names.encode()).hexdigest()[:16])}"


def _pairs(sources: Sequence[Source]) -> str:
    """SQL of the map of keys to values of JSON; NULL where a column cannot be read."""
    parts = f"string_split(tags_text, {_MARK})"
    maps = []
    for place, source in enumerate(sources, 3):
        text = f"nullif({parts}[{place}], '')"
        if source.whole:
            maps.append(f"CASE WHEN {text} IS NULL THEN {_EMPTY} ELSE {_pairs_of(text, source.key)} END")
        else:
            one = f"MAP {{{literal(source.key)}: to_json({text})}}::{_PAIRS}"
            maps.append(f"CASE WHEN {text} IS NULL THEN {_EMPTY} ELSE {one} END")
    readable = " AND ".join(
        [f"len({parts}) = {len(sources) + 2}", *(f"({each}) IS NOT NULL" for each in maps)]
    )
    # map_concat takes NULL for an empty map.
    return f"CASE WHEN {readable} THEN map_concat({', '.join([_EMPTY, *maps])}) END"


def _pairs_of(text: str, before: str) -> str:
    """SQL of the map in a *text*; three spellings are read, and every other is NULL.

    A JSON object; a JSON list of `key` and `value`, as BigQuery writes a repeated record; and `{a=b, c=d}`,
    as Athena writes a map into CSV (https://athena.guide/articles/complex-types/). The last does not quote: a
    pair with more than one `=`, or a piece without any, could be read in two ways, and is not read.
    """
    parsed = f"try_cast({text} AS JSON)"
    listed = f"try_cast({parsed} AS JSON[])"
    # Google adds to `key` and `value` what kind of tag it is; without these two an entry is none.
    key, value = "json_type(entry, '$.key')", "json_type(entry, '$.value')"
    odd = f"list_filter({listed}, lambda entry: {key} IS DISTINCT FROM 'VARCHAR' OR {value} IS NULL)"
    pair = "struct_pack(key := entry->>'$.key', value := entry->'$.value')"
    entries = f"list_transform({listed}, lambda entry: {pair})"
    pieces = f"string_split(({text})[2:-2], ', ')"
    unquoted = (
        f"list_transform({pieces}, lambda piece: struct_pack(key := split_part(piece, '=', 1),"
        " value := to_json(nullif(split_part(piece, '=', 2), 'null'))))"
    )
    one_each = f"len(list_filter({pieces}, lambda piece: len(string_split(piece, '=')) <> 2)) = 0"
    of_text = f"""CASE
        WHEN json_type({parsed}) = 'OBJECT' THEN try_cast({parsed} AS {_PAIRS})
        WHEN json_type({parsed}) = 'ARRAY' AND len({odd}) = 0 THEN {_once_each(entries)}
        WHEN {parsed} IS NULL AND {text} LIKE '{{%}}' AND {one_each} THEN {_once_each(unquoted)} END"""
    if not before:
        return of_text
    renamed = f"list_transform(map_keys({of_text}), lambda name: {literal(before)} || name)"
    return f"map({renamed}, map_values({of_text}))"


def _once_each(entries: str) -> str:
    """SQL of the map of *entries*; NULL where one key has two values."""
    once = f"list_distinct({entries})"
    keys = f"list_transform({once}, lambda entry: entry.key)"
    sound = f"len(list_distinct({keys})) = len({once})"
    return f"CASE WHEN {sound} THEN CAST(map_from_entries({once}) AS {_PAIRS}) END"


_EMPTY: Final = f"MAP {{}}::{_PAIRS}"
