from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.adoption.checklist import Progress
from lifecycle.adoption.checks import Evidence, StatementLine
from lifecycle.adoption.inventory import Row
from lifecycle.adoption.phase import Phase, Status, digest_of
from lifecycle.adoption.sizing import size_facts
from lifecycle.adoption.state import AdoptedTenant, Adoption, PhaseRecord, SignOff
from tests.lifecycle.adoption.estates import EVIDENCE, NOW, adoption, after, confirmed, judged, row, size
from tiers.errors import CatalogError
from tiers.vocabulary import Environment

SIGNED = SignOff(by="dana", when=date(2026, 11, 30), why="the old host takes the last dump itself")


def step(found: tuple[Progress, ...], phase: Phase, tenant: str = "acme") -> PhaseRecord:
    [each] = [each for each in found if each.subject.tenant == tenant]
    return next(step.record for step in each.steps if step.phase is phase)


def sized(rows: tuple[Row, ...], **tenants: AdoptedTenant) -> Adoption:
    """An adoption whose only tenant has the small tier proposed from its facts."""
    made = adoption(rows, **tenants)
    [found] = judged(made, rows)
    proposed = size(digest_of(size_facts(found.subject, EVIDENCE.catalog)))
    adopted = made.tenants["acme"].model_copy(update={"proposed": proposed})
    return made.model_copy(update={"tenants": {"acme": adopted}})


def test_a_tenant_of_which_all_is_known_comes_as_far_as_its_file() -> None:
    rows = (row("acme"),)
    [found] = judged(sized(rows), rows)
    assert [str(each.record.status) for each in found.steps[:5]] == ["done"] * 5
    assert found.now is not None
    assert found.now.phase is Phase.TENANT_FILE
    assert found.now.record.why == "costack adopt next acme"


def test_two_spellings_wait_for_a_person() -> None:
    rows = (row("Acme GmbH", 2), row("acme-gmbh", 3, users=None))
    found = judged(adoption(rows), rows)
    assert step(found, Phase.NAMES).status is Status.BLOCKED
    assert "is 'Acme GmbH' the tenant acme?" in step(found, Phase.NAMES).why
    assert "is 'acme-gmbh' the tenant acme?" in step(found, Phase.NAMES).why
    assert step(found, Phase.SIZE).why.startswith("waits for names")
    lines = tuple(confirmed(each.resource.tenant) for each in rows)
    found = judged(adoption(rows, acme=AdoptedTenant(spellings=lines)), rows)
    assert step(found, Phase.NAMES).status is Status.DONE


def test_a_person_gives_a_spelling_another_id() -> None:
    rows = (row("Acme GmbH", 2), row("ACME", 3))
    one, other = (AdoptedTenant(spellings=(confirmed(each.resource.tenant),)) for each in rows)
    found = judged(adoption(rows, acme=one, acme_holding=other), rows)
    assert [(each.subject.tenant, len(each.subject.rows)) for each in found] == [
        ("acme", 1),
        ("acme-holding", 1),
    ]


def test_a_spelling_of_two_tenants_is_refused() -> None:
    rows = (row("Acme GmbH"),)
    twice = AdoptedTenant(spellings=(confirmed("Acme GmbH"),))
    with pytest.raises(CatalogError, match="'Acme GmbH' is also a spelling of acme"):
        adoption(rows, acme=twice, acme_holding=twice)


@pytest.mark.parametrize(
    ("version", "told"),
    [
        ("14.0", "upgrade first: Costack does not know Odoo 14.0"),
        ("16", "upgrade first: it runs Odoo 16, and the platform 18.0"),
        ("saas-17.2", "upgrade first: Costack does not know Odoo saas-17.2"),
        (None, "odoo_version: no row says it"),
    ],
)
def test_another_version_of_odoo_is_upgraded_first(version: str | None, told: str) -> None:
    rows = (row(odoo_version=version),)
    record = step(judged(adoption(rows), rows), Phase.INVENTORY)
    assert record.status is Status.BLOCKED
    assert told in record.why


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"backup": None}, "backup: no row says it"),
        ({"backup": "none"}, "backup: none, and the tier promises 30 a month"),
        ({"backup": "weekly"}, "backup: weekly, and the tier promises 30 a month"),
        ({"backup_retention_days": None}, "backup_retention_days: is not known, and the tier promises 30"),
        ({"backup_retention_days": 29}, "backup_retention_days: 29, and the tier promises 30"),
        ({"restore_tested_on": None}, "restore_tested_on: no restore is known"),
        ({"restore_tested_on": date(2026, 10, 25)}, "36 days ago; expected 35 at most"),
        ({"restore_tested_on": date(2026, 12, 1)}, "2026-12-01 is in the future"),
        ({"monitoring": None}, "monitoring: no row says it"),
        ({"monitoring": "None"}, "monitoring: nothing watches it"),
    ],
)
def test_what_is_not_known_of_backups_is_never_done(changed: dict[str, Any], told: str) -> None:
    rows = (row(**changed),)
    record = step(judged(sized(rows), rows), Phase.BACKUP)
    assert record.status is Status.BLOCKED
    assert told in record.why


def test_a_person_signs_off_what_is_missing_and_other_facts_open_it_again() -> None:
    rows = (row(backup="weekly"),)
    made = sized(rows, acme=AdoptedTenant(signed_off={Phase.BACKUP: SIGNED}, spellings=(confirmed("acme"),)))
    found = judged(made, rows)
    assert (step(found, Phase.BACKUP).status, step(found, Phase.BACKUP).by) == (Status.DONE, "dana")
    made = after(made, found)
    assert step(judged(made, rows, now=NOW + timedelta(days=1)), Phase.BACKUP) == step(found, Phase.BACKUP)
    worse = (row(backup="none"),)
    found = judged(made, worse)
    assert step(found, Phase.BACKUP).status is Status.BLOCKED
    assert "before its facts changed" in step(found, Phase.BACKUP).why
    made = after(made, found)
    assert (
        step(judged(made, worse), Phase.BACKUP).status is Status.BLOCKED
    )  # asked again, the line still is old
    assert step(judged(made, rows), Phase.BACKUP).status is Status.DONE  # what it was written for
    newer = SIGNED.model_copy(update={"when": date(2026, 12, 1)})
    signed = made.tenants["acme"].model_copy(update={"signed_off": {Phase.BACKUP: newer}})
    made = made.model_copy(update={"tenants": {"acme": signed}})
    assert step(judged(made, worse), Phase.BACKUP).status is Status.DONE


@pytest.mark.parametrize("phase", [Phase.INVENTORY, Phase.NAMES, Phase.STATEMENT])
def test_facts_are_not_signed_off(phase: Phase) -> None:
    with pytest.raises(ValueError, match="cannot be signed off"):
        AdoptedTenant(signed_off={phase: SIGNED})


def test_what_a_file_has_shown_stays_until_its_facts_change() -> None:
    line = StatementLine(
        "statement.json",
        "the statement of 2026-11",
        ("local",),
        billed=True,
        has_line=True,
        difference="0.00",
        reconciled=True,
    )
    shown = replace(EVIDENCE, statements={"acme": line})
    rows = (row("acme"),)
    signed = dict.fromkeys((Phase.TENANT_FILE, Phase.IMPORT), SIGNED)
    made = sized(rows, acme=AdoptedTenant(signed_off=signed, spellings=(confirmed("acme"),)))
    # What is loaded is shown by files and a person: see test_adoption_file. Here a sandbox begins empty.
    assert step(judged(made, rows, shown), Phase.STATEMENT).status is Status.OPEN
    assert step(judged(made, rows, shown), Phase.STATEMENT).why.startswith("waits for load; by itself: ")
    assert step(judged(made, rows), Phase.STATEMENT).status is Status.OPEN


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"billed": False}, "is an estimate; expected the statement of a bill"),
        ({"has_line": False}, "has no line for acme"),
        ({"portfolios": ("other",)}, "is of portfolio other; expected that of local"),
        ({"reconciled": False, "difference": "0.01"}, "difference of 0.01"),
    ],
)
def test_a_statement_must_have_the_tenant_and_add_up(changed: dict[str, object], told: str) -> None:
    line = StatementLine(
        "statement.json", "2026-11", ("local",), billed=True, has_line=True, difference="0", reconciled=True
    )
    rows = (row("acme"),)
    evidence = replace(EVIDENCE, statements={"acme": replace(line, **changed)})  # type: ignore[arg-type]
    record = step(judged(sized(rows), rows, evidence), Phase.STATEMENT)
    assert record.status is Status.BLOCKED
    assert told in record.why


def test_production_is_loaded_from_files_and_a_person_says_so() -> None:
    dump = {"file": "d", "bytes": 1, "sha256": "0" * 64}
    rows = (row("acme"),)
    loads = "load them with `costack refresh acme --from FILE --files FILE` or by hand"
    for dumps, signed, wanted in (
        ((), {}, f"dump and filestore are there, unchanged; {loads}"),
        (("dump.database: d: no such file",), {Phase.LOAD: SIGNED}, "dump.database: d: no such file"),
        ((), {Phase.LOAD: SIGNED}, f"waits for tenant-file; by itself: {SIGNED.why}"),
    ):
        adopted = AdoptedTenant.model_validate(
            {
                "spellings": [confirmed("acme")],
                "signed_off": signed,
                "dump": {"database": dump, "filestore": dump},
            }
        )
        evidence = Evidence(NOW.date(), EVIDENCE.catalog, dumps={"acme": dumps})
        assert step(judged(sized(rows, acme=adopted), rows, evidence), Phase.LOAD).why == wanted
    without = sized(rows, acme=AdoptedTenant(spellings=(confirmed("acme"),), signed_off={Phase.LOAD: SIGNED}))
    assert step(judged(without, rows), Phase.LOAD).status is Status.OPEN


SPELLINGS = st.sampled_from(
    ["acme", "Acme", "ACME GmbH", "acme-gmbh", "Äcme", "日本", "fjord", "Fjord AS", "x"]
)
ENVIRONMENTS = st.sampled_from([None, Environment.PRODUCTION, Environment.STAGING])
ROWS = st.lists(st.tuples(SPELLINGS, ENVIRONMENTS), min_size=1, max_size=8).map(
    lambda pairs: tuple(row(name, line, environment=where) for line, (name, where) in enumerate(pairs, 2))
)


@given(ROWS, ROWS)
def test_every_row_of_every_csv_belongs_to_one_tenant_of_the_checklist(
    first: tuple[Row, ...], second: tuple[Row, ...]
) -> None:
    made = adoption(first)
    for rows in (first, second, first):
        made = adoption(rows, **made.tenants)
        found = judged(made, rows)
        assert Counter(each.line for one in found for each in one.subject.rows) == Counter(
            each.line for each in rows
        )
        made = after(made, found)


@given(ROWS, st.sets(SPELLINGS))
def test_no_two_spellings_are_one_tenant_without_a_line(rows: tuple[Row, ...], known: set[str]) -> None:
    made = adoption(rows)
    tenants = {
        tenant: adopted.model_copy(
            update={
                "spellings": tuple(
                    confirmed(each.spelling, each.environment) if each.spelling in known else each
                    for each in adopted.spellings
                )
            }
        )
        for tenant, adopted in made.tenants.items()
    }
    for each in judged(made.model_copy(update={"tenants": tenants}), rows):
        silent = {one for one in each.subject.adopted.spellings if not one.confirmed}
        others = {one for one in silent if one.spelling != each.subject.tenant}
        names = next(step.record for step in each.steps if step.phase is Phase.NAMES)
        assert (names.status is Status.BLOCKED) is bool(others)
        if others:
            later = [step.record.status for step in each.steps[3:]]
            assert Status.DONE not in later


@given(ROWS)
def test_a_phase_is_done_only_after_those_before_it(rows: tuple[Row, ...]) -> None:
    for each in judged(adoption(rows), rows):
        statuses = [step.record.status is Status.DONE for step in each.steps]
        assert statuses == sorted(statuses, reverse=True)
        assert all(step.record.why for step in each.steps)
