"""The engine's tables.

Rows other than `process_instance.state` are an index of the state, so that nobody loads an instance to look.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from engine import sharding
from engine.audit import append_only
from engine.columns import Identity as Identity
from engine.columns import Json as Json
from engine.columns import UtcDateTime as UtcDateTime


class Base(DeclarativeBase):
    """The one metadata of all rooms."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UtcDateTime, str: Text}  # noqa: RUF012  SQLAlchemy reads it as a class attribute

    def __init_subclass__(cls, **options: Any) -> None:
        """Map a table, then let it carry the key it would be sharded by."""
        super().__init_subclass__(**options)
        sharding.carry(cast(Table, cls.__table__))


class Deployment(Base):
    """One act of deploying files together."""

    __tablename__ = "deployment"
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str]


class Resource(Base):
    """One file of a deployment, byte for byte."""

    __tablename__ = "resource"
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    deployment_id: Mapped[int] = mapped_column(ForeignKey("deployment.id"), index=True)
    name: Mapped[str]
    content: Mapped[bytes] = mapped_column(LargeBinary)
    sha256: Mapped[str] = mapped_column(index=True)


class ProcessDefinition(Base):
    """One version of one process."""

    __tablename__ = "process_definition"
    __table_args__ = (UniqueConstraint("process_id", "version"),)
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    process_id: Mapped[str]
    version: Mapped[int]
    name: Mapped[str]
    hash: Mapped[str]
    resource_id: Mapped[int] = mapped_column(ForeignKey("resource.id"))
    deployment_id: Mapped[int] = mapped_column(ForeignKey("deployment.id"), index=True)
    version_tag: Mapped[str | None]
    start_form_id: Mapped[str | None]
    suspended_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]  # no new instances; the row stays for the history of those there were
    resource: Mapped[Resource] = relationship()
    deployment: Mapped[Deployment] = relationship()


class DecisionDefinition(Base):
    """One version of one decision, or decision service."""

    __tablename__ = "decision_definition"
    __table_args__ = (UniqueConstraint("decision_id", "version"),)
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    decision_id: Mapped[str]
    version: Mapped[int]
    version_tag: Mapped[str | None]
    name: Mapped[str]
    hash: Mapped[str]
    resource_id: Mapped[int] = mapped_column(ForeignKey("resource.id"))
    deployment_id: Mapped[int] = mapped_column(ForeignKey("deployment.id"), index=True)
    requirements_id: Mapped[int | None] = mapped_column(ForeignKey("decision_requirements.id"), index=True)
    deleted_at: Mapped[datetime | None]
    resource: Mapped[Resource] = relationship()


class Form(Base):
    """One version of one form, as form-js JSON."""

    __tablename__ = "form"
    __table_args__ = (UniqueConstraint("form_id", "version"),)
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    form_id: Mapped[str]
    version: Mapped[int]
    form_schema: Mapped[Any] = mapped_column(Json)
    resource_id: Mapped[int | None] = mapped_column(ForeignKey("resource.id"))  # none of releases before 0010
    deployment_id: Mapped[int] = mapped_column(ForeignKey("deployment.id"), index=True)
    deleted_at: Mapped[datetime | None]


class Draft(Base):
    """A diagram a designer is working on; `version` guards against lost updates."""

    __tablename__ = "draft"
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    process_id: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    content: Mapped[bytes] = mapped_column(LargeBinary)
    version: Mapped[int]
    saved_by: Mapped[str]
    saved_at: Mapped[datetime]


class ProcessInstance(Base):
    """One running or ended case; `state` is everything the engine needs to go on."""

    __tablename__ = "process_instance"
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    definition_id: Mapped[int] = mapped_column(ForeignKey("process_definition.id"), index=True)
    definition_hash: Mapped[str]  # of process and file: the parsed definition is cached under it
    process_id: Mapped[str] = mapped_column(index=True)
    business_key: Mapped[str] = mapped_column(index=True)
    status: Mapped[str] = mapped_column(index=True)  # active, completed, error, cancelled
    state: Mapped[str]
    version: Mapped[int] = mapped_column()
    events: Mapped[int]  # the sequence number of the last history event
    head: Mapped[bytes] = mapped_column(LargeBinary, default=b"")  # and its hash
    started_by: Mapped[str] = mapped_column(index=True)
    started_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("process_instance.id"), index=True)
    parent_token: Mapped[int | None]
    suspended_at: Mapped[datetime | None] = mapped_column(index=True)  # since when something holds it
    tags: Mapped[Any] = mapped_column(Json, default=list, server_default="[]")  # given at the start
    definition: Mapped[ProcessDefinition] = relationship()

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  SQLAlchemy reads it as a class attribute


class Suspension(Base):
    """One reason why an instance stands still; it goes on when the last one is lifted.

    Its cause is an instance suspended by a person (itself, or one that called it), a suspended version, or,
    without either, a state that cannot be read.
    """

    __tablename__ = "suspension"
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    instance_id: Mapped[int] = mapped_column(ForeignKey("process_instance.id"), index=True)
    cause_instance_id: Mapped[int | None] = mapped_column(ForeignKey("process_instance.id"), index=True)
    cause_definition_id: Mapped[int | None] = mapped_column(ForeignKey("process_definition.id"), index=True)
    at: Mapped[datetime]
    actor: Mapped[str]
    reason: Mapped[str]


class UserTask(Base):
    """One piece of work for a person."""

    __tablename__ = "user_task"
    __table_args__ = (
        Index("ix_user_task_inbox", "status", "assignee", "due_at"),
        Index("ix_user_task_token", "instance_id", "token"),
        # the order of an inbox over all tasks that are offered: engine.offers
        Index(
            "ix_user_task_offered",
            "due_at",
            "id",
            sqlite_where=text("status = 'open' AND assignee IS NULL"),
            postgresql_where=text("status = 'open' AND assignee IS NULL"),
        ),
        Index("ix_user_task_ended_by", "ended_by", "instance_id"),  # whose case it is: web.relations
    )
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    instance_id: Mapped[int] = mapped_column(ForeignKey("process_instance.id"))
    token: Mapped[int]
    scope: Mapped[int] = mapped_column(default=0)  # of the token: the process, a sub-process or an iteration
    process_id: Mapped[str]
    business_key: Mapped[str]
    element: Mapped[str]
    name: Mapped[str]
    subject: Mapped[str]
    form_id: Mapped[str | None]
    assignee: Mapped[str | None]
    status: Mapped[str]  # open, completed, cancelled
    priority: Mapped[int]
    created_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    follow_up_at: Mapped[datetime | None]  # when somebody should look at it again
    ended_at: Mapped[datetime | None] = mapped_column(index=True)
    ended_by: Mapped[str | None]
    instance: Mapped[ProcessInstance] = relationship()
    candidate_groups: Mapped[list[CandidateGroup]] = relationship(
        back_populates="task", cascade="all, delete-orphan", lazy="selectin"
    )


class CandidateGroup(Base):
    """A group whose members may claim an open user task; gone when the task has ended.

    `user:` before a login names one person (`engine.actors.USER`).
    """

    __tablename__ = "candidate_group"
    __table_args__ = (Index("ix_candidate_group_members", "group_name", "task_id"),)
    task_id: Mapped[int] = mapped_column(ForeignKey("user_task.id"), primary_key=True)
    group_name: Mapped[str] = mapped_column(primary_key=True)
    task: Mapped[UserTask] = relationship(back_populates="candidate_groups")


class Job(Base):
    """One call of a handler outside the step, ours or a foreign worker's (`leases.py`)."""

    __tablename__ = "job"
    __table_args__ = (Index("ix_job_activation", "type", "status", "priority", "id"),)
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    instance_id: Mapped[int] = mapped_column(ForeignKey("process_instance.id"), index=True)
    token: Mapped[int]
    element: Mapped[str]
    type: Mapped[str] = mapped_column(index=True)
    retries: Mapped[int]
    status: Mapped[str]  # open, completed, failed, cancelled
    results: Mapped[Any | None] = mapped_column(Json)  # of a handler that ended while held
    error: Mapped[str | None]
    error_code: Mapped[str | None]  # of the business error that it ended with
    priority: Mapped[int] = mapped_column(default=0)  # the higher one is given away first
    worker: Mapped[str] = mapped_column(default="")  # who took it last
    locked_until: Mapped[datetime | None]  # nobody else gets it before
    lease: Mapped[str | None]  # token of the last activation with a lease: whoever ends the job shows it
    retry_at: Mapped[datetime | None]  # nobody gets it before: the back-off of a failure
    change: Mapped[str] = mapped_column(default="created")  # the last one: failed, retries_updated, …
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class Timer(Base):
    """One due moment of a waiting token, or of a start event that waits for its time."""

    __tablename__ = "timer"
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    instance_id: Mapped[int | None] = mapped_column(ForeignKey("process_instance.id"), index=True)
    definition_id: Mapped[int | None] = mapped_column(ForeignKey("process_definition.id"), index=True)
    token: Mapped[int | None]
    task_id: Mapped[int | None] = mapped_column(ForeignKey("user_task.id"), index=True)  # of a reminder
    element: Mapped[str]
    due_at: Mapped[datetime] = mapped_column(index=True)
    repetitions: Mapped[int | None]  # None = without end, 0 = the last one
    interval: Mapped[str | None]  # ISO 8601 duration of a cycle
    started_at: Mapped[datetime]  # first occurrence: months are counted from here
    occurrence: Mapped[int]
    status: Mapped[str] = mapped_column(index=True)  # waiting, fired, cancelled


class Subscription(Base):
    """A token, or a start event, that waits for a message, a signal or a condition."""

    __tablename__ = "subscription"
    __table_args__ = (Index("ix_subscription_match", "message_name", "correlation_key"),)
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    instance_id: Mapped[int | None] = mapped_column(ForeignKey("process_instance.id"), index=True)
    definition_id: Mapped[int | None] = mapped_column(ForeignKey("process_definition.id"), index=True)
    token: Mapped[int | None]
    element: Mapped[str]
    kind: Mapped[str] = mapped_column(default="message")  # message, signal, conditional
    message_name: Mapped[str]  # of the message or signal, or the condition that is waited for
    correlation_key: Mapped[str | None]  # None for a start event: any key starts an instance
    created_at: Mapped[datetime]


class Message(Base):
    """A published message: correlated, or buffered until somebody waits or its time ends."""

    __tablename__ = "message"
    __table_args__ = (Index("ix_message_match", "status", "name", "correlation_key"),)
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    message_id: Mapped[str | None] = mapped_column(unique=True)
    name: Mapped[str]
    correlation_key: Mapped[str]
    sender: Mapped[str | None]  # id of the process that threw it, None for one from outside
    variables: Mapped[Any] = mapped_column(Json)
    published_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    status: Mapped[str]  # buffered, correlated, expired
    instance_id: Mapped[int | None] = mapped_column(ForeignKey("process_instance.id"))


class Incident(Base):
    """A step that could not go on; it keeps its place until it is repaired and retried."""

    __tablename__ = "incident"
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    instance_id: Mapped[int] = mapped_column(ForeignKey("process_instance.id"), index=True)
    token: Mapped[int]
    element: Mapped[str]
    kind: Mapped[str]  # expression, job, timer, call, limit, deadlock, state
    vi: Mapped[str]
    en: Mapped[str]
    status: Mapped[str] = mapped_column(index=True)  # open, resolved
    created_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    instance: Mapped[ProcessInstance] = relationship()

    def text(self, language: str = "vi") -> str:
        """Return the message in the language asked for, English for any other than Vietnamese."""
        return self.vi if language == "vi" else self.en


class HistoryEvent(Base):
    """One fact, written once in the transaction that made it true."""

    __tablename__ = "history_event"
    __table_args__ = (UniqueConstraint("instance_id", "sequence"),)
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    instance_id: Mapped[int] = mapped_column(ForeignKey("process_instance.id"))
    sequence: Mapped[int]
    at: Mapped[datetime]
    kind: Mapped[str]
    element: Mapped[str | None]
    actor: Mapped[str] = mapped_column(index=True)
    on_behalf_of: Mapped[str | None]
    actor_groups: Mapped[Any | None] = mapped_column(Json)  # of a person, as they were at that moment
    data: Mapped[Any] = mapped_column(Json)
    salts: Mapped[bytes] = mapped_column(LargeBinary)  # of the values in data that can be erased
    prev: Mapped[bytes] = mapped_column(LargeBinary)  # hash of the event before it in the same instance
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class AuditLeaf(Base):
    """The place of an event in the log over all instances; no foreign key, so that writers never wait."""

    __tablename__ = "audit_leaf"
    leaf_index: Mapped[int] = mapped_column(Identity, primary_key=True, autoincrement=False)
    event_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    instance_id: Mapped[int] = mapped_column(BigInteger)
    sequence: Mapped[int]
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class AuditCheckpoint(Base):
    """A signed statement of what the log held; each one names the one before it."""

    __tablename__ = "audit_checkpoint"
    size: Mapped[int] = mapped_column(Identity, primary_key=True, autoincrement=False)  # leaves covered
    body: Mapped[Any] = mapped_column(Json)  # as it was signed, with its signature
    frontier: Mapped[Any] = mapped_column(Json)  # right edge of the tree: the next one goes on from here


append_only.protect(cast(Table, HistoryEvent.__table__), erasable=("data", "salts"))
append_only.protect(cast(Table, AuditLeaf.__table__))
append_only.protect(cast(Table, AuditCheckpoint.__table__))
