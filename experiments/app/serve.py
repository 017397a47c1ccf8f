"""``donorlab app``: one local web application, on this machine alone unless asked otherwise.

What a browser may send is small, and read as data: an address of the page, and messages of a name and a value. There are limits on
sessions, on the size of a request and of a message; who may connect is listed; nothing is loaded from elsewhere.
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import re
import signal
import socket
import webbrowser
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from donorlab.experiments import tables
from donorlab.experiments.arguments import InputError, parse

if TYPE_CHECKING:
    from panel.io.server import Server

BODY_MOST: Final = 64 * 1024
"""Bytes of a request, and of a message of a browser: nothing that a page sends is longer."""
SESSIONS_MOST: Final = 500
MEMORY_MOST: Final = 8_000
UNUSED_MS: Final = 20_000  # a session that nobody looks at any more is ended after so long
_HOST: Final = re.compile(r"[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?|\[[0-9a-fA-F:]{2,45}\](:[0-9]{1,5})?")


def run(words: Sequence[str]) -> None:
    """Carry out ``donorlab app WORDS``."""
    arguments = parse("app", list(words))
    if arguments.overrides:
        raise InputError(
            f"{arguments.overrides[0].partition('=')[0]}: the app has no such key; scenario and levers are set in the page"
        )
    keys = checked(arguments.experiment)
    needed()
    from donorlab.experiments.app import hall

    screen = tables.console()
    opened = hall.Hall(sessions=keys["sessions"], memory_mb=keys["memory_mb"])
    server = started(opened.pages(), keys, opened.routes())
    screen.print(
        "Getting ready; the first start of all compiles the model, which takes a minute or two.", highlight=False
    )
    opened.warm()
    port = server.port or keys["port"]
    address = f"http://{_written(keys['address'])}:{port}/"
    screen.print(f"DonorLab is open at {address} (Ctrl-C ends it)", soft_wrap=True, highlight=False)
    screen.print(whom(keys["address"], origins(keys, port)), soft_wrap=True, highlight=False)
    server.io_loop.add_callback(opened.warm_further)
    if keys["open"]:
        webbrowser.open(address)
    try:
        until_told(server)
    finally:
        opened.close()


def until_told(server: Server) -> None:
    """Serve until Ctrl-C or SIGTERM: the ordinary end, after which nothing is left of the pages."""
    loop = server.io_loop
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: loop.add_callback_from_signal(loop.stop))
    server.start()
    loop.start()
    server.stop(wait=False)


def checked(keys: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys of the command, checked.

    Raises
    ------
    InputError
        In one line, if one is impossible, or others may reach the page and who may is not said.
    """
    found = dict(keys)
    for name, low, high in (("port", 0, 65_535), ("sessions", 1, SESSIONS_MOST), ("memory_mb", 16, MEMORY_MOST)):
        value = found[name]
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise InputError(f"{name}: '{value}' is not a whole number from {low} to {high}")
    try:
        address = ipaddress.ip_address(str(found["address"]))
    except ValueError:
        raise InputError(
            f"address: '{found['address']}' is no IP address of this machine, such as 127.0.0.1 or 0.0.0.0"
        ) from None
    found["address"] = str(address)
    for origin in found["origins"]:
        if not isinstance(origin, str) or not _HOST.fullmatch(origin):
            raise InputError(f"origins: '{origin}' is no HOST or HOST:PORT, such as class.example.org:5006")
    if not address.is_loopback and not found["origins"]:
        raise InputError(
            f"address: {address} lets other machines in; say which names they will use, such as origins=[192.168.1.20:5006]"
        )
    return found


def whom(address: str, listed: Sequence[str]) -> str:
    """Return who can reach the page.

    Parameters
    ----------
    address : where it listens
    listed : from which pages a connection is taken
    """
    if ipaddress.ip_address(address).is_loopback:
        return f"Only this machine can reach it: it listens on {address}. No data leave the machine."
    return (
        f"It listens on {address}: whoever reaches this machine can open it as {' or '.join(listed)}, without a password. "
        "Nothing is encrypted."
    )


def needed() -> None:
    """Check that all packages are there.

    Raises
    ------
    InputError
        If one is not installed; the message says what to do.
    """
    try:
        import bokeh  # noqa: F401
        import panel  # noqa: F401
    except ImportError:
        raise InputError("app: panel is not installed; install the extra (pip install 'donorlab[app]')") from None


def origins(keys: Mapping[str, Any], port: int) -> list[str]:
    """Return from which pages a connection is taken: those of the address itself, and those that were named."""
    own = [f"{_written(keys['address'])}:{port}"]
    if ipaddress.ip_address(keys["address"]).is_loopback:
        own.append(f"localhost:{port}")
    return list(dict.fromkeys([*own, *(one if _has_port(one) else f"{one}:{port}" for one in keys["origins"])]))


def started(
    pages: Mapping[str, Callable[[], Any]], keys: Mapping[str, Any], routes: Sequence[tuple[Any, ...]] = ()
) -> Server:
    """Return the server, which listens but is not yet run.

    Parameters
    ----------
    pages : what makes a page, by its path
    keys : as `checked` returns them
    routes : further ones, of Tornado

    Raises
    ------
    InputError
        If the port is taken, or the address is not of this machine.
    """
    import panel as pn
    from panel.io.server import get_server

    from donorlab.experiments.app import turns

    pn.extension(console_output="disable", notifications=False)
    asyncio.set_event_loop(asyncio.new_event_loop())
    port = keys["port"] or _free(keys["address"])
    try:
        made = get_server(
            dict(pages),
            port=port,
            address=keys["address"],
            websocket_origin=origins(keys, port),
            title=dict.fromkeys(pages, "DonorLab"),
            show=False,
            start=False,
            extra_patterns=list(routes),
            http_server_kwargs={"max_buffer_size": BODY_MOST, "max_body_size": BODY_MOST},
            websocket_max_message_size=BODY_MOST,
            unused_session_lifetime_milliseconds=UNUSED_MS,
            check_unused_sessions_milliseconds=UNUSED_MS // 2,
        )
        turns.use(made.io_loop.asyncio_loop)  # type: ignore[attr-defined]
        return made
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise InputError(f"port: {port} is taken; give another one, or port=0 for any that is free") from None
        raise InputError(f"address: cannot listen on {keys['address']}:{port}: {error.strerror or error}") from None


def _free(address: str) -> int:
    """Return a port that is free now."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as one:
        try:
            one.bind((address, 0))
        except OSError as error:
            raise InputError(f"address: cannot listen on {address}: {error.strerror or error}") from None
        return int(one.getsockname()[1])


def _written(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _has_port(origin: str) -> bool:
    return bool(re.search(r":[0-9]{1,5}$", origin)) and not origin.endswith("]")
