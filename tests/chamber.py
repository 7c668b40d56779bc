"""A council of any size at work: the real process, forms and handlers, a pinned clock, no other diagram."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from engine import clock, deployments, forms, instances, tasks
from engine.actors import SYSTEM, Actor
from engine.handlers import Json
from engine.tables import Base, ProcessInstance, UserTask
from tests.chain import at
from workflows import HANDLERS, calendar, chains, councils, rules, story
from workflows.tables import (
    CouncilSession,
    CouncilVerdict,
    Nomination,
    Person,
    Proposal,
    Submission,
    SubmissionEntry,
    Unit,
)

Row = TypeVar("Row", bound=Base)
MORNING, MEETING, VOTING_ENDS = "2026-10-05 08:00", "2026-10-10T08:00+07:00", "2026-10-10T11:00+07:00"
PROFILE: dict[str, Any] = {
    "valid_from": "2026-01-01",
    "quorum_rule": "award_session",
    "substitutes": False,
    "decision_rule": "đa số",
    "seal": "dấu của đơn vị",
    "source": "dữ liệu kiểm thử",
    "verified": False,
}


def deploy(session: Session) -> None:
    """Deploy the council process with its forms, and the rules it reads."""
    session.info.update(handlers=HANDLERS, calendar=calendar.due_after, ballot_key=bytes(range(32)))
    paths = [chains.ROOT / "chung" / "council_session.bpmn"]
    paths += sorted((chains.ROOT / "chung").glob("*council*.form"))
    files = [(path.name, path.read_bytes()) for path in paths]
    rules.install(session)
    deployments.deploy(session, files, SYSTEM)


@dataclass
class Chamber:
    """One council with its nominees and one session under way."""

    session: Session
    size: int
    code: str = "HD"
    guests: int = 0
    profile: Mapping[str, Any] = field(default_factory=dict)
    started: ProcessInstance | None = None

    def __post_init__(self) -> None:
        """Make the people and the council: m1 presides, m2 is deputy, m3 keeps the minutes."""
        self.logins = [f"{self.code.lower()}.m{number}" for number in range(1, self.size + 1)]
        self.guest_logins = [f"{self.code.lower()}.g{number}" for number in range(1, self.guests + 1)]
        for login in (*self.logins, *self.guest_logins):
            self.add_person(login)
        roles = ["chair", "deputy", "secretary"]
        members = [
            {"login": login, "role": roles[index] if index < len(roles) else "member"}
            for index, login in enumerate(self.logins)
        ]
        members += [{"login": login, "role": "guest"} for login in self.guest_logins]
        row = {
            "code": self.code,
            "unit_code": self.unit().code,
            "name": f"Hội đồng {self.code}",
            "founded_by": "Quyết định thành lập",
            "founded_on": "2026-01-01",
            "profiles": [{**PROFILE, **self.profile}],
            "members": [
                {**one, "valid_from": "2026-01-01", "source": "Quyết định thành lập"} for one in members
            ],
        }
        self.council = councils.members.add(self.session, row)

    def unit(self) -> Unit:
        """Return the unit of the council, a department."""
        found = self.session.scalar(select(Unit).where(Unit.code == "SX"))
        if found is None:
            found = Unit(code="SX", name="Sở X", short_name="Sở X", kind="department", parent_code=None)
            self.session.add(found)
            self.session.flush()
        return found

    def add_person(self, login: str, gender: str = "") -> None:
        """Add a person of the unit."""
        self.unit()
        self.session.add(Person(login=login, name=login.upper(), position="", unit_code="SX", gender=gender))
        self.session.flush()

    def nominate(
        self,
        form: str,
        count: int = 1,
        kind: str = "individual",
        women: Sequence[int] = (),
        movement: str = "",
    ) -> list[int]:
        """Add nominees for a form that wait at the unit in one submission; return their ids."""
        nominees = [add_nominee(self.session, form, kind, f"{kind} {self.code} {n}") for n in range(count)]
        for nominee in nominees:
            nominee.proposal.movement_code = movement
        submission = Submission(
            key=f"SX/{self.code}/{form}/{kind}/{nominees[0].id}",
            level="department",
            from_unit="PX",
            to_unit="SX",
            center="",
            period="2026-10",
            status="received",
            version=1,
            instance_id=0,
        )
        self.session.add(submission)
        self.session.flush()
        self.session.add_all(
            SubmissionEntry(submission_id=submission.id, nomination_id=one.id) for one in nominees
        )
        self.session.flush()
        self.submission = submission.id
        self.women = {nominees[index].id for index in women}
        return [one.id for one in nominees]

    def start(self, quota: Json = None, kind: str = "full") -> CouncilSession:
        """Start a session on the nominees of the last submission."""
        variables: dict[str, Json] = {
            "council": self.code,
            "session_title": f"Xét khen thưởng {self.code}",
            "submission": self.submission,
            "kind": kind,
            "quota": quota,
        }
        self.started = instances.start(self.session, "council_session", variables, SYSTEM, self.code)
        self.session.commit()
        return self.sitting

    @property
    def sitting(self) -> CouncilSession:
        """Return the newest session of the council."""
        query = select(CouncilSession).where(CouncilSession.council_id == self.council.id)
        return self.session.scalars(query.order_by(CouncilSession.id.desc()).limit(1)).one()

    def tasks(self, element: str) -> list[UserTask]:
        """Return the open tasks of an element of this session."""
        assert self.started is not None
        query = select(UserTask).where(
            UserTask.instance_id == self.started.id, UserTask.element == element, UserTask.status == "open"
        )
        return list(self.session.scalars(query.order_by(UserTask.id)))

    def do(self, login: str, element: str, rows: Mapping[str, Any] | None = None, **answers: Any) -> UserTask:
        """Complete a task with its form as shown; `rows` changes every row, or by id the rows it names."""
        actor = Actor(login)
        mine = [task for task in self.tasks(element) if tasks.may_act(task, actor)]
        task = mine[0] if mine else self.tasks(element)[0]
        values = story.read_form(self.session, task, actor) if mine else {}
        if rows is not None:
            shown = values.get("rows") or tasks.form_context(self.session, task, actor).get("rows", [])
            by_id = {key: value for key, value in rows.items() if isinstance(value, Mapping)}
            common = {key: value for key, value in rows.items() if not isinstance(value, Mapping)}
            values["rows"] = [{**row, **common, **by_id.get(row["id"], {})} for row in shown]
        done = tasks.complete(self.session, task.id, {**values, **answers}, actor)
        self.session.commit()
        return done

    # the steps that most tests share

    def convene(self, ballot: str = "open", **answers: Any) -> None:
        """Let the secretary invite to the meeting."""
        flags = {str(nominee): {"women_first": True} for nominee in self.women}
        given = {"meets_at": MEETING, "place": "Phòng họp 1", "agenda": "Xét khen thưởng", **answers}
        self.do(self.secretary, "convene", flags, ballot=ballot, **given)

    @property
    def secretary(self) -> str:
        """Return who keeps the minutes."""
        return self.logins[min(2, self.size - 1)] if self.size >= 3 else self.logins[0]

    def reply(self, login: str, answer: str, choice: str | Mapping[int, str] = "yes") -> None:
        """Let a member answer the invitation, with the votes when they are given in writing."""
        extra: dict[str, Any] = {} if answer == "coming" else {"reason": "Đi công tác"}
        rows = choose(choice) if answer == "written" else None
        self.do(login, "reply", rows, answer=answer, **extra)

    def meet(self, absent: Sequence[str] = (), moment: str = "2026-10-10 08:05", **others: Any) -> None:
        """Come to the meeting: whoever has not answered by its time is asked no more; record who is there."""
        self.move(moment)
        rows: dict[str, Any] = {"status": "present"}
        for row in self.shown("record_attendance")["rows"]:
            login = self.login_of(int(row["id"]))
            if login in absent:
                rows[row["id"]] = {"status": "absent", "reason": "Đi công tác"}
            if login in others:
                rows[row["id"]] = others[login]
        self.do(self.secretary, "record_attendance", rows)

    def move(self, moment: str) -> None:
        """Move the clock on; timers due on the way fire at their times."""
        story.fire_due(self.session, at(moment))
        clock.pin(at(moment))
        self.session.commit()

    def shown(self, element: str) -> dict[str, Any]:
        """Return what the form of the oldest open task of an element shows, context and values."""
        task = self.tasks(element)[0]
        actor = Actor(task.assignee or task.candidate_groups[0].group_name.removeprefix("user:"))
        context = tasks.form_context(self.session, task, actor)
        schema = deployments.form(self.session, task.form_id or "")
        return {**context, **dict(forms.defaults(schema, context))}

    def login_of(self, member: int) -> str:
        """Return the login of a member."""
        return next(one.login for one in self.council.members if one.id == member)

    def open_voting(self) -> None:
        """Let the secretary open the vote."""
        self.do(
            self.secretary, "open_voting", criteria_read=True, closes_at=VOTING_ENDS, discussion="Nhất trí"
        )

    def vote(self, login: str, choice: str | Mapping[int, str] = "yes") -> UserTask:
        """Let a member vote, the same on every nominee or by nominee."""
        return self.do(login, "vote", choose(choice))

    def close(self, **answers: Any) -> None:
        """Let the secretary close the vote and count."""
        tellers = [self.shown("close_voting")["people"][0]["value"]]
        self.do(self.secretary, "close_voting", **{"tellers": tellers, "reason": "Đã đủ phiếu", **answers})

    def sign(self) -> None:
        """Let secretary and presider sign the minutes."""
        self.do(self.secretary, "record_minutes")
        self.do(self.sitting.presider or self.logins[0], "sign_minutes", decision="sign")

    def verdict(self, nominee: int) -> CouncilVerdict:
        """Return the verdict on a nominee."""
        found = councils.verdicts(self.session, self.sitting.id)
        return next(verdict for verdict in found if verdict.nomination_id == nominee)


def hold(chamber: Chamber, yes: int, ballot: str = "open") -> None:
    """Hold a meeting where all come and the first so many vote yes."""
    chamber.convene(ballot)
    chamber.meet()
    chamber.open_voting()
    for index, login in enumerate(chamber.logins):
        chamber.vote(login, "yes" if index < yes else "no")
    chamber.close()


def choose(choice: str | Mapping[int, str]) -> dict[str, Any]:
    """Return the choices as changes of the rows of a ballot."""
    if isinstance(choice, str):
        return {"choice": choice}
    return {str(nominee): {"choice": chosen} for nominee, chosen in choice.items()}


def add_nominee(session: Session, form: str, kind: str, subject: str) -> Nomination:
    """Add a nominee that waits at the department."""
    office = session.scalar(select(Proposal).where(Proposal.key == "PX/test"))
    if office is None:
        office = make(Proposal, key="PX/test", office="PX", period="2026-10", status="submitted")
        session.add(office)
        session.flush()
    nominee = make(
        Nomination,
        proposal_id=office.id,
        subject_kind=kind,
        subject=subject,
        form=form,
        status="open",
        level="department",
        since=clock.now(),
        answers={},
        precheck={},
        unit_code="SX",
    )
    session.add(nominee)
    session.flush()
    return nominee


def make(table: type[Row], **values: Any) -> Row:
    """Return a row whose other columns are empty."""
    empty: Mapping[type, Any] = {str: "", int: 0, bool: False}
    needed = [c for c in inspect(table).columns if not c.nullable and c.default is None]
    blank = {c.name: empty[c.type.python_type] for c in needed if c.name not in values and not c.primary_key}
    return table(**blank, **values)
