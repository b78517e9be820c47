#!/usr/bin/env bash
# DuckDB's JSON functions read a column of an ENUM type as a JSON string that holds the text, and not as the text itself: of
# the object {"team": "shop", "stage": "live"} json_keys returns no keys, ->> and json_extract_string return NULL, json_type
# says VARCHAR, and list_contains(json_keys(...), 'team') is false. The same text as VARCHAR gives two keys and 'shop'. There
# is no error and no warning, and json_valid says true of both, because a JSON string is valid as well.
#
# An ENUM is what one makes of a column with few different texts, such as the tags of a cloud bill: DuckDB groups, joins and
# writes it several times as fast, and it compares with text like text. So a query over tags that was tested on VARCHAR finds
# no tag at all once the column is an ENUM: "does the object lack this key?" is true for every row, and a merge of two sets
# of tags writes keys twice.
#
# Seen with DuckDB 2.0.1 (Python package duckdb). Whoever needs both casts to VARCHAR before a JSON function.
# Needs Python 3.11 or newer, pip, and network for the packages. Ends with 0 while this is so, with 1 when it has changed.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check "duckdb==2.0.1"
"$work/venv/bin/python" - <<'PYTHON'
import duckdb

connection = duckdb.connect()
text = '{"team": "shop", "stage": "live"}'
connection.execute("CREATE TABLE bill AS SELECT ?::VARCHAR AS tags", [text])
connection.execute("CREATE TYPE tag_set AS ENUM (SELECT DISTINCT tags FROM bill)")
connection.execute("CREATE TABLE few AS SELECT tags::tag_set AS tags FROM bill")


def seen(table: str) -> tuple[object, ...]:
    return connection.execute(
        "SELECT json_keys(tags), tags ->> '$.team', json_extract_string(tags, '$.team'), json_type(tags), "
        f"list_contains(json_keys(tags), 'team'), json_valid(tags), tags = ? FROM {table}",
        [text],
    ).fetchone()


as_text, as_enum = seen("bill"), seen("few")
print("VARCHAR:", *as_text)
print("ENUM:   ", *as_enum)
assert as_text == (["team", "stage"], "shop", "shop", "OBJECT", True, True, True)
assert as_enum == ([], None, None, "VARCHAR", False, True, True)
PYTHON
