"""The drill: a copy taken while people work is put back elsewhere, is whole, and goes on to its end."""

from __future__ import annotations

import subprocess
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from engine.tables import UserTask
from tests import databases
from tests.browsing import ROOT, Server, command
from tests.integration.test_kill import Script, check, wait_for_progress


def run(server: Server, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command in the surroundings of a server."""
    return subprocess.run(
        command(*arguments), env=server.environment, cwd=ROOT, capture_output=True, text=True, check=False
    )


def make_server(folder: Path) -> Server:
    """Return a server with a folder of its own."""
    folder.mkdir()
    return Server(folder)


def completed(server: Server) -> set[int]:
    """Return the tasks that a database knows as completed."""
    engine = create_engine(server.database)
    with Session(engine) as session:
        done = set(session.scalars(select(UserTask.id).where(UserTask.status == "completed")))
    engine.dispose()
    return done


def go_on(server: Server, done: set[int]) -> Script:
    """Start a restored server and let everybody finish what the copy holds."""
    server.start()
    heirs = Script(server)
    heirs.acknowledged = sorted(done)
    heirs.stop.set()
    heirs.sign_in()
    idle = 0
    while idle < 3:
        idle = 0 if heirs.round() else idle + 1
    return heirs


@pytest.fixture(params=[databases.IN_USE])  # on the other one, `make test-postgresql`
def offices(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Server, Server]]:
    """Give an office at work, and an empty place elsewhere."""
    here, there = make_server(tmp_path / "here"), make_server(tmp_path / "there")
    here.load_demo(request.param)
    there.use(databases.make(there.folder, request.param))
    yield here, there
    here.kill()
    there.kill()


def test_a_backup_of_a_living_office_goes_on_elsewhere(
    offices: tuple[Server, Server], tmp_path: Path
) -> None:
    here, there = offices
    here.start()
    script = Script(here)
    script.sign_in()
    worker = threading.Thread(target=script.run, daemon=True)
    worker.start()
    wait_for_progress(script, 6)
    before = set(script.acknowledged)

    saved = run(here, "backup", str(tmp_path / "office.zip"))
    wait_for_progress(script, 3)
    script.stop.set()
    worker.join(60)
    here.kill()
    restored, again = (run(there, "restore", str(tmp_path / "office.zip")) for _ in range(2))
    whole = completed(there)
    heirs = go_on(there, whole)

    assert saved.returncode == 0, saved.stderr
    assert "keys" in saved.stderr
    assert restored.returncode == 0, restored.stderr
    assert (again.returncode, "--to" in again.stderr) == (1, True)
    assert before <= whole <= set(script.acknowledged) | whole
    assert len(heirs.acknowledged) > len(whole), "nothing was left to do after the restore"
    problems = check(there, heirs)
    # a month of which the copy holds a part cannot be finished by a script that did not begin it
    assert [one for one in problems if "never got its answer" not in one] == []


def test_a_backup_that_was_changed_or_cut_restores_nothing(
    offices: tuple[Server, Server], tmp_path: Path
) -> None:
    here, there = offices
    path, changed, cut = tmp_path / "office.zip", tmp_path / "changed.zip", tmp_path / "cut.zip"
    run(here, "backup", str(path))
    with zipfile.ZipFile(path) as good, zipfile.ZipFile(changed, "w") as bad:
        largest = max(good.infolist(), key=lambda member: member.file_size).filename
        for member in good.infolist():
            content = good.read(member)
            bad.writestr(member.filename, content[:-1] + b"\0" if member.filename == largest else content)
    cut.write_bytes(path.read_bytes()[:-200])

    outcomes = [run(there, "restore", str(bad)) for bad in (changed, cut)]
    afterwards = run(there, "restore", str(path))

    assert [outcome.returncode for outcome in outcomes] == [1, 1]
    assert "was changed" in outcomes[0].stderr + outcomes[0].stdout or "thay đổi" in outcomes[0].stderr
    assert "Traceback" not in outcomes[0].stderr + outcomes[1].stderr
    assert afterwards.returncode == 0, afterwards.stderr


def test_a_backup_keeps_to_its_owner_and_overwrites_nothing(
    offices: tuple[Server, Server], tmp_path: Path
) -> None:
    here, _ = offices
    path = tmp_path / "office.zip"

    first, second = run(here, "backup", str(path)), run(here, "backup", str(path))

    assert (first.returncode, second.returncode) == (0, 1)
    assert path.stat().st_mode & 0o077 == 0
    assert sorted(left.name for left in tmp_path.glob("office*")) == ["office.zip"]
