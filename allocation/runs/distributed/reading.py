"""Reads a bill by an engine: it sums lines that say the same, and the driver reads the sums as a bill."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import duckdb

from allocation.adapters.bill import Intake, ingest
from allocation.adapters.deliveries.collection import LocatedFile
from allocation.adapters.distributed.answer import count_lines, read_answer
from allocation.adapters.distributed.columns import Columns
from allocation.adapters.distributed.focus_files import Lines
from allocation.adapters.distributed.sources import source_of
from allocation.adapters.distributed.steps import Asked
from allocation.adapters.focus.run import FocusVersion
from allocation.billed.deployed import Deployed
from allocation.billed.inventories import known_by
from allocation.charges import ChargePeriod
from allocation.engine.owners.virtual_tags import like_patterns
from allocation.engine.rulebook import Rulebook


class Engine(Protocol):
    """What groups a bill's rows by `adapters.distributed.steps`."""

    @property
    def name(self) -> str:
        """Its name in a manifest."""

    def answer(  # noqa: PLR0917 - a bill, what is asked of it, and where the answer goes
        self,
        files: Sequence[LocatedFile],
        columns: Columns,
        asked: Asked,
        resources: Sequence[str],
        into: Path,
        progress: Callable[[str], None],
    ) -> Path:
        """The folder with the answer; *into* is one that it may write."""

    def lines(  # noqa: PLR0917 - a bill, what was made of its groups, and where its lines go
        self,
        files: Sequence[LocatedFile],
        columns: Columns,
        asked: Asked,
        resources: Sequence[str],
        answered: Path,
        template: Path,
        version: FocusVersion,
        into: Path,
        progress: Callable[[str], None],
    ) -> None:
        """Write the lines of a FOCUS file into the folder *into*, by `focus_lines.lines_sql`."""


def asked_of(deployed: Sequence[Deployed], rules: Rulebook, currency: str) -> tuple[Asked, list[str]]:
    """What is asked of a bill, and the ids of the resources that the inventories list."""
    known = known_by(deployed)
    patterns = (*(pattern for _, pattern in like_patterns(rules.virtual_tags)), *known.listed)
    return Asked(currency, tuple(dict.fromkeys(patterns))), sorted(known.resources)


def lines_by(  # noqa: PLR0917 - as `ingest_by`
    engine: Engine,
    connection: duckdb.DuckDBPyConnection,
    bills: Sequence[str | Path],
    period: ChargePeriod,
    deployed: Sequence[Deployed],
    rules: Rulebook,
    currency: str,
    answers: Path,
    progress: Callable[[str], None],
) -> Lines:
    """What writes the lines of the *bills* that `ingest_by` has read."""

    def write(template: Path, version: FocusVersion, into: Path) -> None:
        with TemporaryDirectory(prefix=".engine-", dir=answers) as name:
            source = source_of(connection, bills, period, Path(name))
        asked, resources = asked_of(deployed, rules, currency)
        given = (source.files, source.columns, asked, resources)
        engine.lines(*given, answers, template, version, into, progress)

    return write


def ingest_by(  # noqa: PLR0917 - as `ingest`, and what the rules look at
    engine: Engine,
    connection: duckdb.DuckDBPyConnection,
    bills: Sequence[str | Path],
    beside: Sequence[str | Path],
    period: ChargePeriod,
    deployed: Sequence[Deployed],
    rules: Rulebook,
    currency: str,
    into: Path,
    answers: Path,
    progress: Callable[[str], None],
) -> tuple[Intake, dict[str, Any]]:
    """Read *bills* by *engine*, and those *beside* them as `ingest` does.

    The answer stays in *answers*. The relation `charge` has then a column `lines`. Returned is the account of
    every line of the bill, and what a manifest says of the engine.

    Raises:
        AllocationError: When the engine fails, or cannot group the bill.
    """
    with TemporaryDirectory(prefix=".engine-", dir=into) as name:
        folder = Path(name)
        source = source_of(connection, bills, period, folder)
        asked, resources = asked_of(deployed, rules, currency)
        answered = engine.answer(source.files, source.columns, asked, resources, answers, progress)
        answer = read_answer(connection, source.columns, asked, answered, folder)
        progress(f"{answer.lines + answer.rows} rows in {answer.groups} groups, {answer.rows} by themselves")
        # Overlaps were looked for among the lines themselves.
        files = [*answer.files, *beside]
        intake = ingest(connection, files, period, currency, into=into, parts=True, progress=progress)
        intake = count_lines(connection, answer, intake, source.deliveries, source.left_out)
    names = [each.name for each in source.files]
    return intake, {"engine": {"name": engine.name, **answer.document(), "files": names}}
