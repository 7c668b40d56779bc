"""Read the memory of a served process after work: resident kilobytes from /proc, Linux only."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.bench import inbox, plain
from tests.bench.figures import Figure
from tests.browsing import Server, Visitor
from tests.site import close
from web import create_app

SUBJECT = "Memory of `bangvang serve` (web and worker in one process), SQLite, {open:,} open tasks"
LOOKS = 100
MB = 1024  # in kB


def measure(number: int) -> list[Figure]:
    """Return what the process holds after many looks at the inbox and tasks, beside what it began with."""
    if not Path("/proc/self/status").exists():
        sys.stderr.write("NOT MEASURED: memory, there is no /proc\n")
        return []
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder))
        server.load_demo()
        app = create_app({"BANGVANG_INSTANCE": folder, "BANGVANG_DATABASE_URL": server.database})
        try:
            plain.deploy(app)
            inbox.fill(app, number)
        finally:
            close(app)
        server.start()
        try:
            assert server.process is not None
            before = _resident(server.process.pid)
            visitor = Visitor(server.base, plain.WORKER)
            visitor.sign_in()
            waiting = visitor.tasks()
            for look in range(LOOKS):
                visitor.get(inbox.ADDRESS)
                visitor.get(f"/tasks/{waiting[look % len(waiting)]}")
            after = _resident(server.process.pid)
        finally:
            server.kill()
    name = f"after {2 * LOOKS} pages"
    return [Figure(SUBJECT.format(open=number), name, after, "MB", before, "after the start", "< 200 MB")]


def _resident(process: int) -> float:
    lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / MB
