"""The commands that stay: pages and worker in one process, pages in many processes, a worker."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import click
from flask import Flask
from sqlalchemy import inspect

from engine import jobs, timers, worker
from engine.tables import ProcessInstance
from web import db
from web.cli_application import NOT_READY, inside_application, is_there
from web.operability import health, metrics, stopping, watching

THREADS = 8
STOP_SECONDS = 30  # for the requests that run when a web process is told to go
WORK = watching.watch(
    worker.Work(
        fire_timer=timers.fire,
        run_job=jobs.run,
        fail_job=jobs.fail,
        fail_timer=timers.fail,
        outside=worker.Outside(jobs.prepare, jobs.call, jobs.take),
    )
)
BUSY = (
    "Không mở được {host}:{port}; hãy chọn cổng khác bằng --port. / Cannot listen on {host}:{port}; choose "
    "another --port. ({error})"
)
HELD_CLOCK = (
    "BANGVANG_TEST_CLOCK chỉ giữ đồng hồ của một tiến trình; chưa có gì chạy. Hãy dùng `bangvang serve`. / "
    "BANGVANG_TEST_CLOCK holds the clock of one process only; nothing was started. Use `bangvang serve`."
)
FEW_CONNECTIONS = (
    "BANGVANG_POOL_SIZE={size} ít hơn số luồng ({threads}); chưa có gì chạy. Hãy tăng lên. / "
    "BANGVANG_POOL_SIZE={size} is less than the {threads} threads of a process; nothing started. Raise it."
)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True)
@inside_application
def serve(app: Flask, host: str, port: int) -> None:
    """Serve the pages, with the worker beside them in the same process."""
    ensure_ready()
    serve_forever(app, host, port)


@click.command()
@click.option("--workers", type=click.IntRange(1), default=2, show_default=True, help="Processes.")
@click.option(
    "--threads", type=click.IntRange(1), default=THREADS, show_default=True, help="Threads in each."
)
@click.option(
    "--bind",
    "places",
    multiple=True,
    default=("127.0.0.1:8000",),
    show_default=True,
    help="ADDRESS:PORT or unix:PATH.",
)
@inside_application
def web(app: Flask, workers: int, threads: int, places: Sequence[str]) -> None:
    """Serve the pages alone, in several processes (gunicorn); `bangvang worker` works beside them.

    SIGHUP takes the processes over into the program as it is installed now, SIGTERM ends them, both after
    the requests that run.
    """
    ensure_ready()
    if app.config["TEST_CLOCK"]:
        raise click.ClickException(HELD_CLOCK)
    size = app.config["SQLALCHEMY_ENGINE_OPTIONS"].get("pool_size", threads)
    if size < threads:
        raise click.ClickException(FEW_CONNECTIONS.format(size=size, threads=threads))
    db.db.engine.dispose()  # each process opens connections of its own
    metrics.share(Path(app.config["INSTANCE"]))
    # Not preloaded: nothing is shared after a fork, and SIGHUP loads the program anew.
    command = ["-m", "gunicorn", "--worker-class", "gthread", "--no-control-socket"]
    command += ["--workers", str(workers), "--threads", str(threads)]
    command += ["--graceful-timeout", str(STOP_SECONDS), "--name", "bangvang"]
    command += [word for place in places for word in ("--bind", place)]
    os.execv(sys.executable, [sys.executable, *command, "web.wsgi:app"])  # noqa: S606  gunicorn in our place


@click.command("worker")
@inside_application
def work(app: Flask) -> None:
    """Run due timers and jobs until interrupted."""
    ensure_ready()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: stop.set())
    try:
        worker.run(db.current_queue(), db.session_factory(), WORK, stop)
    except KeyboardInterrupt:
        stop.set()


def serve_forever(app: Flask, host: str, port: int) -> None:
    """Serve with waitress; the worker runs as a thread beside it and stops with it."""
    try:
        listening = socket.create_server((host, port))
    except OSError as error:
        raise click.ClickException(BUSY.format(host=host, port=port, error=error)) from error
    running = worker.start_thread(db.current_queue(), db.session_factory(), WORK)
    health.watch_worker(app, running)
    click.echo(f"http://{host}:{port}/")
    try:
        stopping.serve(app, listening, THREADS)
    finally:
        listening.close()
        worker.stop_thread(running)


def ensure_ready() -> None:
    """Refuse to go on with a database that was never made."""
    if not is_there() or not inspect(db.db.engine).has_table(ProcessInstance.__tablename__):
        raise click.ClickException(NOT_READY.format(error=db.db.engine.url))
