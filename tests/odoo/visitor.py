"""A visitor of Odoo: logs in, calls methods, prints, and keeps websockets open."""

from __future__ import annotations

import re
from typing import Any, Final

import httpx

BASE: Final = "http://127.0.0.1:8069"
_SLOW_SECONDS: Final = 400


class Visitor:
    """A browser's session."""

    def __init__(self, base: str = BASE) -> None:
        self.client = httpx.Client(base_url=base, timeout=_SLOW_SECONDS, trust_env=False)

    def log_in(self, login: str, password: str) -> bool:
        """Log in by the form, as a person does; whether it let us in."""
        page = self.client.get("/web/login")
        token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
        assert token, page.text[:500]
        form = {"csrf_token": token[1], "login": login, "password": password}
        answer = self.client.post("/web/login", data=form)
        return answer.status_code == httpx.codes.SEE_OTHER

    def call(self, model: str, method: str, *args: Any, **kwargs: Any) -> Any:
        """Call a method of a model over JSON-RPC."""
        params = {"model": model, "method": method, "args": list(args), "kwargs": kwargs}
        answer = self.client.post(
            f"/web/dataset/call_kw/{model}/{method}",
            json={"jsonrpc": "2.0", "method": "call", "params": params},
        ).json()
        if "error" in answer:
            raise AssertionError(answer["error"]["data"]["debug"])
        return answer["result"]

    @property
    def session(self) -> str:
        """The session's key."""
        return self.client.cookies["session_id"]
