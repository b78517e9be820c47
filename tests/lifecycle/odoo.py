"""A database and a filestore in the shape of Odoo's, small, and with what makes a dump hard."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.postgres import Server

DATABASE: Final = "odoo_acme"
ROLE: Final = "t_acme"
PASSWORD: Final = "acme's own"
FILES: Final = 15

_SCHEMA: Final = """
CREATE TABLE ir_module_module (
    id serial PRIMARY KEY, name varchar NOT NULL UNIQUE, state varchar, latest_version varchar);
INSERT INTO ir_module_module (name, state, latest_version) VALUES
    ('base', 'installed', '18.0.1.3'), ('account', 'installed', '18.0.1.3'), ('sale', 'uninstalled', NULL);
CREATE TABLE res_users (
    id serial PRIMARY KEY, login varchar NOT NULL UNIQUE, active boolean, share boolean, signature text);
INSERT INTO res_users (login, active, share, signature) VALUES
    ('__system__', false, false, NULL), ('empty', true, true, ''),
    ('zoë@exämple.com', true, false, E'Grüße\\n\\t— 東京 🧾 \\\\N');
CREATE TABLE res_groups (id serial PRIMARY KEY, name jsonb NOT NULL);
INSERT INTO res_groups (name) SELECT jsonb_build_object('en_US', 'Group ' || n, 'de_DE', 'Gruppe ' || n)
  FROM generate_series(1, 20) n;
CREATE TABLE res_groups_users_rel (
    gid integer NOT NULL REFERENCES res_groups ON DELETE CASCADE,
    uid integer NOT NULL REFERENCES res_users ON DELETE CASCADE, PRIMARY KEY (gid, uid));
INSERT INTO res_groups_users_rel SELECT g.id, u.id FROM res_groups g, res_users u WHERE (g.id + u.id) % 2 = 0;
CREATE TABLE account_move (
    id serial PRIMARY KEY, name varchar, parent_id integer REFERENCES account_move, date date,
    amount_untaxed numeric NOT NULL, amount_tax numeric NOT NULL, rate double precision, narration text,
    amount_total numeric GENERATED ALWAYS AS (amount_untaxed + amount_tax) STORED,
    write_date timestamp DEFAULT '2026-11-24 12:00:00.123456');
INSERT INTO account_move (name, parent_id, date, amount_untaxed, amount_tax, rate, narration)
SELECT format('INV/2026/%s', lpad(n::text, 5, '0')), nullif(n / 2, 0), date '2026-01-01' + n % 300,
       n * 1.01, n * 0.2121, 1.0 / n, CASE WHEN n % 7 = 0 THEN repeat('long é ', 2000) END
  FROM generate_series(1, 3000) n;
CREATE INDEX account_move_name_index ON account_move USING gin (name gin_trgm_ops);
CREATE SEQUENCE ir_sequence_017;
SELECT setval('ir_sequence_017', 2026, true);
CREATE SEQUENCE ir_sequence_018;
CREATE TABLE ir_attachment (
    id serial PRIMARY KEY, name varchar NOT NULL, store_fname varchar, file_size integer,
    checksum varchar(40), db_datas bytea, type varchar DEFAULT 'binary', url varchar);
INSERT INTO ir_attachment (name, db_datas)
VALUES ('kept in the database', decode(repeat('00ff', 5000), 'hex'));
INSERT INTO ir_attachment (name, type, url) VALUES ('elsewhere', 'url', 'https://example.com');
CREATE TABLE "Strange ""name"" of a module" (id bigserial PRIMARY KEY, "Select" text);
INSERT INTO "Strange ""name"" of a module" ("Select") VALUES ('''quoted''');
CREATE TABLE ir_actions (id serial PRIMARY KEY, name jsonb NOT NULL, type varchar NOT NULL);
CREATE TABLE ir_act_window (res_model varchar, PRIMARY KEY (id)) INHERITS (ir_actions);
CREATE TABLE ir_act_client (PRIMARY KEY (id)) INHERITS (ir_actions);
ALTER TABLE ir_act_client ALTER COLUMN type SET NOT NULL, ADD COLUMN tag varchar NOT NULL;
INSERT INTO ir_act_window (name, type, res_model)
VALUES ('{"en_US": "Sales"}', 'ir.actions.act_window', 'sale');
INSERT INTO ir_act_client (name, type, tag) VALUES ('{"en_US": "Chat"}', 'ir.actions.client', 'mail.chat');
CREATE TABLE no_rows (id serial PRIMARY KEY);
CREATE TABLE no_id (key text PRIMARY KEY);
CREATE VIEW account_report AS SELECT date, sum(amount_total) AS total FROM account_move GROUP BY date;
CREATE MATERIALIZED VIEW account_report_kept AS SELECT * FROM account_report;
CREATE FUNCTION unaccented(text) RETURNS text LANGUAGE sql IMMUTABLE
AS $$ SELECT translate($1, 'éü', 'eu') $$;
CREATE SCHEMA website;
CREATE TABLE website.page (id serial PRIMARY KEY, arch xml);
SELECT lo_from_bytea(0, decode(repeat('c0ffee', 3000), 'hex'));
"""


# One session asks for all of them: to open one costs more than to read these tables.
_CHECKSUMS: Final = r"""
SELECT format('SELECT %L, md5(string_agg(md5(t::text), '''' ORDER BY t::text)) FROM %s t', relation, relation)
  FROM (SELECT oid::regclass AS relation FROM pg_class WHERE relkind IN ('r', 'm')
           AND relnamespace::regnamespace::text IN ('public', 'website')) relations ORDER BY relation \gexec
SELECT 'large objects', md5(string_agg(lo_get(oid), '' ORDER BY oid)) FROM pg_largeobject_metadata
"""


def content(number: int) -> bytes:
    """What the file of that number holds; two in every five are alike, and so are one file."""
    alike = number - 1 if number % 5 == 4 else number
    return f"file {alike} ü".encode() * (alike % 11 + 1)


def fill(server: Server, filestore: Path) -> None:
    """Make the tables as the tenant's role, and the files its attachments name."""

    def ask(sql: str) -> None:
        server.ask(sql, database=DATABASE, user=ROLE, password=PASSWORD)

    ask(_SCHEMA)
    rows = []
    for number in range(FILES):
        name = store(filestore, content(number))
        rows.append(f"('file {number}', '{name}', {len(content(number))}, '{name[3:]}')")
    columns = "name, store_fname, file_size, checksum"
    ask(f"INSERT INTO ir_attachment ({columns}) VALUES {', '.join(rows)}")  # noqa: S608 - made here
    # Odoo marks every file it wrote or unlinked with an empty one of its name, for its garbage collection.
    marked = filestore / "checklist" / store(filestore, content(0))
    marked.parent.mkdir(parents=True)
    marked.touch()
    # Odoo gave out number 3000 and deleted the entry: the sequence is ahead, as it is in life.
    ask("DELETE FROM account_move WHERE id = 3000; REFRESH MATERIALIZED VIEW account_report_kept")


def store(filestore: Path, data: bytes) -> str:
    """Put a file where Odoo would, and say what Odoo would call it."""
    digest = hashlib.sha1(data, usedforsecurity=False).hexdigest()
    folder = filestore / digest[:2]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / digest).write_bytes(data)
    return f"{digest[:2]}/{digest}"


def checksums(ask: Callable[[str], str]) -> dict[str, str]:
    """The md5 of all rows of every table, in an order that does not depend on how they lie."""
    return dict(line.rsplit("|", 1) for line in ask(_CHECKSUMS).splitlines())
