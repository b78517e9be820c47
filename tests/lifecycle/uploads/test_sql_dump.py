"""What a plain dump holds is what PostgreSQL reads: rows counted, quotes respected, nothing half-read."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.uploads.errors import ArchiveError
from lifecycle.uploads.quotes import Quotes
from lifecycle.uploads.sql_dump import DumpContents, runnable
from tests.sampling import examples

HEAD = b"""--
-- PostgreSQL database dump
--

\\restrict x7F

-- Dumped from database version 16.4 (Debian 16.4-1)
-- Dumped by pg_dump version 17.6

SET standard_conforming_strings = on;
"""
END = b"""
--
-- PostgreSQL database dump complete
--

\\unrestrict x7F

"""
TABLE = b"""CREATE TABLE public.ir_actions (
    id integer NOT NULL,
    name text
);
CREATE TABLE public.ir_act_window (
    res_model text
)
INHERITS (public.ir_actions);
"""
ROWS = b"COPY public.ir_act_window (id, name, res_model) FROM stdin;\n7\ta\tb\n-2\t\\\\.\t\\N\n\\.\n"


def read(text: bytes) -> tuple[bytes, DumpContents]:
    found = DumpContents()
    return b"".join(runnable(io.BytesIO(text), "old.sql", found)), found


def test_rows_ids_sequences_and_versions_are_counted() -> None:
    sequence = b"SELECT pg_catalog.setval('public.\"it''s\"', 5, true);\n"
    sequence += b"SELECT pg_catalog.setval('public.b', 1, false);\n"
    modules = b"COPY public.ir_module_module (id, name, state, latest_version) FROM stdin;\n"
    modules += b"1\tbase\tinstalled\t18.0.1.3\n2\tsale\tuninstalled\t\\N\n\\.\n"
    sha1 = b"da39a3ee5e6b4b0d3255bfef95601890afd80709"
    files = (
        b"COPY public.ir_attachment (id, store_fname) FROM stdin;\n1\tda/%b\n2\t\\N\n3\t../../etc\n\\.\n"
        % sha1
    )
    kept, found = read(HEAD + TABLE + ROWS + modules + files + sequence + END)
    assert kept.count(b"\n") == (HEAD + TABLE + ROWS + modules + files + sequence + END).count(b"\n") - 2
    assert b"restrict" not in kept
    rows = {name: (each.rows, each.highest) for name, each in found.tables.items()}
    assert rows["public.ir_act_window"] == (2, 7)
    assert rows["public.ir_module_module"] == (2, None)
    assert found.sequences == {'public."it\'s"': 5, "public.b": 0}
    assert found.modules == {"base": ("installed", "18.0.1.3"), "sale": ("uninstalled", "")}
    assert found.files == {bytes.fromhex(sha1.decode())}
    assert (found.server_version, found.client_version, found.counted) == ("16.4", "17.6", True)


@pytest.mark.parametrize(
    "line",
    [
        b"ALTER TABLE public.x OWNER TO odoo;\n",
        b"ALTER MATERIALIZED VIEW public.x OWNER TO odoo;\n",
        b"GRANT ALL ON TABLE public.x TO odoo;\n",
        b"REVOKE ALL ON SCHEMA public FROM PUBLIC;\n",
        b"ALTER DEFAULT PRIVILEGES FOR ROLE a GRANT SELECT ON TABLES TO b;\n",
        b"COMMENT ON EXTENSION pg_trgm IS 'text';\n",
        b"CREATE SCHEMA public;\n",
    ],
)
def test_what_only_an_owner_may_say_is_left_out_and_only_where_it_is_said(line: bytes) -> None:
    assert read(HEAD + line + END)[0] == read(HEAD + END)[0]
    for quoted in (b"SELECT '\n%b';\n", b"AS $_$\n%b$_$;\n", b"/* \n%b*/;\n", b'CREATE "\n%b";\n'):
        assert line in read(HEAD + quoted % line + END)[0]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "expected a plain dump of pg_dump, found none of its first lines"),
        (b"hello\n", "expected a plain dump of pg_dump"),
        (HEAD, "is cut off: expected '-- PostgreSQL database dump complete'"),
        (HEAD + ROWS[:-3], "is cut off in the rows of public.ir_act_window"),
        (
            HEAD + b"\\connect other\n" + END,
            r"line 11: expected SQL of one database, found '\\\\connect other'",
        ),
        (HEAD + b"\\! id\n" + END, "a command of psql: dump it with pg_dump"),
        (
            HEAD + TABLE + ROWS.replace(b"7\t", b"seven\t") + END,
            r"line 20: expected a row as pg_dump writes it",
        ),
        (
            HEAD
            + ROWS.replace(b"id, name, res_model", b"store_fname").replace(
                b"ir_act_window", b"ir_attachment"
            )[:-5]
            + END,
            "is cut off in",
        ),
    ],
)
def test_what_is_no_whole_dump_is_one_sentence(text: bytes, why: str) -> None:
    with pytest.raises(ArchiveError, match=f"^old.sql: .*{why}") as told:
        read(text)
    assert len(told.value.problems) == 1


_CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12).map(
    lambda text: (
        text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r").encode()
    )
)


@given(rows=st.lists(st.lists(_CELLS, min_size=2, max_size=2), max_size=6))
@examples(25, of=200)
def test_rows_are_taken_as_they_are_and_counted(rows: list[list[bytes]]) -> None:
    block = (
        b"COPY public.any (a, b) FROM stdin;\n" + b"".join(b"\t".join(row) + b"\n" for row in rows) + b"\\.\n"
    )
    kept, found = read(HEAD + block + END)
    assert block in kept
    assert found.tables["public.any"].rows == len(rows)


_TOKENS = (
    b"'",
    b"''",
    b'"',
    b"$$",
    b"$a$",
    b"$b$",
    b"--",
    b"/*",
    b"*/",
    b"\n",
    b"E'",
    b"\\'",
    b"x",
    b"$",
    b" ",
    b"e",
)


def _inside(text: bytes) -> bool:
    """The same, a character at a time."""
    at, until, depth = 0, "", 0
    plain = text.decode()
    while at < len(plain):
        rest = plain[at:]
        word = at > 0 and (plain[at - 1].isalnum() or plain[at - 1] in "_$")
        if until == "*/":
            step = 2 if rest[:2] in {"/*", "*/"} else 1
            depth += {"/*": 1, "*/": -1}.get(rest[:2], 0)
            until = until if depth else ""
        elif until == "E'":
            step = 2 if rest[0] == "\\" else 1
            until = "" if rest[0] == "'" else until
        elif until:
            step = len(until) if rest.startswith(until) else 1
            until = "" if rest.startswith(until) else until
        elif rest.startswith("--"):
            step = (rest + "\n").index("\n")
        elif rest.startswith("/*"):
            step, until, depth = 2, "*/", 1
        elif rest[0] in "eE" and rest[1:2] == "'" and not word:
            step, until = 2, "E'"
        elif rest[0] in "'\"":
            step, until = 1, rest[0]
        elif (
            rest[0] == "$"
            and not word
            and (tag := next((t for t in ("$$", "$a$", "$b$", "$x$", "$e$") if rest.startswith(t)), ""))
        ):
            step, until = len(tag), tag
        else:
            step = 1
        at += step
    return bool(until)


@given(st.lists(st.sampled_from(_TOKENS), max_size=14).map(b"".join))
@examples(150, of=5000)
def test_quotes_are_followed_line_by_line(text: bytes) -> None:
    quotes = Quotes()
    for line in text.splitlines(keepends=True):
        quotes.after(line)
    assert quotes.inside == _inside(text)
