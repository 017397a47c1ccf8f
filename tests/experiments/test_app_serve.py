"""The server of the app: who may connect, how much may be sent, what it hands out, how it ends."""

from __future__ import annotations

import asyncio
import http.client
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from donorlab.experiments.app import serve
from donorlab.experiments.arguments import InputError, defaults, parse
from experiments.conftest import Shell
from experiments.serving import app_server

pytest.importorskip("panel")


def keys(*words: str) -> dict[str, Any]:
    return serve.checked(parse("app", list(words)).experiment)


# ---------------------------------------------------------------------- what is asked
def test_it_listens_on_this_machine_alone_unless_asked_otherwise() -> None:
    assert defaults("app")["address"] == "127.0.0.1"
    assert "Only this machine" in serve.whom("127.0.0.1", [])
    assert "open it as 10.0.0.7:5006, without a password" in serve.whom("0.0.0.0", ["10.0.0.7:5006"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["port=70000"], "port: '70000' is not a whole number from 0 to 65535"),
        (["port=x"], "port: 'x' is not a whole number"),
        (["sessions=0"], "sessions: '0' is not a whole number from 1 to 500"),
        (["memory_mb=1"], "memory_mb: '1' is not a whole number from 16 to 8000"),
        (["address=example.org"], "address: 'example.org' is no IP address"),
        (["address=0.0.0.0"], "address: 0.0.0.0 lets other machines in; say which names"),
        (["origins=[*]"], "origins: '*' is no HOST"),
        (["origins=[http://a.org]"], "origins: 'http://a.org' is no HOST"),
    ],
)
def test_a_wrong_key_is_one_line(words: list[str], message: str) -> None:
    with pytest.raises(InputError) as error:
        keys(*words)
    assert message in error.value.format_message()


def test_the_command_refuses_levers(shell: Shell) -> None:
    done = shell("app", "overhead=0.1")
    assert done.exit_code == 2
    assert done.output.count("\n") == 1
    assert "overhead: the app has no such key" in done.output


def test_without_panel_one_line_says_what_to_install(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "panel", None)
    done = shell("app", "open=false")
    assert done.exit_code == 2
    assert "pip install 'donorlab[app]'" in done.output


def test_origins_are_listed() -> None:
    assert serve.origins(keys(), 5006) == ["127.0.0.1:5006", "localhost:5006"]
    there = keys("address=0.0.0.0", "origins=[10.0.0.7,class.example.org:80]")
    assert serve.origins(there, 5006) == ["0.0.0.0:5006", "10.0.0.7:5006", "class.example.org:80"]
    assert serve.origins(keys("address=::1"), 5006) == ["[::1]:5006", "localhost:5006"]


def test_a_port_that_is_taken_is_one_line(shell: Shell) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = shell("app", "open=false", f"port={taken.getsockname()[1]}")
    assert done.exit_code == 2
    assert "is taken; give another one" in done.output


# ---------------------------------------------------------------------- a running one
@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with app_server("sessions=3") as address:
        yield address


def status(server: str, path: str, method: str = "GET", body: bytes = b"", **headers: str) -> int:
    where = urllib.parse.urlsplit(server)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=60)
    try:
        connection.request(
            method, path, body=body or None, headers={name.replace("_", "-"): value for name, value in headers.items()}
        )
        return connection.getresponse().status
    except (ConnectionError, http.client.BadStatusLine):
        return 0  # closed on us
    finally:
        connection.close()


UPGRADE = {
    "Upgrade": "websocket", "Connection": "Upgrade", "Sec_WebSocket_Version": "13", "Sec_WebSocket_Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}  # fmt: skip


def test_a_page_from_elsewhere_cannot_connect(server: str) -> None:
    own = urllib.parse.urlsplit(server).netloc
    assert status(server, "/ws", **UPGRADE, Origin="http://evil.example.org") == 403
    assert status(server, "/ws", **UPGRADE, Origin=f"http://{own}") != 403


def test_a_body_that_is_too_large_is_not_read(server: str) -> None:
    assert status(server, "/", "POST", b"x" * (serve.BODY_MOST + 1)) in (0, 400, 413)
    assert status(server, "/", "POST", b"x") == 405


@pytest.mark.parametrize(
    "path", ["/export/../../etc/passwd", "/export/x/donorlab-report.html", f"/export/{'A' * 32}/donorlab-report.html"]
)
def test_nothing_is_handed_out_but_what_was_made(server: str, path: str) -> None:
    assert status(server, path) == 404


@pytest.mark.parametrize("path", ["/admin", "/rest/session_info", "/liveness", "/static/../pyproject.toml"])
def test_no_other_room_is_open(server: str, path: str) -> None:
    assert status(server, path) in (403, 404)


def test_a_wrong_address_opens_the_page_all_the_same(server: str) -> None:
    assert status(server, "/?scenario=%3Cscript%3E") == 200
    assert status(server, f"/?x={'y' * 5000}") == 200


def test_no_page_names_a_server_but_this_one(server: str) -> None:
    text = urllib.request.urlopen(server, timeout=60).read().decode()
    found = [part.split('"')[0] for part in text.split('src="')[1:] + text.split('href="')[1:]]
    assert found
    assert [one for one in found if "//" in one.replace(server, "")] == []


def test_only_so_many_pages_can_be_open(server: str) -> None:
    seen = [b"DonorLab is full" in urllib.request.urlopen(server, timeout=60).read() for _ in range(4)]
    assert seen[-1]


def test_it_ends_when_it_is_told_to() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = "from donorlab.experiments.command import program; program()"
    words = [sys.executable, "-u", "-c", program, "app", "open=false", f"port={port}"]
    started = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert started.stdout is not None
    assert "Getting ready" in started.stdout.readline()
    assert f"http://127.0.0.1:{port}/" in started.stdout.readline()
    assert "Only this machine can reach it" in started.stdout.readline()
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=60).close()
            break
        except OSError:
            continue
    started.terminate()
    text, _ = started.communicate(timeout=60)
    assert "Traceback" not in text
    assert started.returncode in (0, 143)


# ---------------------------------------------------------------------- what all pages share
def test_an_address_is_read_as_data_and_not_without_end() -> None:
    from donorlab.experiments.app import hall

    assert hall.query("?scenario=toy&overhead=0.1") == {"scenario": ["toy"], "overhead": ["0.1"]}
    assert hall.query("?" + "a" * 5000) == {"address": ["too long"]}
    assert hall.query("?" + "&".join(f"k{number}=1" for number in range(200))) == {"address": ["too many keys"]}
    assert hall.query("") == {}


def test_an_export_has_one_name_and_an_address_nobody_can_guess(tmp_path: Path) -> None:
    from donorlab.experiments.app import hall

    room = hall.Hall()
    try:
        addresses = set()
        for number in range(hall.EXPORTS_MOST + 3):
            path = tmp_path / f"{number}.html"
            path.write_text("<p>x</p>")
            addresses.add(room.export(path))
        assert len(addresses) == hall.EXPORTS_MOST + 3
        assert all(one.endswith(f"/{hall.EXPORT}") and len(one.split("/")[2]) == 32 for one in addresses)
        assert len(list(tmp_path.iterdir())) == hall.EXPORTS_MOST  # the oldest are gone
    finally:
        room.close()


@pytest.mark.parametrize(
    ("message", "heard"),
    [
        ({"name": "seed", "value": "3"}, True),
        ({"name": "seed", "value": 3}, False),
        ({"name": "seed"}, False),
        ({"name": "seed", "value": "3", "more": "x"}, False),
        ({"name": "x" * 61, "value": ""}, False),
        ({"name": "x", "value": "y" * 121}, False),
        ("seed=3", False),
        (None, False),
    ],
)
def test_a_message_is_a_name_and_a_value(message: object, heard: bool) -> None:
    from donorlab.experiments.app.live import told

    said: list[tuple[str, str]] = []
    assert told(message, lambda name, value: said.append((name, value))) is heard
    assert bool(said) is heard


def test_a_report_is_made_of_checked_words_alone(tmp_path: Path) -> None:
    from donorlab.experiments.app import exports
    from donorlab.experiments.app.choices import Choice

    made, page = exports.commands(Choice(changes=(("overhead", 0.1),)), tmp_path)
    assert made[:2] == ["compare", "toy"]
    assert "overhead=0.1" in made
    assert page == ["report", str(tmp_path / "compare"), f"out={tmp_path / 'page'}", "names=false"]


def test_a_report_that_fails_is_told_in_a_line_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from donorlab.experiments.app import exports
    from donorlab.experiments.app.choices import Choice

    monkeypatch.setattr(exports, "commands", lambda *_: [["compare", "no-such-world"], []])
    said: list[str] = []
    with pytest.raises(InputError) as error:
        asyncio.run(exports.made(Choice(), tmp_path / "one", False, said.append))
    assert "no-such-world" in error.value.format_message()
    assert said == ["Making the runs …"]
    assert list(tmp_path.iterdir()) == []
