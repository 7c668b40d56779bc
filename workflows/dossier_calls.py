"""What the page of a dossier does, as calls: for scenario files and whoever drives a chain without pages."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping

from sqlalchemy.orm import Session

from engine.errors import BadInput
from engine.handlers import Json, Registration, ServiceCall
from workflows import calls, nominations
from workflows.dossiers import evidence, records


def attach(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Put one paper into a dossier; raises BadInput for content that is not base64.

    Variables: nomination, paper, file_name, content in base64.
    """
    nomination = nominations.find(session, calls.read_integer(call, "nomination"))
    try:
        content = b64decode(calls.read_text(call, "content"), validate=True)
    except ValueError:
        raise BadInput(expected="base64", expected_vi="nội dung base64", found="…") from None
    upload = evidence.Upload(calls.read_text(call, "paper"), calls.read_text(call, "file_name"), content)
    return {"file": evidence.add(session, call, nomination, upload).id}


def set_figures(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Write the figures that statutory standards ask for.

    Variables: nomination, and each figure under its name.
    """
    nomination = nominations.find(session, calls.read_integer(call, "nomination"))
    given = {name: str(value) for name, value in call.variables.items() if name != "nomination"}
    records.set_figures(session, nomination, given)
    return {}


HANDLERS: Mapping[str, Registration] = {
    "dossiers.attach": Registration(attach),
    "dossiers.set_figures": Registration(set_figures),
}
