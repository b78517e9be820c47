"""What of a person a copy loses: each value of the columns named, or none where one cannot be so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from components.scripts import script
from tests.lifecycle.odoo import PASSWORD, ROLE
from tests.lifecycle.pods import Pods, keeping
from tests.lifecycle.side import SIDE, Done, act, fill_live, forget_side, make, state, sums
from tests.postgres import chosen_versions, give
from tiers.portfolio.restore.anonymised import CONTACTS, AnonymisedSection, wanted

pytestmark = [pytest.mark.postgres, chosen_versions]
_PEOPLE = """
CREATE TABLE res_partner (id serial PRIMARY KEY, name varchar NOT NULL, email varchar, comment text,
    phone varchar(12) UNIQUE, title jsonb, street varchar NOT NULL, born date NOT NULL, score integer,
    shown varchar GENERATED ALWAYS AS (upper(name)) STORED);
INSERT INTO res_partner (name, email, comment, phone, title, street, born, score)
SELECT 'Zoë ' || n / 2, 'zoe' || n / 2 || '@example.com', 'private', '+32 ' || n,
       '{"en_US": "Dr", "fr_FR": "Dr."}', 'Street', '2000-01-01', n FROM generate_series(1, 6) n;
INSERT INTO res_partner (name, street, born) VALUES ('No mail', '', '2000-01-01');
ALTER TABLE ir_attachment ADD COLUMN res_model varchar, ADD COLUMN index_content text;
UPDATE ir_attachment SET res_model = 'res.partner' WHERE store_fname IS NOT NULL;
INSERT INTO ir_attachment (name, res_model, store_fname) VALUES ('assets', 'ir.ui.view', 'aa/b');
"""


@pytest.fixture
def copy(pods: Pods) -> Iterator[Pods]:
    """A tenant whose side database was filled."""
    with keeping(pods):
        try:
            pods.server.ask(_PEOPLE, database="odoo_acme", user=ROLE, password=PASSWORD)
            assert make(pods).returncode == 0
            assert fill_live(pods).returncode == 0
            pods.server.ask(f"COMMENT ON DATABASE {SIDE} IS 'costack: side m1 filling'")
            yield pods
        finally:
            forget_side(pods.server)


def anonymise(pods: Pods, *, attachments: bool = False, contacts: bool = False, **columns: Any) -> Done:
    """Run the container; each column as `res_partner__email="hash"` or `="fixed:text"`."""
    named = []
    for name, how in columns.items():
        by, _, value = how.partition(":")
        named.append({"column": name.replace("__", "."), "by": by, "value": value or None})
    section = AnonymisedSection.model_validate(
        {"columns": named, "contacts": contacts, "attachments": attachments}
    )
    pods.empty_volumes()
    (pods.folder / "fetched" / "dump").touch()
    give(pods.folder / "fetched")
    more = {"ATTACHMENTS": "yes"} if attachments else {}
    return pods.run(
        script("side_database_anonymise.sh"),
        SIDE_DATABASE=SIDE,
        MARK="m1",
        FETCHED=str(pods.folder / "fetched"),
        COLUMNS=json.dumps(wanted(section)),
        **more,
    )


def ask(pods: Pods, sql: str) -> list[str]:
    return pods.server.ask(sql, database=SIDE, user=ROLE, password=PASSWORD).splitlines()


def test_nothing_of_what_is_named_is_left_and_what_was_equal_stays_equal(copy: Pods) -> None:
    used = sums(copy.server)
    done = anonymise(
        copy,
        res_partner__name="hash",
        res_partner__email="hash",
        res_partner__comment="erase",
        res_partner__phone="erase",
        res_partner__title="fixed:Somebody's 100%",
        res_partner__street="erase",
        res_partner__score="erase",
        res_users__login="hash",
        res_groups__name="hash",
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["anonymised"]["res_partner.email"] == 6
    assert said["anonymised"]["res_partner.name"] == 7
    assert ask(copy, "SELECT count(DISTINCT name), count(DISTINCT email), count(email) FROM res_partner") == [
        "5|4|6"
    ]
    assert ask(copy, "SELECT count(*) FROM res_partner WHERE name !~ '^x[0-9a-f]{16}$'") == ["0"]
    assert ask(
        copy, "SELECT DISTINCT split_part(email, '@', 2) FROM res_partner WHERE email IS NOT NULL"
    ) == ["example.invalid"]
    assert ask(copy, "SELECT count(comment) + count(phone) + count(score) FROM res_partner") == ["0"]
    assert ask(copy, "SELECT DISTINCT street = '' FROM res_partner") == ["t"]
    assert ask(copy, "SELECT DISTINCT title ->> 'fr_FR' FROM res_partner WHERE title IS NOT NULL") == [
        "Somebody's 100%"
    ]
    assert ask(
        copy, "SELECT count(*) FROM res_groups WHERE name ->> 'de_DE' ~ '^x[0-9a-f]{16}$' AND name ? 'en_US'"
    ) == ["20"]
    assert ask(copy, "SELECT count(DISTINCT login) FROM res_users") == ["3"]
    assert ask(copy, "SELECT count(*) FROM res_partner WHERE shown <> upper(name)") == ["0"]
    assert sums(copy.server) == used
    assert state(copy.server)[SIDE] == "costack: side m1 filling"


def test_contacts_are_what_the_copy_has_of_them_and_files_of_records_go(copy: Pods) -> None:
    names = [each.column for each in CONTACTS]
    assert len(names) == len(set(names))
    done = anonymise(copy, contacts=True, attachments=True, res_partner__email="fixed:nobody@example.invalid")
    assert done.returncode == 0, done.stderr
    counted = json.loads(done.stdout)["anonymised"]
    there = {
        "res_partner.name",
        "res_partner.email",
        "res_partner.phone",
        "res_partner.comment",
        "res_partner.street",
    }
    assert set(counted) == {*there, "res_users.signature", "attachments"}
    assert ask(copy, "SELECT DISTINCT email FROM res_partner WHERE email IS NOT NULL") == [
        "nobody@example.invalid"
    ]
    assert ask(copy, "SELECT name FROM ir_attachment WHERE store_fname IS NOT NULL") == ["assets"]
    assert counted["attachments"] > 10


@pytest.mark.whole("a rarer case than those that are tried here")
def test_a_name_is_gone_from_every_column_that_odoo_copies_it_to(copy: Pods) -> None:
    """As 17.0 to 19.0 keep it beside `res_partner.name`; employees' addresses lie in versions since 19.0."""
    copies = {
        "res_partner": ("commercial_company_name", "company_registry"),
        "crm_lead": ("name", "email_cc"),
        "calendar_attendee": ("common_name",),
        "event_registration": ("name", "email", "phone"),
        "hr_version": ("private_street", "passport_id"),
        "mail_message_translation": ("body",),
    }
    for table, columns in copies.items():
        ask(copy, f"CREATE TABLE IF NOT EXISTS {table} (id serial)")
        for column in columns:
            ask(copy, f"ALTER TABLE {table} ADD {column} varchar NOT NULL DEFAULT 'Zoë Peeters'")
        ask(copy, f"INSERT INTO {table} DEFAULT VALUES" if table != "res_partner" else "SELECT 1")
    done = anonymise(copy, contacts=True)
    assert done.returncode == 0, done.stderr
    for table in copies:
        rows = ask(copy, f"TABLE {table}")
        assert rows
        assert not any("Zoë" in row for row in rows), table


@pytest.mark.sample(2)
@pytest.mark.parametrize(
    ("columns", "why"),
    [
        ({"res_partner__emial": "erase"}, "res_partner.emial is not there"),
        ({"res_partners__name": "erase"}, "res_partners.name is not there"),
        ({"res_partner__shown": "erase"}, "res_partner.shown is computed from other columns"),
        ({"res_partner__born": "erase"}, "res_partner.born may not be empty and is no text"),
        ({"res_partner__score": "hash"}, "res_partner.score is no text, which hash needs"),
        ({"res_users__login": "fixed:one"}, "res_users.login has each value once, which fixed breaks"),
        ({"res_users__login": "erase"}, "res_users.login has each value once, which erase breaks"),
        (
            {"res_partner__phone": "hash"},
            "res_partner.phone has each value once, and is too short for a hash",
        ),
        ({"res_partner__phone": "fixed:0123456789012"}, "which fixed breaks"),
    ],
)
def test_what_cannot_be_so_is_told_by_name_and_nothing_is_changed(
    copy: Pods, columns: dict[str, Any], why: str
) -> None:
    before = sums(copy.server, SIDE)
    done = anonymise(copy, res_partner__name="hash", **columns)
    assert (done.returncode, why in done.stderr, done.stdout) == (1, True, ""), done.stderr
    assert sums(copy.server, SIDE) == before


def test_only_what_was_anonymised_as_the_file_says_may_be_switched(copy: Pods) -> None:
    def said(what: str) -> None:
        copy.server.ask(f"COMMENT ON DATABASE {SIDE} IS 'costack: side m1 ready 2026{what}'")

    for what in ("", " anonymised other"):
        said(what)
        done = act(copy, "switch", ANONYMISED="this")
        assert (done.returncode, "was filled before" in done.stderr) == (1, True), done.stderr
    done = anonymise(copy, res_partner__name="hash")
    assert "is not what this run has filled" in done.stderr
    said(" anonymised this")
    assert act(copy, "switch", ANONYMISED="this").returncode == 0
