"""The tags of a bill as flat JSON objects with sorted keys, for every format."""

# ruff: noqa: S608 - assembled from our own names and quoted ones
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from allocation.adapters.bill.files import literal
from allocation.adapters.bill.formats import Column, Header
from allocation.adapters.bill.layout import Layout

TAGS: Final = "bill_tags"
"""Temporary table: every different text of tags with its canonical forms, NULL where it is no flat object."""


def tags_text(layout: Layout, header: Header, text_of: Callable[[Column | None], str]) -> str:
    """SQL of the tags of a row as one text of JSON, NULL without any; *text_of* is that of a column.

    A column of its own for a tag wins over the same key in the column that holds them all.
    """
    whole = text_of(header.find(layout.tags)) if layout.tags else "NULL::VARCHAR"
    single = header.starting_with(layout.tag_prefix) if layout.tag_prefix else []
    if not single:
        return whole
    start = len(layout.tag_prefix) if layout.bare_tags else 0
    pairs = ", ".join(f"{literal(column.name[start:])}, {text_of(column)}" for column in single)
    # A merge patch leaves out what is NULL.
    alone = f"CAST(json_merge_patch('{{}}', json_object({pairs})) AS VARCHAR)"
    if not layout.tags or header.find(layout.tags) is None:
        return alone
    both = f"CAST(json_merge_patch(try_cast({whole} AS JSON), json_object({pairs})) AS VARCHAR)"
    is_object = f"try_cast(try_cast({whole} AS JSON) AS MAP(VARCHAR, JSON)) IS NOT NULL"
    return f"CASE WHEN {whole} IS NULL THEN {alone} WHEN {is_object} THEN {both} ELSE {whole} END"


def known_tags(found: Sequence[str]) -> str:
    """SQL that makes the table `TAGS` of the relations *found*.

    A bill repeats few sets of tags many times: reading the JSON once for each is a tenth of the work.
    """
    texts = " UNION ALL ".join(f"SELECT tags_text FROM {relation}" for relation in found)
    flat = "len(list_filter(map_values(pairs), lambda value: json_type(value) IN ('OBJECT', 'ARRAY'))) = 0"
    filled = "list_filter(sorted, lambda pair: json_type(pair.value) <> 'NULL' AND pair.value <> '\"\"')"
    return f"""
        CREATE OR REPLACE TEMP TABLE {TAGS} AS
        SELECT tags_text, CAST(to_json(map_from_entries(sorted)) AS VARCHAR) AS all_tags,
            CAST(to_json(map_from_entries({filled})) AS VARCHAR) AS filled_tags
        FROM (
            SELECT tags_text, CASE WHEN {flat} THEN list_sort(map_entries(pairs)) END AS sorted
            FROM (
                SELECT tags_text, try_cast(try_cast(tags_text AS JSON) AS MAP(VARCHAR, JSON)) AS pairs
                FROM (SELECT DISTINCT tags_text FROM ({texts}) WHERE tags_text IS NOT NULL)
            )
        )"""
