"""Prints the steps for an engine."""

from __future__ import annotations

import re
from typing import Final

from allocation.engine.division_sql import Dialect, in_dialect

_AS_JSON: Final = re.compile(r"CAST\(TO_JSON\((.+?)\) AS VARCHAR\)")
_OF_PRESTO: Final = frozenset({Dialect.TRINO, Dialect.ATHENA})


def for_engine(sql: str, dialect: Dialect) -> str:
    """*sql* of `steps` in *dialect*.

    SQLGlot prints DuckDB's TO_JSON of a map as it is; Presto's family calls it otherwise.
    """
    text = in_dialect(sql, dialect)
    return _AS_JSON.sub(r"JSON_FORMAT(CAST(\1 AS JSON))", text) if dialect in _OF_PRESTO else text
