"""What requests and answers share: refused unknown properties, keys, moments, tenants, pages."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from engine.errors import BadInput
from web.api import keys

TENANT = "<default>"


class Request(Schema):
    """A request body; a property it does not name is refused."""

    class Meta:
        """Refuse what is unknown."""

        unknown = RAISE


class Answer(Schema):
    """An answer as the OpenAPI document describes it; views give plain dicts with every field."""

    def dump(self, obj: Any, *, many: bool | None = None) -> Any:
        """Return what the view gave, as it is: the clients tell a missing field from an empty one."""
        return obj


class Empty(Request):
    """A body that clients may leave out."""

    operationReference = fields.Integer(strict=True, validate=validate.Range(min=1, max=keys.MOST))  # noqa: N815


class Problem(Answer):
    """Problem details (RFC 9457); clients need all five."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    instance = fields.String(required=True)
    errors = fields.Dict(keys=fields.String(), values=fields.List(fields.String()))


class Key(fields.String):
    """A key in a body: a string of digits, given to the view as it is (`keys.read` tells the number)."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = str(super()._deserialize(value, attr, data, **kwargs))
        if keys.PATTERN.fullmatch(text) is None:
            raise ValidationError("Not a key: a string of at most 25 digits is expected.")
        return text


class Tenant(fields.String):
    """A tenant in a body: there is only one."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = str(super()._deserialize(value, attr, data, **kwargs))
        if text != TENANT:
            raise ValidationError(f"There is no tenant '{text}', only '{TENANT}'.")
        return text


class Variables(fields.Dict):
    """Variables in a body: an object with text keys."""

    def __init__(self, **options: Any) -> None:
        super().__init__(keys=fields.String(validate=validate.Length(min=1, max=255)), **options)


class Moment(fields.Field[datetime]):
    """A moment in a body: ISO 8601 with an offset; given to the view as an aware datetime."""

    def __init__(self, **options: Any) -> None:
        metadata = {"type": "string", "format": "date-time"}
        super().__init__(metadata=metadata, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        try:
            return read_moment(value)
        except BadInput as error:
            raise ValidationError(str(error)) from error


def read_moment(value: object) -> datetime:
    """Return an ISO 8601 text as an aware moment in UTC; raises BadInput."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        if moment is not None and moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise BadInput(
        expected="a moment as ISO 8601 with its offset",
        expected_vi="mốc giờ ISO 8601 có múi giờ",
        found=value,
    )


def write_moment(moment: datetime) -> str:
    """Return a moment as answers have it: ISO 8601 in UTC, with all its digits: it can be asked for."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def write_moment_or_none(moment: datetime | None) -> str | None:
    """Return a moment as answers have it, None for none."""
    return None if moment is None else write_moment(moment)
