"""Stand-ins for `gh` and for GitLab: hosts that keep in a file the comments, and who asked for what."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

STATE: Final = "HOST_STATE"
TOKEN: Final = "a-token"
COMMIT: Final = "c" * 40
OWNER: Final = "us:change"
ME: Final[dict[str, dict[str, Any]]] = {
    "gh": {"login": "github-actions[bot]", "type": "Bot"},
    "gitlab": {"id": 7},
}
_PAGE: Final = 100


def install(folder: Path, state: Path) -> None:
    """Put `gh` on a folder of PATH, and no comment yet into *state* but other people's."""
    folder.mkdir()
    scripts = {"gh": f'exec "{sys.executable}" "{__file__}" "$@"'}
    if shutil.which("unzip") is None:
        read = "import sys, zipfile; sys.stdout.buffer.write(zipfile.ZipFile(sys.argv[2]).read(sys.argv[3]))"
        scripts["unzip"] = f'exec "{sys.executable}" -c "{read}" "$@"'
    for name, line in scripts.items():
        (folder / name).write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
        (folder / name).chmod(0o755)
    others = [
        {
            "id": number,
            "body": f"<!-- costack-preview: local -->\nfake {number}",
            "user": {"type": "Bot", "login": "another[bot]"}
            if number % 2
            else {"type": "User", "login": "u"},
            "author": {"id": 1},
        }
        for number in range(1, 151)
    ]
    pulls = [{"number": 12, "head": {"sha": COMMIT}}]
    write(state, {"comments": others, "asked": [], "artefact": None, "pulls": pulls})


def write(state: Path, kept: dict[str, Any]) -> None:
    """Keep *kept* as what the host knows."""
    state.write_text(json.dumps(kept), encoding="utf-8")


def known(state: Path) -> dict[str, Any]:
    """What the host knows."""
    found: dict[str, Any] = json.loads(state.read_text(encoding="utf-8"))
    return found


def upload(state: Path, text: str | None, status: str = "success") -> None:
    """Keep *text* as the artefact of the untrusted job, or none, and how that job ended."""
    write(state, known(state) | {"artefact": text, "status": status})


def mine(state: Path) -> list[dict[str, Any]]:
    """The comments that a workflow wrote."""
    return [each for each in known(state)["comments"] if each["id"] > 1000]


def asked(state: Path) -> list[str]:
    """Every request, as method and path."""
    found: list[str] = known(state)["asked"]
    return found


class Host:
    """Comments of one pull request."""

    def __init__(self, file: Path) -> None:
        self.file, self.kept = file, known(file)

    def answer(self, method: str, path: str, body: str, author: dict[str, Any]) -> list[dict[str, Any]]:
        """Do what is asked; all comments are the answer."""
        self.kept["asked"].append(f"{method} {path}")
        comments: list[dict[str, Any]] = self.kept["comments"]
        if method == "POST":
            comments.append({"id": 1001 + len(comments), "body": body, "user": author, "author": author})
        elif method != "GET":
            number = int(path.rpartition("/")[2])
            (found,) = (each for each in comments if each["id"] == number)
            assert found["author"] == author, "only one's own can be changed"
            found["body"] = body
        write(self.file, self.kept)
        return comments


def gh(arguments: list[str]) -> None:
    """`gh api`, as far as the example goes."""
    assert os.environ["GH_TOKEN"] == TOKEN
    assert arguments.pop(0) == "api"
    method, path, body, jq, fields = "GET", "", "", "", {}
    while arguments:
        word = arguments.pop(0)
        if word == "--method":
            method = arguments.pop(0)
        elif word == "--jq":
            jq = arguments.pop(0)
        elif word == "--raw-field":
            name, _, fields[name] = arguments.pop(0).partition("=")
        elif word == "--field":
            name, _, file = arguments.pop(0).partition("=@")
            assert name == "body"
            body = Path(file).read_text(encoding="utf-8")
        elif word not in ("--paginate", "--silent"):
            path = word
    host = Host(Path(os.environ[STATE]))
    if path.endswith("/zip"):
        sys.stdout.buffer.write(_zipped(host.kept["artefact"]))
        return
    if path.endswith("/artifacts"):
        kept = [] if host.kept["artefact"] is None else [{"name": "cost-preview", "id": 5}]
        answer: Any = {"artifacts": kept}
    elif (told := _about_merges(host.kept, path, fields)) is not None:
        answer = told
    elif path.endswith("/pulls"):
        assert fields == {"state": "open", "head": OWNER}
        answer = host.kept["pulls"]
    else:
        answer = host.answer(method, path, body, ME["gh"])
    if jq:
        sys.stdout.write(_queried(jq, answer))


def _about_merges(kept: dict[str, Any], path: str, fields: dict[str, str]) -> Any:
    """What was deployed, who merged what, and who approved it; None for any other question."""
    if path.endswith("/update.yml/runs"):
        assert fields == {"branch": "main", "status": "success"}
        return {"workflow_runs": [{"head_sha": each} for each in kept.get("deployed", [])]}
    if "/commits/" in path:
        return kept["merged"].get(path.split("/")[-2], [])
    return kept["reviews"].get(path.split("/")[-2], []) if path.endswith("/reviews") else None


def _zipped(text: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("comment.md", text)
        archive.writestr("another.md", "not asked for")
    return packed.getvalue()


def _queried(jq: str, answer: Any) -> str:
    """What the real jq says, where it is; gh has one built in."""
    if shutil.which("jq"):
        done = subprocess.run(
            ["jq", "-rc", jq], input=json.dumps(answer), capture_output=True, text=True, check=True
        )
        return done.stdout
    if "workflow_runs" in jq:
        found = [each["head_sha"] for each in answer["workflow_runs"][:1]] or [""]
    elif "merged_at" in jq:
        known = [each for each in answer if each["merged_at"] and each["base"]["ref"] == os.environ["BRANCH"]]
        found = [
            json.dumps(
                {"number": each["number"], "author": each["user"]["login"], "commit": each["head"]["sha"]}
            )
            for each in known
        ]
    elif "commit_id" in jq:
        found = [
            json.dumps({"by": each["user"]["login"], "state": each["state"], "commit": each["commit_id"]})
            for each in answer
        ]
    elif "artifacts" in jq:
        found = [each["id"] for each in answer["artifacts"]]
    elif "head.sha" in jq:
        found = [each["number"] for each in answer if each["head"]["sha"] == os.environ["COMMIT"]]
    else:
        marker, login = os.environ["MARKER"], ME["gh"]["login"]
        own = (each for each in answer if each["user"]["login"] == login)
        found = [each["id"] for each in own if each["body"].startswith(marker)]
    return "".join(f"{each}\n" for each in found)


@contextmanager
def gitlab(state: Path) -> Iterator[str]:
    """A GitLab on loopback, as far as the example goes; its address is given."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            assert self.headers["PRIVATE-TOKEN"] == TOKEN
            length = int(self.headers.get("Content-Length") or 0)
            fields = parse_qs(self.rfile.read(length).decode())
            status, data, following = _of_gitlab(
                state, self.command, self.path, "".join(fields.get("body", ()))
            )
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.send_header("X-Next-Page", following)
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = _answer  # noqa: N815 - as http.server calls them

        def log_message(self, *_: object) -> None:
            """Nothing: what was asked is in the state."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/api/v4"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _of_gitlab(state: Path, method: str, address: str, body: str) -> tuple[int, bytes, str]:
    """Status, content and number of the next page."""
    parts, kept = urlsplit(address), known(state)
    path = parts.path.removeprefix("/api/v4")
    one = {"iid": 12, "sha": kept["pulls"][0]["head"]["sha"]} if kept["pulls"] else {}
    pipeline = {"id": 9, "project_id": 4, "sha": COMMIT}
    jobs = [{"id": 1, "name": "lint", "status": "success"}]
    jobs.append({"id": 2, "name": "cost preview", "status": kept.get("status")})
    answers: dict[str, Any] = {
        "/user": ME["gitlab"],
        "/projects/3/merge_requests": [one] if one else [],
        "/projects/3/merge_requests/12": one | {"head_pipeline": pipeline},
        "/projects/4/pipelines/9/jobs": jobs,
    }
    for sha, merged in kept.get("merged", {}).items():
        answers[f"/projects/3/repository/commits/{sha}/merge_requests"] = merged
    for number, given in kept.get("approvals", {}).items():
        answers[f"/projects/3/merge_requests/{number}/approvals"] = {"approved_by": given}
    updates = [{"name": "update", "ref": "main", "commit": {"id": each}} for each in kept.get("deployed", [])]
    answers["/projects/3/jobs"] = [{"name": "lint", "ref": "main", "commit": {"id": "0" * 40}}, *updates]
    if path.endswith("/merge_requests") and "/commits/" in path and path not in answers:
        return 200, b"[]", ""
    if path in answers:
        return 200, json.dumps(answers[path]).encode(), ""
    if path.endswith("/artifacts/cost-preview/comment.md"):
        assert path.startswith("/projects/4/jobs/2/")
        text = kept["artefact"]
        return (404, b"", "") if text is None else (200, text.encode(), "")
    comments = Host(state).answer(method, path, body, ME["gitlab"])
    page = int(parse_qs(parts.query).get("page", ["1"])[0])
    shown = comments[_PAGE * (page - 1) : _PAGE * page]
    return 200, json.dumps(shown).encode(), str(page + 1) if len(comments) > _PAGE * page else ""


if __name__ == "__main__":
    gh(sys.argv[1:])
