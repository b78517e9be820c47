"""Files that version 0.1 wrote, and how a test compares what is said now with what was said then."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from cli.console.exit_codes import Exit
from cli.main import app
from tests.portfolios import ROOT

STORED = ROOT / "tests" / "data" / "stored" / "0.1"
MONTH = STORED / "month"
BILLED = ("--inventory", MONTH / "inventory.json", "--period", "2026-11")
USAGE = ("--usage", MONTH / "usage.csv")


def costack(*arguments: object, code: int = Exit.OK) -> Result:
    """The command, which must end with `code`."""
    done = CliRunner().invoke(app, [str(each) for each in arguments])
    assert done.exit_code == code, done.output
    return done


def as_json(*arguments: object) -> Any:
    return json.loads(costack(*arguments, "-o", "json").stdout)


def stored(name: str) -> Any:
    return json.loads((STORED / name).read_text(encoding="utf-8"))


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def differences(before: Any, now: Any, where: str = "") -> Iterator[str]:
    """Where *now* lacks what *before* says, or says something else; more than before is no difference."""
    if isinstance(before, dict) and isinstance(now, dict):
        for key, value in before.items():
            if key in now:
                yield from differences(value, now[key], f"{where}.{key}")
            else:
                yield f"{where}.{key} is gone"
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        for index, (old, new) in enumerate(zip(before, now, strict=True)):
            yield from differences(old, new, f"{where}[{index}]")
    elif before != now:
        yield f"{where}: {before!r} became {now!r}"


def shape(document: Any, where: str = "") -> set[str]:
    """Every key of a document, entries of a list taken together: what a program that reads it may ask for."""
    if isinstance(document, dict):
        return {where}.union(*(shape(value, f"{where}.{key}") for key, value in document.items()))
    if isinstance(document, list):
        return {where}.union(*(shape(value, f"{where}[]") for value in document))
    return {where}


def words(document: Any, key: str) -> set[str]:
    """Every value that stands under *key*."""
    if isinstance(document, dict):
        found = {document[key]} if isinstance(document.get(key), str) else set()
        return found.union(*(words(value, key) for value in document.values()))
    return set().union(*(words(value, key) for value in document)) if isinstance(document, list) else set()
