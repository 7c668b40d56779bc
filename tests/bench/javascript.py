"""Let npm `bpmn-engine` and our engine do the same eight user tasks, saving and resuming at every step.

Both hold the state as text between two tasks and nothing else; no database on either side. bpmn-engine is
fetched by npm into the user's cache folder at its first use; without node or network the part is left out
and says so.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from statistics import median

from sqlalchemy import create_engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from engine import clock, deployments, instances
from engine.actors import SYSTEM
from engine.spiff import state, stepping
from engine.spiff.compiling import Compiled
from engine.tables import Base
from tests.bench.figures import Figure, spend_in_turns
from tests.bench.rounds import _Nobody as Nobody
from tests.builders import a_process

PACKAGE = "bpmn-engine@25.0.1"
SUBJECT = "eight user tasks, saved and resumed at every step, processor time of a case"
STEPS = 8
REPEATS = 40
SECONDS = 180
SCRIPT = """
const {Engine} = require('bpmn-engine'), {EventEmitter} = require('events'), fs = require('fs');
const [source, repeats, steps] = [fs.readFileSync(0, 'utf8'), +process.argv[2], +process.argv[3]];
const save = async (engine) => { await engine.stop(); return JSON.stringify(await engine.getState()); };
const begin = () => new Promise((done, wrong) => {
  const listener = new EventEmitter(), engine = new Engine({name: 'bench', source});
  listener.once('activity.wait', () => setImmediate(() => done(engine)));
  engine.execute({listener}).catch(wrong);
});
const step = (saved) => new Promise((done, wrong) => {
  const listener = new EventEmitter(), engine = new Engine({name: 'bench'}).recover(JSON.parse(saved));
  let seen = 0;
  listener.on('activity.wait', (task) => {
    if (seen++) setImmediate(() => done(engine)); else task.signal({note: 'x'});
  });
  engine.once('end', () => done(null));
  engine.resume({listener}).catch(wrong);
});
(async () => {
  const spent = [];
  for (let round = 0; round <= repeats; round++) {
    const before = process.cpuUsage(), began = performance.now();
    let saved = await save(await begin()), completed = 0;
    for (;;) {
      const engine = await step(saved);
      completed++;
      if (!engine) break;
      saved = await save(engine);
    }
    if (completed !== steps) throw new Error(`${completed} tasks`);
    const used = process.cpuUsage(before);
    const wall = performance.now() - began;  // the lesser counts: node compiles in threads beside
    if (round) spent.push(Math.min(wall, (used.user + used.system) / 1000));
  }
  console.log(JSON.stringify(spent));
})();
"""


def build() -> tuple[str, bytes]:
    """Return the diagram of eight user tasks in a row: plain BPMN, which both engines read."""
    builder = a_process("eight", "Tám việc").start()
    for step in range(STEPS):
        builder.user_task(f"step{step}")
    return builder.end().file()


def fetch() -> Path | None:
    """Return the folder with the package, fetched when it is not there yet; None when it cannot be had."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "bangvang-bench" / PACKAGE.replace("@", "-")
    if (folder / "node_modules" / "bpmn-engine").exists():
        return folder
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    install = [
        npm,
        "install",
        "--prefix",
        str(folder),
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
        PACKAGE,
    ]
    try:
        found = subprocess.run(install, capture_output=True, timeout=SECONDS, cwd=folder)
    except subprocess.TimeoutExpired:
        return None
    return folder if found.returncode == 0 else None


def measure() -> list[Figure]:
    """Return milliseconds of a case of eight tasks on both engines."""
    folder = fetch()
    if folder is None:
        sys.stderr.write(f"NOT MEASURED: {PACKAGE} is not in the cache and npm could not fetch it\n")
        return []
    name, content = build()
    script = folder / "bench.cjs"
    script.write_text(SCRIPT, encoding="utf-8")
    times = json.loads(
        subprocess.run(
            ["node", str(script), str(REPEATS), str(STEPS)],
            input=content,
            capture_output=True,
            check=True,
            timeout=SECONDS,
        ).stdout
    )
    compiled, began = _start(name, content)
    (ours,) = spend_in_turns([lambda: _do(compiled, began)], REPEATS)
    mine, theirs = median(one.processor for one in ours), median(times)
    return [
        Figure(SUBJECT, "ours, loaded and saved 8 times", mine, "ms", theirs, f"npm {PACKAGE}", "≤ 0.067 ×")
    ]


def _start(name: str, content: bytes) -> tuple[Compiled, str]:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        deployments.deploy(session, [(name, content)], SYSTEM)
        instance = instances.start(session, "eight", {}, SYSTEM)
        found = deployments.compiled(session, instance), instance.state
    engine.dispose()
    return found


def _do(compiled: Compiled, saved: str) -> None:
    """Do the eight tasks from the text that was saved at the first."""
    for step in range(STEPS):
        game = state.load(compiled, saved, "active", Nobody(clock.now()))
        ((_kind, number),) = state.waits(game)
        token = game.token(number)
        assert token is not None
        stepping.finish(game, token, {"note": "x"})
        saved = state.dump(game)
        if bool(state.waits(game)) == (step == STEPS - 1):
            raise RuntimeError("the case is not where it should be")
