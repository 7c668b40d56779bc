"""Users, groups and roles, to be read: people who can be given work, groups of units and of the system.

The roles are the groups that decide what somebody may open: designers, auditors, administrators, workers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from marshmallow import fields
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.errors import NotFound
from web import names
from web.api import blueprints, conditions, searching
from web.api.schemas import Answer
from web.db import db
from web.security import ADMINISTRATORS, AUDITORS, DESIGNERS, SIGNED_IN, open_to
from workflows import organisation, organisation_people
from workflows.organisation_people import OWN_GROUPS
from workflows.tables import Person

blueprint = blueprints.make("identities", "Users, groups and roles, to be read.")
OVERSEERS = (
    ADMINISTRATORS,
    AUDITORS,
    DESIGNERS,
)  # who sees in pages which groups there are, and who is in them
EMAIL = func.nullif(Person.email, "")
USERS = searching.Search(
    "User",
    key=Person.id,
    filters={
        "username": searching.text(Person.login),
        "name": searching.text(Person.name),
        "email": searching.text(EMAIL),
    },
    sorts={"username": Person.login, "name": Person.name, "email": EMAIL},
    alternatives=True,
)


def _derived(name: str, *properties: str) -> searching.Search:
    """Return the search over items that are no rows: their properties are compared as they are."""
    filters = {one: searching.text(None) for one in properties}
    return searching.Search(
        name, key=Person.id, filters=filters, sorts=dict.fromkeys(properties), alternatives=True
    )


GROUPS = _derived("Group", "groupId", "name")
ROLES = _derived("Role", "roleId", "name")
MEMBERS = _derived("Member", "username")
GROUP_REFERENCES = _derived("GroupReference", "groupId")


class UserResult(Answer):
    """A person who can sign in."""

    username = fields.String(required=True)
    name = fields.String(required=True, allow_none=True)
    email = fields.String(required=True, allow_none=True)


class GroupResult(Answer):
    """A group that diagrams may give work to."""

    groupId = fields.String(required=True)  # noqa: N815  the clients' names
    name = fields.String(required=True)
    description = fields.String(required=True, allow_none=True)


class RoleResult(Answer):
    """A group of the system itself."""

    roleId = fields.String(required=True)  # noqa: N815
    name = fields.String(required=True)
    description = fields.String(required=True, allow_none=True)


class MemberResult(Answer):
    """Somebody in a group or role."""

    username = fields.String(required=True)


class GroupReference(Answer):
    """A group that has a role."""

    groupId = fields.String(required=True)  # noqa: N815


@blueprint.post("/users/search")
@blueprint.arguments(USERS.request(), required=False)
@blueprint.response(200, USERS.answer(UserResult))
@blueprint.refuses(400)
@open_to(SIGNED_IN)
def search_users(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Search the active people."""
    return USERS.run(db.session(), select(Person).where(Person.active), body, _user)


@blueprint.get("/users/<username>")
@blueprint.response(200, UserResult)
@blueprint.refuses(404)
@open_to(SIGNED_IN)
def get_user(username: str) -> Mapping[str, Any]:
    """Return one active person."""
    found = db.session().scalar(select(Person).where(Person.login == username, Person.active))
    if found is None:
        raise NotFound(kind="person", key=username)
    return _user(found)


@blueprint.post("/groups/search")
@blueprint.arguments(GROUPS.request(), required=False)
@blueprint.response(200, GROUPS.answer(GroupResult))
@blueprint.refuses(400)
@open_to(*OVERSEERS)
def search_groups(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Search the groups of the organisation's units."""
    return _page(map(_group, sorted(_groups(db.session()))), body, "groupId")


@blueprint.get("/groups/<group_id>")
@blueprint.response(200, GroupResult)
@blueprint.refuses(404)
@open_to(*OVERSEERS)
def get_group(group_id: str) -> Mapping[str, Any]:
    """Return one group."""
    return _group(_found(group_id, _groups(db.session())))


@blueprint.post("/groups/<group_id>/users/search")
@blueprint.arguments(MEMBERS.request(), required=False)
@blueprint.response(200, MEMBERS.answer(MemberResult))
@blueprint.refuses(400, 404)
@open_to(*OVERSEERS)
def search_group_users(body: Mapping[str, Any], group_id: str) -> Mapping[str, Any]:
    """Search the members that a group has today."""
    return _members(_found(group_id, _groups(db.session())), body)


@blueprint.post("/groups/<group_id>/roles/search")
@blueprint.arguments(ROLES.request(), required=False)
@blueprint.response(200, ROLES.answer(RoleResult))
@blueprint.refuses(400, 404)
@open_to(*OVERSEERS)
def search_group_roles(body: Mapping[str, Any], group_id: str) -> Mapping[str, Any]:
    """Search the roles of a group: none, people have them one by one."""
    _found(group_id, _groups(db.session()))
    return _page((), body, "roleId")


@blueprint.post("/roles/search")
@blueprint.arguments(ROLES.request(), required=False)
@blueprint.response(200, ROLES.answer(RoleResult))
@blueprint.refuses(400)
@open_to(*OVERSEERS)
def search_roles(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Search the groups of the system itself."""
    return _page(map(_role, sorted(OWN_GROUPS)), body, "roleId")


@blueprint.get("/roles/<role_id>")
@blueprint.response(200, RoleResult)
@blueprint.refuses(404)
@open_to(*OVERSEERS)
def get_role(role_id: str) -> Mapping[str, Any]:
    """Return one role."""
    return _role(_found(role_id, OWN_GROUPS))


@blueprint.post("/roles/<role_id>/users/search")
@blueprint.arguments(MEMBERS.request(), required=False)
@blueprint.response(200, MEMBERS.answer(MemberResult))
@blueprint.refuses(400, 404)
@open_to(*OVERSEERS)
def search_role_users(body: Mapping[str, Any], role_id: str) -> Mapping[str, Any]:
    """Search the people that have a role today."""
    return _members(_found(role_id, OWN_GROUPS), body)


@blueprint.post("/roles/<role_id>/groups/search")
@blueprint.arguments(GROUP_REFERENCES.request(), required=False)
@blueprint.response(200, GROUP_REFERENCES.answer(GroupReference))
@blueprint.refuses(400, 404)
@open_to(*OVERSEERS)
def search_role_groups(body: Mapping[str, Any], role_id: str) -> Mapping[str, Any]:
    """Search the groups that have a role: none, people have it one by one."""
    _found(role_id, OWN_GROUPS)
    return _page((), body, "groupId")


def _groups(session: Session) -> frozenset[str]:
    return organisation_people.known_groups(session) - OWN_GROUPS


def _found(wanted: str, known: frozenset[str]) -> str:
    if wanted not in known:
        raise NotFound(kind="group", key=wanted)
    return wanted


def _members(group: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
    people = organisation_people.members(db.session(), group, organisation.today())
    return _page(({"username": person.login} for person in people), body, "username")


def _page(items: Iterable[Mapping[str, Any]], body: Mapping[str, Any], unique: str) -> Mapping[str, Any]:
    """Return the asked page of the items that meet the filter."""
    wanted = body.get("filter") or {}
    return searching.page_of([item for item in items if _holds(item, wanted)], body, unique)


def _holds(item: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    either = wanted.get("$or")
    return all(conditions.holds(item[name], tests) for name, tests in wanted.items() if name != "$or") and (
        not either or any(_holds(item, one) for one in either)
    )


def _user(row: Person) -> dict[str, Any]:
    return {"username": row.login, "name": row.name, "email": row.email or None}


def _group(name: str) -> dict[str, Any]:
    return {"groupId": name, "name": names.group(name), "description": None}


def _role(name: str) -> dict[str, Any]:
    return {"roleId": name, "name": names.group(name), "description": None}
