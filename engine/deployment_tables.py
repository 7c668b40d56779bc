"""Tables of what is deployed besides processes, decisions and forms, and of what was deleted."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.tables import Base, Identity, Resource


class DecisionRequirements(Base):
    """One version of one file of decisions: the graph of what they require."""

    __tablename__ = "decision_requirements"
    __table_args__ = (UniqueConstraint("requirements_id", "version"),)
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    requirements_id: Mapped[str]  # of its definitions
    version: Mapped[int]
    name: Mapped[str]
    hash: Mapped[str]
    resource_id: Mapped[int] = mapped_column(ForeignKey("resource.id"))
    deployment_id: Mapped[int] = mapped_column(ForeignKey("deployment.id"), index=True)
    deleted_at: Mapped[datetime | None]
    resource: Mapped[Resource] = relationship()


class FileVersion(Base):
    """One version of one file that is neither diagram, decisions nor form; nothing here runs it."""

    __tablename__ = "file_version"
    __table_args__ = (UniqueConstraint("name", "version"),)
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    name: Mapped[str]
    version: Mapped[int]
    hash: Mapped[str]
    resource_id: Mapped[int] = mapped_column(ForeignKey("resource.id"))
    deployment_id: Mapped[int] = mapped_column(ForeignKey("deployment.id"), index=True)
    deleted_at: Mapped[datetime | None]
    resource: Mapped[Resource] = relationship()


class Deletion(Base):
    """Who deleted which version, and when; the version's own row stays for history."""

    __tablename__ = "deletion"
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    kind: Mapped[str]  # process_definition, decision_requirements, form, resource
    number: Mapped[int]  # of its row
    at: Mapped[datetime]
    actor: Mapped[str]
