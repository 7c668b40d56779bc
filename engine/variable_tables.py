"""The table of variables: an index of the scopes, so that nobody loads an instance to search its values."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engine.tables import Base, Identity


class Variable(Base):
    """The last value of one variable in one scope; it stays when the scope has ended.

    `scope` is the number of the token that owns the scope (0 is the process): it is the key of an element
    instance, and it is the same when the scope of a token that failed is opened again. `value` is JSON text.
    `fingerprint` stands for the value in the index, because no index holds values of any length.
    """

    __tablename__ = "variable"
    __table_args__ = (
        UniqueConstraint("instance_id", "scope", "name"),
        Index("ix_variable_value", "name", "fingerprint"),
    )
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    instance_id: Mapped[int] = mapped_column(ForeignKey("process_instance.id"))
    scope: Mapped[int]
    name: Mapped[str]
    value: Mapped[str]
    fingerprint: Mapped[int] = mapped_column(BigInteger)
