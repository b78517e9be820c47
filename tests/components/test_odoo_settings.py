"""What the set-up job does inside Odoo's shell; tests/odoo runs it in a real one."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from components.scripts import odoo_settings

ADMINISTRATOR_ID = 2
SECRET = "first-password-of-the-administrator"
BEFORE = "the-one-before-the-rotation"


class Context:
    """Stands for passlib's: a hash is the word after `hashed:`."""

    def verify(self, word: str, kept: str) -> bool:
        return kept == f"hashed:{word}"


class User:
    def __init__(self, number: int, login: str, word: str | None) -> None:
        self.id, self.login, self.kept = number, login, word and f"hashed:{word}"

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "password":
            name, value = "kept", f"hashed:{value}"
        super().__setattr__(name, value)


class Env:
    """As much of Odoo's environment as the settings ask for."""

    def __init__(self, users: list[User], modules: tuple[str, ...] = ("base",)) -> None:
        self.users, self.modules = users, modules
        self.parameters = {"database.uuid": "production's", "database.secret": "production's"}
        self.websites: list[Website] | None = None
        self.dbname, self.committed, self._row = "odoo_acme", False, ""

    cr = property(lambda self: self)
    env = property(lambda self: self)

    def __getitem__(self, model: str) -> Any:
        known = {"res.users": Users(self), "ir.module.module": Modules(self), "website": Websites(self)}
        return known.get(model, Parameters(self))

    def __contains__(self, model: str) -> bool:
        return model != "website" or self.websites is not None

    def execute(self, _sql: str, values: list[int]) -> None:
        self._row = next(user.kept or "" for user in self.users if user.id == values[0])

    def fetchone(self) -> list[str]:
        return [self._row]

    def ref(self, name: str, *, raise_if_not_found: bool) -> User | None:
        assert (name, raise_if_not_found) == ("base.user_admin", False)
        return next((user for user in self.users if user.id == ADMINISTRATOR_ID), None)

    def flush_all(self) -> None:
        pass

    def commit(self) -> None:
        self.committed = True


class Users:
    def __init__(self, env: Env) -> None:
        self.env_ = env

    def _crypt_context(self) -> Context:
        return Context()

    def with_context(self, *, active_test: bool) -> Users:
        assert not active_test
        return self

    def search(self, domain: list[Any]) -> list[User]:
        _, logins, first = domain
        return [user for user in self.env_.users if user.login in logins[2] or user.id == first[2]]


class Website:
    def __init__(self, name: str, url: Any = "", *, activated: bool = False) -> None:
        self.name, self.cdn_url, self.cdn_activated, self.cdn_filters = name, url, activated, "usual"

    def write(self, values: dict[str, Any]) -> None:
        vars(self).update(values)

    def default_get(self, names: list[str]) -> dict[str, str]:
        return dict.fromkeys(names, "usual")

    @property
    def settings(self) -> tuple[Any, ...]:
        return self.cdn_activated, self.cdn_url, self.cdn_filters


class Websites(Users):
    def search(self, _domain: list[Any]) -> Any:
        return self.env_.websites


class Modules(Users):
    def search(self, _domain: list[Any]) -> Any:
        return self

    def mapped(self, _name: str) -> tuple[str, ...]:
        return self.env_.modules


class Parameters(Users):
    def sudo(self) -> Parameters:
        return self

    def get_param(self, key: str) -> str | bool:
        return self.env_.parameters.get(key, False)

    def set_param(self, key: str, value: Any) -> None:
        self.env_.parameters.pop(key, None)
        if value:
            self.env_.parameters[key] = str(value)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "password").write_text(f"{SECRET}\n", encoding="utf-8")
    monkeypatch.setattr(odoo_settings, "PASSWORD_FILE", str(tmp_path / "password"))
    monkeypatch.setattr(odoo_settings, "REPLACED_FILE", str(tmp_path / "replaced"))
    monkeypatch.setitem(sys.modules, "odoo.addons.web", sys)
    monkeypatch.delenv("NEUTRALISE", raising=False)
    monkeypatch.setenv("REPORT_ADDRESS", "http://127.0.0.1:8072")


def settle(env: Env, wide: object = "web", lost: tuple[str, ...] = ()) -> None:
    def path_of(name: str, *, display_warning: bool) -> str | None:
        return None if name in lost or display_warning else f"/addons/{name}"

    odoo_settings.settle(env, {"server_wide_modules": wide}, path_of)


def test_the_administrator_gets_the_generated_password_in_place_of_the_default() -> None:
    env = Env([User(2, "admin", "admin"), User(6, "demo", "demo"), User(7, "portal", "their own")])
    settle(env)
    admin, demo, portal = env.users
    assert admin.kept == f"hashed:{SECRET}"
    assert demo.kept not in ("hashed:demo", f"hashed:{SECRET}")
    assert portal.kept == "hashed:their own"
    assert env.committed


def test_an_administrator_by_another_login_is_closed_too() -> None:
    env = Env([User(ADMINISTRATOR_ID, "boss@example.com", "admin"), User(9, "sales@example.com", "admin")])
    settle(env)
    assert [user.kept for user in env.users] == [f"hashed:{SECRET}", "hashed:admin"]


@pytest.mark.parametrize("left", ["costack.copy", "database.is_neutralized"])
def test_production_does_not_begin_with_a_copy(left: str) -> None:
    env = Env([User(ADMINISTRATOR_ID, "admin", "admin")])
    env.parameters[left] = "odoo_acme"
    with pytest.raises(SystemExit, match="odoo_acme is a neutralised copy, and production needs one"):
        settle(env)
    assert not env.committed
    assert env.users[0].kept == "hashed:admin"


@pytest.mark.parametrize("word", ["their own", None])
def test_a_password_that_somebody_chose_stays(word: str | None, capsys: pytest.CaptureFixture[str]) -> None:
    env = Env([User(2, "admin", word)])
    settle(env)
    assert env.users[0].kept == (word and f"hashed:{word}")
    assert capsys.readouterr().out == ""


def test_no_log_holds_the_password(capsys: pytest.CaptureFixture[str]) -> None:
    settle(Env([User(2, "admin", "admin")]))
    said = capsys.readouterr()
    assert "user admin had a password that everybody knows" in said.out
    assert SECRET not in said.out + said.err


def test_reports_ask_their_own_pod() -> None:
    env = Env([])
    settle(env)
    assert env.parameters["report.url"] == "http://127.0.0.1:8072"
    assert env.parameters["database.uuid"] == "production's"


def test_a_copy_gets_an_identity_of_its_own_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUTRALISE", "yes")
    monkeypatch.setenv("ADDRESS", "https://staging.example.com")
    env = Env([])
    settle(env)
    first = dict(env.parameters)
    assert "production's" not in first.values()
    assert (first["web.base.url"], first["web.base.url.freeze"]) == ("https://staging.example.com", "True")
    settle(env)
    assert env.parameters == first
    env.dbname = "odoo_other"  # a copy of the copy
    settle(env)
    assert env.parameters["database.uuid"] != first["database.uuid"]


@pytest.mark.parametrize("wide", ["base_of_nothing,web", ["base_of_nothing", "web"]])
def test_a_server_wide_module_that_does_not_load_is_named(wide: object) -> None:
    env = Env([User(2, "admin", "admin")])
    with pytest.raises(SystemExit, match="the server-wide module base_of_nothing does not load"):
        settle(env, wide)
    assert not env.committed
    assert env.users[0].kept == "hashed:admin"


def test_a_module_that_the_image_does_not_have_is_named() -> None:
    """`odoo neutralize` would skip what makes it harmless, and say nothing."""
    with pytest.raises(SystemExit, match="modules that the image does not have: bank, mail_out"):
        settle(Env([], ("base", "mail_out", "bank")), lost=("bank", "mail_out"))


@pytest.mark.parametrize(
    ("word", "left"),
    [(BEFORE, SECRET), (SECRET, SECRET), ("their own", "their own"), (None, None)],
)
def test_a_rotation_changes_the_first_password_where_it_still_opens(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], word: str | None, left: str | None
) -> None:
    (tmp_path / "replaced").write_text(f"{BEFORE}\n", encoding="utf-8")
    env = Env([User(ADMINISTRATOR_ID, "boss@example.com", word), User(9, "admin-2", BEFORE)])
    settle(env)
    assert [user.kept for user in env.users] == [left and f"hashed:{left}", f"hashed:{BEFORE}"]
    said = capsys.readouterr().out
    assert said == ("the administrator's first password is another one now\n" if word == BEFORE else "")
    settle(Env([]))  # somebody deleted that user


def linked(env: Env, address: str) -> list[str]:
    return odoo_settings.link_cdn(env, Parameters(env), address, "^/web/assets/")


@pytest.mark.parametrize("nothing", ["", False])
def test_websites_name_the_cdn_and_then_another_and_then_none(nothing: Any) -> None:
    env = Env([])
    env.websites = [Website("one", nothing), Website("two", nothing)]
    for address in ("https://static.acme.example/", "https://cdn.acme.example/"):
        assert linked(env, address) == [f"website {name} names the CDN {address}" for name in ("one", "two")]
        assert {site.settings for site in env.websites} == {(True, address, "^/web/assets/")}
    assert len(linked(env, "")) == 2
    assert {site.settings for site in env.websites} == {(False, "", "usual")}
    assert linked(env, "") == []
    assert odoo_settings.CDN not in env.parameters


@pytest.mark.parametrize("address", ["https://static.acme.example/", ""])
def test_a_cdn_that_somebody_else_wrote_stays(address: str) -> None:
    env = Env([])
    env.parameters[odoo_settings.CDN] = "https://static.acme.example/"
    env.websites = [Website("theirs", "https://cdn.example.net", activated=True)]
    assert linked(env, address) == ["website theirs keeps its own CDN, https://cdn.example.net"]
    assert env.websites[0].settings == (True, "https://cdn.example.net", "usual")


def test_a_copy_of_production_loses_the_cdn_of_production(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NEUTRALISE", "yes")
    monkeypatch.setenv("ADDRESS", "https://staging.acme.example")
    env = Env([])
    env.websites = [Website("one", "https://static.acme.example/", activated=True)]
    env.parameters[odoo_settings.CDN] = "https://static.acme.example/"
    settle(env)
    assert env.websites[0].settings == (False, "", "usual")
    assert "names the CDN https://static.acme.example/ no longer" in capsys.readouterr().out


def test_without_a_website_nothing_names_the_cdn_and_it_is_said() -> None:
    env = Env([])
    assert linked(env, "https://static.acme.example/") == [
        "there is no website yet, so nothing names the CDN: deploy anew once there is one"
    ]
    assert linked(env, "") == []
