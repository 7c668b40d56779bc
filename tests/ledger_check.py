"""Compare what was acknowledged under kills with what the database says afterwards: lost, doubled, stuck."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import Engine, or_, select
from sqlalchemy.orm import Session

from engine import clock, queue_tables
from engine.tables import HistoryEvent, Incident, Job, Message, ProcessInstance, Timer, UserTask
from tests.errands import OPERATOR, PROCESS, TYPE, Ledger
from tests.integration.queue_places import UPKEEP
from web.api import keys
from web.tables import IdempotentRequest
from workflows import HANDLERS
from workflows.tables import AwardDecision, Book, Submission

# What every errand goes through, once.
LIFE = ("instance.started", "timer.fired", "job.completed", "task.completed", "message.correlated")
SOON = timedelta(minutes=1)
JOBS = queue_tables.JOBS.c


def is_at_rest(engine: Engine) -> bool:
    """Tell whether no errand is under way and the queue holds nothing that is due soon."""
    with Session(engine) as session:
        soon = or_(JOBS.scheduled_at.is_(None), JOBS.scheduled_at < clock.now() + SOON)
        due = select(JOBS.id).where(JOBS.status.in_(("todo", "doing")), JOBS.task_name.not_in(UPKEEP), soon)
        active = select(ProcessInstance.id).where(
            ProcessInstance.process_id == PROCESS, ProcessInstance.status == "active"
        )
        return session.scalar(due.limit(1)) is None and session.scalar(active.limit(1)) is None


def compare(engine: Engine, ledger: Ledger) -> list[str]:
    """Return what is wrong, in words; nothing when the kills were not noticed by anybody."""
    with Session(engine) as session:
        checks = (_starts, _lives, _jobs, _messages, _keys, _numbers, _queue, _incidents, _tasks)
        return [problem for check in checks for problem in check(session, ledger)]


def _starts(session: Session, ledger: Ledger) -> Iterator[str]:
    rows = session.execute(
        select(ProcessInstance.business_key, ProcessInstance.id).where(ProcessInstance.process_id == PROCESS)
    ).all()
    found: dict[str, list[int]] = defaultdict(list)
    for name, number in rows:
        found[name].append(number)
    yield from (f"errand {name} was started {len(ids)} times" for name, ids in found.items() if len(ids) != 1)
    for name, key in ledger.starts.items():
        if found.get(name) != [keys.read("process_instance", key)]:
            yield f"errand {name} was acknowledged as {key}, there is {found.get(name)}"


def _lives(session: Session, _ledger: Ledger) -> Iterator[str]:
    """Compare the history of each errand with the one life there is."""
    rows = session.execute(
        select(HistoryEvent.instance_id, HistoryEvent.kind)
        .join(ProcessInstance, ProcessInstance.id == HistoryEvent.instance_id)
        .where(ProcessInstance.process_id == PROCESS)
    )
    lives: dict[int, Counter[str]] = defaultdict(Counter)
    for instance, kind in rows:
        lives[instance][kind] += 1
    for instance, seen in lives.items():
        wrong = {kind: seen[kind] for kind in (*LIFE, "instance.completed") if seen[kind] != 1}
        if wrong:
            yield f"errand of instance {instance}: {wrong}"


def _jobs(session: Session, ledger: Ledger) -> Iterator[str]:
    ended = Counter(
        data.get("job")
        for data in session.scalars(select(HistoryEvent.data).where(HistoryEvent.kind == "job.completed"))
        if data.get("job") is not None
    )
    acknowledged = Counter(ledger.jobs)
    yield from (
        f"job {job} ended {ended[job]} times, acknowledged {times} times"
        for job, times in acknowledged.items()
        if ended[job] != 1
    )
    yield from (f"job {job} ended {times} times" for job, times in ended.items() if times != 1)
    lost = session.scalars(select(Job.id).where(Job.type == TYPE, Job.status != "completed"))
    yield from (f"job {job} never ended" for job in lost)


def _messages(session: Session, ledger: Ledger) -> Iterator[str]:
    known = Counter(session.scalars(select(Message.correlation_key).where(Message.name == "paid")))
    for name in ledger.messages:
        if known[name] != 1:
            yield f"message {name} was acknowledged and is there {known[name]} times"


def _keys(session: Session, ledger: Ledger) -> Iterator[str]:
    kept = set(session.scalars(select(IdempotentRequest.key).where(IdempotentRequest.actor == OPERATOR)))
    yield from (f"the key of start {name} is lost" for name in ledger.starts if f"start {name}" not in kept)


def _numbers(session: Session, _ledger: Ledger) -> Iterator[str]:
    """Compare the books with the documents that carry their numbers: no gap, no duplicate."""
    used: dict[tuple[str, int], list[int]] = defaultdict(list)
    for submission in session.scalars(select(Submission).where(Submission.number.is_not(None))):
        year = submission.number_year or 0
        used[f"TTr-{submission.from_unit}", year].append(_leading(submission.number))
    for decision in session.scalars(select(AwardDecision)):
        used[f"QĐ-{decision.unit_code}", decision.number_year].append(_leading(decision.number))
    books = {(book.symbol, book.year): book.last_number for book in session.scalars(select(Book))}
    for register, numbers in used.items():
        if sorted(numbers) != list(range(1, books.get(register, 0) + 1)):
            yield f"register {register} is at {books.get(register)} and has {sorted(numbers)}"


def _leading(number: str | None) -> int:
    return int((number or "0").split("/")[0])


def _queue(session: Session, _ledger: Ledger) -> Iterator[str]:
    """Compare the queue with what waits in the engine: no job lost, none left behind, none given up."""
    rows = session.execute(
        select(JOBS.queueing_lock, JOBS.status, JOBS.task_name).where(JOBS.task_name.not_in(UPKEEP))
    ).all()
    yield from (f"queue job {row[0]} of {row[2]} is {row[1]}" for row in rows if row.status != "todo")
    queued = {row.queueing_lock for row in rows if row.status == "todo"}
    timers = session.scalars(select(Timer.id).where(Timer.status == "waiting"))
    wanted = {f"timer:{timer}" for timer in timers}
    ours = session.scalars(select(Job.id).where(Job.status == "open", Job.type.in_(HANDLERS)))
    wanted |= {f"job:{job}" for job in ours}
    yield from (f"{name} waits and is not in the queue" for name in sorted(wanted - queued))
    yield from (f"{name} is in the queue and nothing waits for it" for name in sorted(queued - wanted))


def _incidents(session: Session, _ledger: Ledger) -> Iterator[str]:
    found = session.scalars(select(Incident).where(Incident.status == "open"))
    yield from (f"incident of instance {one.instance_id} is open: {one.en}" for one in found)


def _tasks(session: Session, ledger: Ledger) -> Iterator[str]:
    """Look for a task that two people were told they had completed, and for those left open."""
    twice = Counter(ledger.acknowledged)
    yield from (f"task {task} was acknowledged {times} times" for task, times in twice.items() if times > 1)
    left = session.scalars(
        select(UserTask.id).where(UserTask.status == "open", UserTask.process_id == PROCESS)
    )
    yield from (f"task {task} of an errand is still open" for task in left)
