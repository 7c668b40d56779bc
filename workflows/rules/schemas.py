"""What the values of a rule look like, topic by topic; a field that a topic does not know is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from engine.errors import Text

SUBJECTS = ("individual", "collective", "household")
UNIT_KINDS = ("center", "department", "home_affairs", "committee", "ministry", "state")
_positive = validate.Range(min=0)


class Wording(Schema):
    """One text in both languages."""

    vi = fields.String(required=True, validate=validate.Length(min=1))
    en = fields.String(required=True, validate=validate.Length(min=1))


class RegimeValues(Schema):
    """A body of law; `more_favourable` names the forms for which it also holds for dossiers received before.

    `all` stands for every form.
    """

    code = fields.String(required=True)
    name = fields.Nested(Wording, required=True)
    instruments = fields.List(fields.String(), required=True)
    registration_required = fields.Boolean(required=True)
    more_favourable = fields.List(fields.String(), required=True)
    transition = fields.Nested(Wording)


class AwardFormValues(Schema):
    """A title or a form of award: what it is called, for whom, what it asks in short."""

    name = fields.Nested(Wording, required=True)
    kind = fields.String(required=True, validate=validate.OneOf(["title", "form"]))
    subjects = fields.List(fields.String(validate=validate.OneOf(SUBJECTS)), required=True)
    criteria = fields.Nested(Wording, required=True)
    influence = fields.String(load_default="")
    influence_source = fields.String(load_default="")


class DeciderValues(Schema):
    """Who awards and who submits; `unit_kind` is the kind of unit whose head decides."""

    unit_kind = fields.String(required=True, validate=validate.OneOf(UNIT_KINDS))
    decided_by = fields.Nested(Wording, required=True)
    submitted_by = fields.Nested(Wording, required=True)


class Paper(Schema):
    """One paper of a dossier; `when` says for which nominations it is needed."""

    code = fields.String(required=True)
    name = fields.Nested(Wording, required=True)
    required = fields.Boolean(required=True)
    when = fields.String(
        load_default="always", validate=validate.OneOf(["always", "initiative", "title", "other_papers"])
    )


class DossierValues(Schema):
    """The papers of a dossier by form and procedure."""

    papers = fields.List(fields.Nested(Paper), required=True, validate=validate.Length(min=1))
    sets = fields.Nested(Wording, required=True)


class VoteValues(Schema):
    """A threshold in percent of a base; nothing as threshold means more than half of the base."""

    threshold = fields.Integer(
        required=True, allow_none=True, strict=True, validate=validate.Range(min=1, max=100)
    )
    base = fields.String(required=True, validate=validate.OneOf(["all_members", "present"]))
    written_counts = fields.Boolean(required=True)
    secret = fields.Boolean(required=True)


class QuorumValues(Schema):
    """The share of members that must take part, as a fraction."""

    name = fields.Nested(Wording, required=True)
    numerator = fields.Integer(required=True, strict=True, validate=validate.Range(min=1))
    denominator = fields.Integer(required=True, strict=True, validate=validate.Range(min=1))
    written_counts = fields.Boolean(required=True)


class LimitValues(Schema):
    """A time limit: number, unit, what starts it and how its days are counted."""

    name = fields.Nested(Wording, required=True)
    days = fields.Integer(required=True, strict=True, validate=validate.Range(min=0, max=3660))
    unit = fields.String(required=True, validate=validate.OneOf(["working_day", "calendar_day"]))
    counting = fields.String(
        required=True, validate=validate.OneOf(["after_event_day", "both_ends", "clear_days_before"])
    )
    counted_from = fields.Nested(Wording, required=True)


class DisclosureValues(Schema):
    """Whether a list is published before the council meets, and how many clear working days before."""

    required = fields.Boolean(required=True)
    days = fields.Integer(required=True, strict=True, validate=_positive)
    unit = fields.String(required=True, validate=validate.OneOf(["working_day", "calendar_day"]))
    before = fields.String(required=True, validate=validate.OneOf(["council_session", "submission"]))


class OpinionValues(Schema):
    """Which opinions are asked; the party's always, never, or for people under its management only."""

    party = fields.String(required=True, validate=validate.OneOf(["always", "managed", "never"]))
    inter_agency = fields.Boolean(required=True)


class MoneyValues(Schema):
    """How many hundredths of the base salary come with an award."""

    hundredths = fields.Integer(required=True, strict=True, validate=_positive)


class MoneyRuleValues(Schema):
    """How money is worked out: rounding up, and a household's share of an individual's amount."""

    round_up_to = fields.Integer(required=True, strict=True, validate=validate.Range(min=1))
    household_hundredths = fields.Integer(required=True, strict=True, validate=_positive)


class BaseSalaryValues(Schema):
    """The base salary of the State in đồng a month."""

    dong = fields.Integer(required=True, strict=True, validate=validate.Range(min=1))


class SimplifiedGroundValues(Schema):
    """A case in which the simplified procedure may be chosen."""

    number = fields.Integer(required=True, strict=True, validate=validate.Range(min=1))
    name = fields.Nested(Wording, required=True)


class CouncilRouteValues(Schema):
    """Whether the full council votes, its standing body appraises, or neither of them."""

    kind = fields.String(required=True, validate=validate.OneOf(["full", "standing", "unit"]))
    council = fields.Nested(Wording, required=True)


class InitiativeValues(Schema):
    """What happens when an initiative that served one kind of award is used for another."""

    policy = fields.String(required=True, validate=validate.OneOf(["allow", "warn", "refuse"]))
    name = fields.Nested(Wording, required=True)


class ReportingValues(Schema):
    """A date of the year or month before which something is sent."""

    name = fields.Nested(Wording, required=True)
    day = fields.Integer(required=True, strict=True, validate=validate.Range(min=1, max=31))
    month = fields.Integer(
        required=True, allow_none=True, strict=True, validate=validate.Range(min=1, max=12)
    )


class PrincipleValues(Schema):
    """A principle or a blocking rule and what follows from it."""

    text = fields.Nested(Wording, required=True)
    effect = fields.String(
        required=True, validate=validate.OneOf(["refuse", "suspend", "drop_basis", "warn", "rank"])
    )
    number = fields.Integer(strict=True, allow_none=True, load_default=None)


TOPICS: Mapping[str, type[Schema]] = {
    "regime": RegimeValues,
    "award_form": AwardFormValues,
    "decider": DeciderValues,
    "dossier": DossierValues,
    "vote": VoteValues,
    "quorum": QuorumValues,
    "limit": LimitValues,
    "disclosure": DisclosureValues,
    "opinion": OpinionValues,
    "money": MoneyValues,
    "money_rule": MoneyRuleValues,
    "base_salary": BaseSalaryValues,
    "simplified_ground": SimplifiedGroundValues,
    "council_route": CouncilRouteValues,
    "initiative": InitiativeValues,
    "reporting": ReportingValues,
    "principle": PrincipleValues,
}


# The checker speaks English; what its sentences begin with → Vietnamese, the rest of the sentence stays.
IN_VIETNAMESE = {
    "Missing data for required field.": "thiếu giá trị bắt buộc.",
    "Unknown field.": "chủ đề này không có trường ấy.",
    "Field may not be null.": "không được để trống.",
    "Not a valid integer.": "phải là số nguyên.",
    "Not a valid number.": "phải là số.",
    "Not a valid string.": "phải là chữ.",
    "Not a valid boolean.": "phải là true hoặc false.",
    "Not a valid date.": "phải là ngày (YYYY-MM-DD).",
    "Not a valid list.": "phải là danh sách.",
    "Not a valid mapping type.": "phải là đối tượng JSON.",
    "Invalid input type.": "phải là đối tượng JSON.",
    "Must be one of:": "phải là một trong:",
    "Must be greater than or equal to": "phải lớn hơn hoặc bằng",
    "Must be less than or equal to": "phải nhỏ hơn hoặc bằng",
    "Must be greater than": "phải lớn hơn",
    "Must be less than": "phải nhỏ hơn",
    "Shorter than minimum length": "ngắn hơn độ dài tối thiểu",
}


def findings(topic: str, values: Any) -> dict[str, Text]:
    """Return what is wrong with the values of a topic by dotted path."""
    if not isinstance(values, Mapping):
        return {"": Text("Giá trị phải là một đối tượng JSON.", "The values must be a JSON object.")}
    try:
        TOPICS[topic]().load(values)
    except ValidationError as error:
        return dict(_flatten(error.messages, ""))
    return {}


def _flatten(messages: Any, path: str) -> list[tuple[str, Text]]:
    if not isinstance(messages, Mapping):
        said = [str(message) for message in messages]
        return [(path, Text(" ".join(map(_translate, said)), " ".join(said)))]
    return [
        found
        for name, inner in messages.items()
        for found in _flatten(inner, f"{path}.{name}" if path else str(name))
    ]


def _translate(said: str) -> str:
    begin = next((begin for begin in IN_VIETNAMESE if said.startswith(begin)), "")
    return IN_VIETNAMESE[begin] + said.removeprefix(begin) if begin else said
