"""A stand-in for Odoo in a rehearsal: as strict as Odoo about what it starts on, and it answers one page.

It refuses a database of another version than the image's, and one that names a file which is not there;
stricter than Odoo, also one on which mail or a scheduled action is still active.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.postgres import give

TABLES: Final = """
CREATE TABLE ir_config_parameter (id serial PRIMARY KEY, key varchar UNIQUE, value text);
CREATE TABLE ir_mail_server (id serial PRIMARY KEY, name varchar, smtp_host varchar, active boolean);
CREATE TABLE ir_cron (id serial PRIMARY KEY, name varchar, active boolean);
CREATE TABLE ir_model_data (
    id serial PRIMARY KEY, model varchar, module varchar, name varchar, res_id integer);
INSERT INTO ir_mail_server (name, smtp_host, active) VALUES ('mail', 'smtp.example.com', true);
INSERT INTO ir_cron (name, active) VALUES ('send the mail', true);
ALTER TABLE ir_attachment ADD COLUMN create_date timestamp DEFAULT '2026-11-25 08:00:00',
  ADD COLUMN write_date timestamp DEFAULT '2026-11-25 08:00:00';
"""
"""What a database in Odoo's shape has besides, where it is to be neutralised and started."""

_ODOO: Final = r"""#!/usr/bin/python3
import configparser, http.server, os, pathlib, subprocess, sys
words = sys.argv[1:]
conf = next(each.partition("=")[2] for each in words if each.startswith("--config="))
parser = configparser.ConfigParser(interpolation=None)
parser.read(conf)
options = dict(parser["options"])
def ask(sql, database=options["db_name"]):
    where = {"PGHOST": options["db_host"], "PGUSER": options["db_user"], "PGDATABASE": database}
    psql = ["psql", "--no-psqlrc", "--tuples-only", "--no-align", "--quiet", "--set=ON_ERROR_STOP=1"]
    environment = {**os.environ, **where}
    return subprocess.check_output([*psql, "-c", sql], env=environment, text=True).split()
if words[0] == "neutralize":
    assert f"--database={options['db_name']}" in words
    if not os.environ.get("NEUTRALISES_NOTHING"):
        ask("UPDATE ir_cron SET active = false; UPDATE ir_mail_server SET active = false")
    parameter = "('database.is_neutralized', 'true') ON CONFLICT DO NOTHING"
    ask("INSERT INTO ir_config_parameter (key, value) VALUES " + parameter)
    sys.exit()
assert {"--workers=0", "--max-cron-threads=0"} <= set(words), words
assert options["http_interface"] == "127.0.0.1" and options["list_db"] == "False"
ask("SELECT datname FROM pg_database", "postgres")  # as Odoo's `_create_empty_database`
[version] = ask("SELECT latest_version FROM ir_module_module WHERE name = 'base'")
if version.partition(".")[0] != os.environ["VERSION"].partition(".")[0]:
    sys.exit(f"the database is of {version}")
if ask("SELECT 1 FROM ir_cron WHERE active UNION ALL SELECT 1 FROM ir_mail_server WHERE active"):
    sys.exit("the database is not neutralised")
filestore = pathlib.Path(options["data_dir"], "filestore", options["db_name"])
for name in ask("SELECT DISTINCT store_fname FROM ir_attachment WHERE store_fname IS NOT NULL"):
    if not (filestore / name).is_file():
        sys.exit(f"{name} is missing")
(filestore / "new").write_text("Odoo stores what it makes")
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        found = self.path == "/web/login" and ask("SELECT count(*) FROM res_users")
        self.send_response(200 if found else 404)
        self.end_headers()
http.server.HTTPServer((options["http_interface"], int(options["http_port"])), Page).serve_forever()
"""


def put_odoo(tools: Path) -> None:
    """Put it among the programs that a container finds."""
    program = tools / "odoo"
    program.write_text(_ODOO, encoding="utf-8")
    program.chmod(0o755)
    give(program)
