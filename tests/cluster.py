"""Several web nodes and workers on one PostgreSQL, started as in the README's recipe."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from contextlib import suppress
from itertools import cycle
from pathlib import Path
from urllib import request

from sqlalchemy import Engine, create_engine, text

from tests import databases
from tests.browsing import ROOT, START, command, free_port, make_demo

# Notes each run of a job of the queue, by the database's own hand: who ran it, from when to when.
RUNS = """
create table queue_run (job bigint, task text, worker bigint,
                        began timestamptz default clock_timestamp(), ended timestamptz);
create function note_run() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and new.status = 'doing' and old.status <> 'doing' then
    insert into queue_run (job, task, worker) values (new.id, new.task_name, new.worker_id);
  elsif old.status = 'doing' then
    update queue_run set ended = clock_timestamp() where job = old.id and ended is null;
  end if;
  return null;
end $$;
create trigger note_run after update or delete on procrastinate_jobs for each row execute function note_run();
"""


def read_recipe(name: str) -> list[str]:
    """Return the arguments of `bangvang` in the README's unit of a command."""
    found = re.search(
        rf"^ExecStart=\S+/bangvang ({name}\b.*)$", (ROOT / "README.md").read_text("utf-8"), re.M
    )
    assert found is not None, f"the README has no unit for bangvang {name}"
    return found[1].split()


class Cluster:
    """Web nodes and workers; a request goes to the next node, as behind a load balancer."""

    def __init__(self, folder: Path, nodes: int = 2, workers: int = 2, database: str = "") -> None:
        self.folder = folder
        self.database = database or databases.copy(make_demo("postgresql"), folder)
        self.environment = {**os.environ, **databases.settings(folder, self.database)}
        self.ports = [free_port() for _ in range(nodes)]
        self.turns = cycle(self.ports)
        self.workers = workers
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def base(self) -> str:
        """Return the address of the node whose turn it is."""
        return f"http://127.0.0.1:{next(self.turns)}"

    @property
    def names(self) -> list[str]:
        """Return the processes by name: web0, web1, worker0, …"""
        return [f"web{n}" for n in range(len(self.ports))] + [f"worker{n}" for n in range(self.workers)]

    def watch_queue(self) -> None:
        """Keep a record of the queue's runs from now on."""
        engine = self.open()
        with engine.begin() as connection:
            connection.execute(text(RUNS))
        engine.dispose()

    def open(self) -> Engine:
        """Open the database."""
        return create_engine(self.database)

    def start(self) -> None:
        """Start everything and wait until each node answers."""
        for name in self.names:
            self.launch(name)
        for port in self.ports:
            self.wait_for(port)

    def launch(self, name: str) -> None:
        """Start one process in a group of its own."""
        number = int(name[-1])
        arguments = read_recipe(name.rstrip("0123456789"))
        if arguments[0] == "web":  # two cores, and an address of the test's own
            ours = {"--workers": "1", "--threads": "4", "--bind": f"127.0.0.1:{self.ports[number]}"}
            for option, value in ours.items():
                arguments[arguments.index(option) + 1] = value
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                command(*arguments),
                env=self.environment,
                cwd=ROOT,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def wait_for(self, port: int) -> None:
        """Wait until a node answers."""
        end = time.monotonic() + START
        while time.monotonic() < end:
            with suppress(OSError), request.urlopen(f"http://127.0.0.1:{port}/sign-in", timeout=5):
                return
            time.sleep(0.05)
        raise RuntimeError(self.read_logs())

    def kill(self, name: str) -> None:
        """Kill a process with its children at once."""
        process = self.processes.pop(name)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop(self) -> list[int]:
        """Ask everything to stop, return the exit codes; what does not listen is killed."""
        for process in self.processes.values():
            process.terminate()
        codes = []
        for name in list(self.processes):
            with suppress(subprocess.TimeoutExpired):
                codes.append(self.processes[name].wait(40))
            self.kill(name)
        return codes

    def read_logs(self) -> str:
        """Return the end of what the processes printed."""
        logs = sorted(self.folder.glob("*.log"))
        return "\n".join(f"{path.name}: {path.read_text('utf-8', 'replace')[-1500:]}" for path in logs)
