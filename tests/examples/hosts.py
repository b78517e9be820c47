"""Stand-ins for `gh` and `curl`: a host that keeps comments in a file, and who asked for what beside it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

STATE: Final = "HOST_STATE"
TOKEN: Final = "a-token"
ME: Final[dict[str, dict[str, Any]]] = {
    "gh": {"login": "github-actions[bot]", "type": "Bot"},
    "curl": {"id": 7},
}
_PAGE: Final = 100


def install(folder: Path, state: Path) -> None:
    """Put both on a folder of PATH, and no comment yet into *state* but other people's."""
    folder.mkdir()
    for name in ("gh", "curl"):
        script = folder / name
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{__file__}" {name} "$@"\n', encoding="utf-8")
        script.chmod(0o755)
    others = [
        {
            "id": number,
            "body": f"<!-- costack-preview: local -->\nfake {number}",
            "user": {"type": "User"},
            "author": {"id": 1},
        }
        for number in range(1, 151)
    ]
    state.write_text(json.dumps({"comments": others, "asked": []}), encoding="utf-8")


def mine(state: Path) -> list[dict[str, Any]]:
    """The comments that a workflow wrote."""
    return [each for each in json.loads(state.read_text(encoding="utf-8"))["comments"] if each["id"] > 1000]


def asked(state: Path) -> list[str]:
    """Every request, as method and path."""
    found: list[str] = json.loads(state.read_text(encoding="utf-8"))["asked"]
    return found


class Host:
    """Comments of one pull request."""

    def __init__(self) -> None:
        self.file = Path(os.environ[STATE])
        self.kept = json.loads(self.file.read_text(encoding="utf-8"))

    def answer(self, method: str, path: str, body: str, author: dict[str, Any]) -> list[dict[str, Any]]:
        """Do what is asked; all comments are the answer."""
        self.kept["asked"].append(f"{method} {path}")
        comments: list[dict[str, Any]] = self.kept["comments"]
        if method == "POST":
            comments.append({"id": 1000 + len(comments), "body": body, "user": author, "author": author})
        elif method != "GET":
            known = int(path.rpartition("/")[2])
            (found,) = (each for each in comments if each["id"] == known)
            assert found["author"] == author, "only one's own can be changed"
            found["body"] = body
        self.file.write_text(json.dumps(self.kept), encoding="utf-8")
        return comments


def gh(arguments: list[str]) -> None:
    """`gh api`, as far as the example goes."""
    assert os.environ["GH_TOKEN"] == TOKEN
    assert arguments.pop(0) == "api"
    method, path, body, jq = "GET", "", "", ""
    while arguments:
        word = arguments.pop(0)
        if word == "--method":
            method = arguments.pop(0)
        elif word == "--jq":
            jq = arguments.pop(0)
        elif word == "--field":
            name, _, file = arguments.pop(0).partition("=@")
            assert name == "body"
            body = Path(file).read_text(encoding="utf-8")
        elif word not in ("--paginate", "--silent"):
            path = word
    comments = Host().answer(method, path, body, ME["gh"])
    if jq:
        sys.stdout.write(_queried(jq, comments))


def _queried(jq: str, comments: list[dict[str, Any]]) -> str:
    """What the real jq says, where it is; gh has one built in."""
    if shutil.which("jq"):
        done = subprocess.run(
            ["jq", "-r", jq], input=json.dumps(comments), capture_output=True, text=True, check=True
        )
        return done.stdout
    marker = os.environ["MARKER"]
    found = (each for each in comments if each["user"]["type"] == "Bot" and each["body"].startswith(marker))
    return "".join(f"{each['id']}\n" for each in found)


def curl(arguments: list[str]) -> None:
    """`curl` against GitLab, as far as the example goes."""
    method, address, body, files = "GET", "", "", {}
    while arguments:
        word = arguments.pop(0)
        if word == "--header":
            assert arguments.pop(0) == f"PRIVATE-TOKEN: {TOKEN}"
        elif word == "--request":
            method = arguments.pop(0)
        elif word == "--data-urlencode":
            name, _, file = arguments.pop(0).partition("@")
            assert name == "body"
            body = Path(file).read_text(encoding="utf-8")
        elif word in ("--output", "--dump-header"):
            files[word] = Path(arguments.pop(0))
        elif not word.startswith("--"):
            address = word
    parts = urlsplit(address)
    if parts.path.endswith("/user"):
        files["--output"].write_text(json.dumps(ME["curl"]), encoding="utf-8")
        return
    comments = Host().answer(method, parts.path, body, ME["curl"])
    page = int(parse_qs(parts.query).get("page", ["1"])[0])
    shown = comments[_PAGE * (page - 1) : _PAGE * page]
    files["--output"].write_text(json.dumps(shown), encoding="utf-8")
    if "--dump-header" in files:
        following = str(page + 1) if len(comments) > _PAGE * page else ""
        lines = ("HTTP/2 200", "content-type: application/json", f"x-next-page: {following}", "", "")
        head = "\r\n".join(lines)
        files["--dump-header"].write_text(head, encoding="utf-8", newline="")


if __name__ == "__main__":
    {"gh": gh, "curl": curl}[sys.argv[1]](sys.argv[2:])
