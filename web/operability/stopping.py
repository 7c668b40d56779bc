"""Serve with waitress and stop without hurry: readiness fails first, nobody gets in, what runs is finished.

SIGTERM and SIGINT do the same. `BANGVANG_STOP_DELAY` seconds pass between failing readiness and closed door,
time for a balancer to look; after STOP_SECONDS the process goes whatever still runs.
"""

from __future__ import annotations

import select
import signal
import socket
import threading
import time
from typing import Any

import structlog
import waitress
from flask import Flask
from waitress import wasyncore

from web.operability import health

STOP_SECONDS = 30.0
LOOK = 0.05  # seconds between two looks at what still runs
QUIET_LOOKS = 4  # in a row, before the last connection is given up

log = structlog.get_logger(__name__)


def serve(app: Flask, listening: socket.socket, threads: int) -> None:
    """Serve until a signal asks to stop; returns when everything that ran is answered."""
    server: Any = waitress.create_server(app, sockets=[listening], threads=threads, ident="bangvang")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    serving = threading.Thread(target=server.run, name="web", daemon=True)
    serving.start()
    while serving.is_alive() and not stop.wait(1.0):
        pass
    health.stop_accepting(app)
    log.info("stopping", delay=app.config["STOP_DELAY"])
    time.sleep(float(app.config["STOP_DELAY"]))
    # run by the serving thread: the door is closed between two looks at the connections
    server.trigger.pull_trigger(lambda: close_door(server))
    finished = wait_until_quiet(server)
    server.task_dispatcher.shutdown()
    log.info("stopped", finished=finished)


def close_door(server: Any) -> None:
    """Take in who has knocked already, then listen no more."""
    waiting = select.poll()
    waiting.register(server.socket, select.POLLIN)
    while waiting.poll(0):
        server.handle_accept()
    wasyncore.dispatcher.close(server)


def wait_until_quiet(server: Any) -> bool:
    """Wait until every request is answered to its last byte; return whether that came in time."""
    end, quiet = time.monotonic() + STOP_SECONDS, 0
    while quiet < QUIET_LOOKS and time.monotonic() < end:
        time.sleep(LOOK)
        quiet = 0 if is_busy(server) else quiet + 1
    return quiet >= QUIET_LOOKS


def is_busy(server: Any) -> bool:
    """Tell whether a connection is in the middle of a request or an answer."""
    channels = list(server.active_channels.values())
    return any(channel.requests or channel.request or channel.total_outbufs_len for channel in channels)
