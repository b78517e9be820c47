"""A tracked month as a message: for a chat's webhook, and as an e-mail."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from allocation.report.track.story import anomaly_sentence, crossed_sentence, headline, sentences
from allocation.report.webhook import Shape, message
from allocation.track.month_to_date import Tracked

_MORE = "costack track has them all"


def title(tracked: Tracked) -> str:
    """Whether somebody has to act, in a few words."""
    over, unlike = len(tracked.crossed), sum(each.event is None for each in tracked.anomalies)
    words = [
        *([f"{over} threshold{'s' if over > 1 else ''} of budgets exceeded"] if over else []),
        *([f"{unlike} unexplained anomal{'ies' if unlike > 1 else 'y'}"] if unlike else []),
    ]
    usual = "nothing unlike" if tracked.knows_usual else "too early for anomalies"
    state = " and ".join(words) or f"within budget, {usual}"
    if not words and all(line.budget is None for line in tracked.lines):
        state = f"{usual}, no budget to compare with"
    return f"{tracked.portfolio} {tracked.month.span.name}: {state}"


def webhook(tracked: Tracked, shape: Shape) -> dict[str, Any]:
    """The body to post to an incoming webhook."""
    first = f"Through {tracked.through}: {headline(tracked)}"
    return message(shape, title(tracked), first, list(_lines(tracked)), _MORE)


def mail(tracked: Tracked) -> str:
    """Subject, an empty line, and the text: a pipeline adds from, to and sends it."""
    behind = (f"{anomaly_sentence(each, tracked.currency)}" for each in tracked.anomalies)
    parts = [
        f"Through {tracked.through}: {headline(tracked)}.",
        *(f"* {line}" for line in sentences(tracked)),
        *(f"* {line}" for line in behind),
    ]
    subject = " ".join(title(tracked).split())
    return f"Subject: {subject}\nContent-Type: text/plain; charset=utf-8\n\n" + "\n".join(parts) + "\n"


def _lines(tracked: Tracked) -> Iterator[str]:
    """Thresholds first, then anomalies, then what is not known."""
    for each in tracked.crossed:
        yield crossed_sentence(each, tracked.currency)
    for unlike in tracked.anomalies:
        yield anomaly_sentence(unlike, tracked.currency)
    yield from tracked.notes
