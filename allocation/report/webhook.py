"""Messages in the shape that an incoming webhook of a chat takes; nothing here sends one."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum, unique
from typing import Any, Final

from tiers.escapes import visible


@unique
class Shape(StrEnum):
    """Whose webhook it is."""

    SLACK = "slack"
    TEAMS = "teams"


# Slack: 50 blocks a message, 150 characters a header, 3,000 a section, and about 13,200 in all, which is
# documented nowhere (slackapi/bolt-js, issue 2509). Teams: 28 KB a message.
_HEADER: Final = 150
_SECTION: Final = 2_800
_MOST_SECTIONS: Final = 4
_ESCAPES: Final = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"))
_CARD: Final = "application/vnd.microsoft.card.adaptive"


def adaptive_card(body: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The message of a webhook or workflow of Teams: one Adaptive Card with *body*."""
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": list(body),
    }
    return {"type": "message", "attachments": [{"contentType": _CARD, "contentUrl": None, "content": card}]}


def text_block(text: str, **looks: Any) -> dict[str, Any]:
    """A paragraph of a card."""
    return {"type": "TextBlock", "wrap": True, "text": text, **looks}


def message(shape: Shape, title: str, first: str, lines: Sequence[str], more: str) -> dict[str, Any]:
    """A title, a first sentence and as many *lines* as fit; *more* says where the others are.

    A name of other people's, such as a service on a bill, makes no link, mention or line of its own.

    In Slack the text that a notification shows is the first sentence.
    """
    title, first = visible(title), visible(first)
    fitting = _fitting([visible(line) for line in lines], more)
    if shape is Shape.TEAMS:
        first, fitting = _without_links(first), [_without_links(line) for line in fitting]
        head = [text_block(title, size="Medium", weight="Bolder"), text_block(first)]
        return adaptive_card([*head, *(text_block(f"- {line}") for line in fitting)])
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": title[:_HEADER]}},
        _section(_escaped(first)[:_SECTION]),
    ]
    blocks += [_section(text) for text in _paragraphs([f"• {_escaped(line)}" for line in fitting])]
    return {"text": _escaped(f"{title}: {first}")[:_SECTION], "blocks": blocks}


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def _escaped(text: str) -> str:
    """Slack's three characters (docs.slack.dev, "Formatting message text"): a name can make no link."""
    for plain, escaped in _ESCAPES:
        text = text.replace(plain, escaped)
    return text


def _without_links(text: str) -> str:
    """What a TextBlock reads as a link is none (learn.microsoft.com, "Text features" of Adaptive Cards)."""
    return text.replace("](", "] (")


def _fitting(lines: Sequence[str], more: str) -> list[str]:
    room = _MOST_SECTIONS * _SECTION // 2
    kept: list[str] = []
    for line in lines:
        cut = line[: _SECTION // 5]
        room -= len(_escaped(cut)) + 3
        if room < 0:
            return [*kept, f"{len(lines) - len(kept)} more: {more}"]
        kept.append(cut)
    return kept


def _paragraphs(lines: Sequence[str]) -> list[str]:
    made: list[str] = []
    for line in lines:
        if made and len(made[-1]) + len(line) < _SECTION:
            made[-1] += f"\n{line}"
        else:
            made.append(line)
    return made
