"""`costack review`: what became of signals and decisions, and a new entry about one of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from rich.box import SIMPLE_HEAD
from rich.table import Table

from allocation.adapters.folders.review_file import ReportedReview, ReportedSignal, reported_review
from allocation.runs.before_and_after import only_portfolio
from cli.console.new_files import write_new
from cli.console.output import echo
from cli.console.table import print_table
from lifecycle.adapters.tenant_file import append_item
from tiers.errors import CatalogError
from tiers.expectations import did_you_mean, first_fault
from tiers.portfolio.folders import PORTFOLIOS, portfolio_named
from tiers.portfolio.loading import load_catalog_and_portfolio
from tiers.portfolio.names import id_of
from tiers.portfolio.reviews.entries import DecisionEntry, DecisionFile, SignalEntry, SignalFile
from tiers.portfolio.reviews.loading import DECISIONS, SIGNALS, load_reviews
from tiers.portfolio.reviews.states import SignalState
from tiers.vocabulary import PLATFORM, Frozen

_Entry = TypeVar("_Entry", bound=Frozen)


@dataclass(frozen=True)
class ShowRequest:
    """What the command line of `costack review show` asks for."""

    report: Path
    as_json: bool


@dataclass(frozen=True)
class SignalRequest:
    """What the command line of `costack review signal` asks for; `fields` are those of the entry."""

    report: Path
    portfolio: Path | None
    cwd: Path
    fields: Mapping[str, object]


@dataclass(frozen=True)
class DecisionRequest:
    """What the command line of `costack review decision` asks for; `fields` are those of the entry."""

    portfolio: Path | None
    cwd: Path
    fields: Mapping[str, object]


def show_review(request: ShowRequest) -> None:
    """Print the signals and decisions of a report.

    Raises:
        AllocationError: When there is no report.
    """
    review = reported_review(request.report)
    if request.as_json:
        echo(json.dumps(review.model_dump(mode="json"), indent=1))
        return
    print_table(_signals(review))
    print_table(_decisions(review))


def write_signal(request: SignalRequest) -> None:
    """Add what somebody says of a signal to the register.

    Raises:
        CatalogError: When the report does not have the signal, or an option does not fit.
    """
    review = reported_review(request.report)
    folder = request.portfolio or request.cwd / PORTFOLIOS / review.portfolio
    name = request.fields["signal"]
    known = {each.id: each for each in review.signals}
    signal = known.get(str(name))
    if signal is None:
        raise CatalogError(
            f"{request.report}: has no signal '{name}'; there are {', '.join(sorted(known)) or 'none'}"
        )
    if folder.is_dir() and (other := portfolio_named(folder)) != review.portfolio:
        raise CatalogError(
            f"{folder}: is of portfolio {other}, {request.report} is of {review.portfolio}: its signals are "
            "not those of this folder"
        )
    fields = {**request.fields, **_size(signal, str(request.fields["state"]))}
    _write(folder, SIGNALS, "signals", _made(SignalEntry, fields), SignalFile)


def write_decision(request: DecisionRequest) -> None:
    """Add a decision, or what became of one, to the register.

    Raises:
        CatalogError: When an option does not fit, or nothing was decided under that id.
    """
    folder = request.portfolio or only_portfolio(request.cwd)
    entry = _made(DecisionEntry, _with_ids(folder, request.fields))
    _write(folder, DECISIONS, "decisions", entry, DecisionFile)


def _with_ids(folder: Path, fields: Mapping[str, object]) -> Mapping[str, object]:
    """The same with a tenant's id in place of its name.

    Raises:
        CatalogError: When the portfolio has no tenant that the saving or the signal is of.
    """
    signal = fields.get("signal")
    asked = {"tenant": fields.get("tenant"), "signal": signal and str(signal).partition("/")[0]}
    named = {option: str(name) for option, name in asked.items() if name not in {None, PLATFORM}}
    if not named or not folder.is_dir():
        return fields
    tenants = load_catalog_and_portfolio(folder)[1].tenants
    known = [each.tenant for each in tenants]
    for option, name in named.items():
        if id_of(tenants, name) not in known:
            raise CatalogError(
                f"--{option} '{fields[option]}': {folder} has no tenant '{name}'; {did_you_mean(name, known)}"
            )
    return {**fields, "tenant": id_of(tenants, named["tenant"])} if "tenant" in named else fields


def _size(signal: ReportedSignal, state: str) -> Mapping[str, object]:
    """How large a signal is that somebody accepts as it is; refused where the month does not show it."""
    if state != SignalState.DISMISSED:
        return {}
    if signal.size is None:
        raise CatalogError(f"{signal.id}: the month does not show it, so there is nothing to dismiss")
    return {"size": signal.size}


def _made(model: type[_Entry], fields: Mapping[str, object]) -> _Entry:
    """The entry with the *fields* that were given.

    Raises:
        CatalogError: With the option that does not fit.
    """
    try:
        return model.model_validate({name: value for name, value in fields.items() if value is not None})
    except ValidationError as error:
        raise CatalogError(first_fault(error)) from None


def _write(folder: Path, file: str, name: str, entry: Frozen, model: type[Frozen]) -> None:
    load_reviews(folder)
    if not folder.is_dir():
        raise CatalogError(f"{folder}: no such portfolio directory")
    path, line = folder / file, _line(entry)
    if path.exists():
        append_item(path, name, line, "", model)
    else:
        _checked(model, name, entry)
        write_new(folder, {file: f"{name}:\n  - {line}\n"})
    echo(f"{path}: {line}")


def _checked(model: type[Frozen], name: str, entry: Frozen) -> None:
    try:
        model.model_validate({name: [entry.model_dump()]})
    except ValidationError as error:
        raise CatalogError(first_fault(error)) from None


def _line(entry: Frozen) -> str:
    """The entry as an item of a YAML list, on one line."""
    return f"{{{', '.join(_fields(entry))}}}"


def _fields(entry: Frozen) -> Iterator[str]:
    for name, value in entry:
        if isinstance(value, date) or (name in {"signal", "state", "decision"} and value is not None):
            yield f"{name}: {value}"
        elif value is not None:
            yield f"{name}: {json.dumps(str(value), ensure_ascii=False)}"


def _signals(review: ReportedReview) -> Table:
    rows = (
        (
            each.id,
            each.state,
            "" if each.size is None else f"{each.size.normalize():f} {each.unit}",
            "; ".join(filter(None, (each.why, *each.reasons))),
        )
        for each in review.signals
    )
    return _table(f"Signals of {review.portfolio}, {review.period}", ("signal", "state", "size", "why"), rows)


def _decisions(review: ReportedReview) -> Table:
    rows = (
        (
            each.id,
            each.what,
            each.owner,
            each.due,
            each.state,
            "" if each.saving_per_month is None else f"{each.saving_per_month:f}",
            each.why,
        )
        for each in review.decisions
    )
    heads = ("decision", "what", "owner", "due", "state", "saving a month", "why")
    return _table("Decisions", heads, rows)


def _table(title: str, heads: Iterable[str], rows: Iterable[tuple[Any, ...]]) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    for head in heads:
        table.add_column(head)
    for row in rows:
        table.add_row(*row)
    return table
