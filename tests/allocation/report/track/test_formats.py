"""A tracked month in every form that leaves the command: the same figures, nothing invented, nothing cut."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from dataclasses import replace
from email import message_from_string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics import parser

from allocation.money import text_of
from allocation.report.track.document import document
from allocation.report.track.messages import mail, title, webhook
from allocation.report.track.openmetrics import as_openmetrics
from allocation.report.track.rows import as_csv, as_markdown
from allocation.report.track.story import headline
from allocation.report.webhook import Shape, message
from allocation.track.budgets import Budget, Scope, Thresholds
from allocation.track.month_to_date import About, Asked, ChargeLine, Tracked, tracked
from tests.allocation.track.made import ACME, IDLE, NODES, NOVEMBER, month, row, rows, span_of, whole
from tests.sampling import examples

_MOST_TEAMS = 28_000
_MOST_SLACK = 13_000


def made(client: str = "acme-ltd", *, budget: int = 4 * 10**11) -> Tracked:
    """A month with a budget that the forecast exceeds, a day that is unlike, and days that are missing."""
    past = [whole(number, rows(ACME, span_of(number)), rows(IDLE, span_of(number))) for number in (9, 10)]
    gap = NOVEMBER.first + 3
    november = month(
        NOVEMBER,
        [
            each
            for each in (*rows(ACME, NOVEMBER, until=20), *rows(NODES, NOVEMBER, until=20))
            if each.first != gap
        ],
        [row(ACME, NOVEMBER.first + 15, 5 * 10**11), row(IDLE, NOVEMBER.first, 123 * 10**8, days=30)],
    )
    asked = Asked(
        [About("acme", "acme", client, "dedicated-db", 10**12)],
        [Budget(Scope.CLIENT, client, budget)],
        Thresholds((80, 100), (100,)),
    )
    found = tracked("local", "USD", past, november, asked)
    line = ChargeLine("EC2", "BoxUsage|a", "i-1", 5 * 10**11, 0)
    return Tracked(**{**vars(found), "lines_behind": {found.anomalies[0]: (line,)}})


def test_every_form_has_the_same_figures() -> None:
    one = made()
    said = document(one)
    by_name = {(line["scope"], line["name"]): line for line in said["lines"]}
    listed = list(csv.DictReader(io.StringIO(as_csv(one))))
    assert [(each["scope"], each["name"]) for each in listed] == list(by_name)
    for each in listed:
        line = by_name[each["scope"], each["name"]]
        for name in ("spent", "forecast", "low", "high", "budget", "fee"):
            assert each[name] == (line[name] or "")
    families = parser.text_string_to_metric_families(as_openmetrics(one))  # type: ignore[no-untyped-call]
    samples = [sample for family in families for sample in family.samples]
    spent = {
        sample.labels["scope"] + sample.labels["name"]: sample.value
        for sample in samples
        if sample.name == "month_cost_spent"
    }
    assert spent == {line["scope"] + line["name"]: float(line["spent"]) for line in said["lines"]}
    assert json.loads(json.dumps(said)) == said


def test_the_document_says_what_is_crossed_unlike_and_missing() -> None:
    said = document(made())
    assert [(each["name"], each["of"], each["percent"]) for each in said["crossed"]] == [
        ("acme-ltd", "spent", 100), ("acme-ltd", "forecast", 100),
    ]  # fmt: skip
    (unlike,) = said["anomalies"]
    assert (unlike["tenant"], unlike["first_day"], unlike["difference"]) == ("acme", "2026-11-16", "50.00")
    assert unlike["charges"][0]["amount"] == "50.00"
    assert said["missing_days"] == ["2026-11-04"]
    assert any("no charge on 2026-11-04" in note for note in said["notes"])


def test_amounts_have_the_decimals_of_their_currency_and_thousands_apart() -> None:
    yen = replace(made(), currency="JPY", notes=())
    november = month(
        NOVEMBER, rows(ACME, NOVEMBER, until=20), [row(IDLE, NOVEMBER.first, 98_765 * 10**11, 30)]
    )
    notes = tracked("local", "JPY", (), november, Asked([])).notes
    assert any(note.startswith("987,650 JPY is booked for more than two weeks") for note in notes)
    said = [*as_markdown(yen).splitlines(), headline(yen), mail(yen)]
    assert not [line for line in said if re.search(r"\d\.\d\d\b(?! %)", line)]


def test_a_message_says_first_whether_somebody_has_to_act() -> None:
    assert title(made()) == "local 2026-11: 2 thresholds of budgets exceeded and 1 unexplained anomaly"
    assert title(made(budget=10**15)) == "local 2026-11: 1 unexplained anomaly"


def test_markdown_is_as_it_was(request: pytest.FixtureRequest) -> None:
    """`UPDATE_GOLDENS=1` writes it anew."""
    golden = request.path.with_name("track.md")
    text = as_markdown(made())
    if os.environ.get("UPDATE_GOLDENS"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")
    assert "EC2 BoxUsage\\|a i-1 +50.00" in text


names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=200)
lengths = st.lists(st.integers(1, 900), max_size=60)


@given(names, st.sampled_from("a&<é😀"), lengths, st.sampled_from(list(Shape)))
@examples(15, of=80)
def test_a_message_fits_what_its_webhook_takes(name: str, word: str, many: list[int], shape: Shape) -> None:
    lines = [word * length for length in many]
    body = message(shape, name, name, lines, "costack track has them all")
    size = len(json.dumps(body, ensure_ascii=False).encode())
    if shape is Shape.TEAMS:
        (attachment,) = body["attachments"]
        assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
        assert attachment["content"]["type"] == "AdaptiveCard"
        assert size < _MOST_TEAMS
        return
    assert len(body["blocks"]) <= 50
    assert 0 < len(body["blocks"][0]["text"]["text"]) <= 150
    assert all(0 < len(block["text"]["text"]) <= 3000 for block in body["blocks"])
    assert sum(len(block["text"]["text"]) for block in body["blocks"]) < _MOST_SLACK


@pytest.mark.parametrize("name", ["<!channel>", "<https://example.com|here>", "a & b"])
def test_a_name_is_no_link_and_no_mention(name: str) -> None:
    said = json.dumps(webhook(made(name), Shape.SLACK)["blocks"][1:])
    assert "<" not in said
    assert "&lt;" in said or "&amp;" in said


@pytest.mark.parametrize("shape", list(Shape))
def test_a_service_on_a_bill_makes_no_link_and_turns_no_text(shape: Shape) -> None:
    told = json.dumps(message(shape, "t", "f", ["fee of [x](https://e.example) \u202e\x1b[2J"], "more"))
    assert ("](" in told) is (shape is Shape.SLACK), "Slack has links in <> only"
    shown = json.dumps(r"\u202e\u001b[2J")[1:-1]
    assert shown in told


def test_a_mail_has_a_subject_and_a_text() -> None:
    read: Any = message_from_string(mail(made()))
    assert read["Subject"] == title(made())
    assert read.get_payload().startswith("Through 2026-11-20: ")
    assert text_of(0) not in read["Subject"]


def test_before_anything_is_usual_nothing_is_said_to_be() -> None:
    asked = Asked([About("acme", "acme", "acme-ltd", "dedicated-db")])
    early = tracked("local", "USD", [], month(NOVEMBER, rows(ACME, NOVEMBER, until=5)), asked)
    assert title(early) == "local 2026-11: too early for anomalies, no budget to compare with"
    october = [whole(10, rows(ACME, span_of(10)))]
    later = tracked("local", "USD", october, month(NOVEMBER, rows(ACME, NOVEMBER, until=5)), asked)
    assert title(later) == "local 2026-11: nothing unlike, no budget to compare with"


def test_a_budget_of_nothing_is_exceeded_by_no_percentage() -> None:
    sentences = mail(made(budget=0))
    assert "USD is spent, and its budget is 0.00" in sentences
    assert " % of its budget" not in sentences
