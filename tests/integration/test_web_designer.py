"""Designers in the pages: new processes, files that come in, drafts that lose nothing, deployments."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from engine import deployments
from engine.tables import Draft
from tests.site import BPMN, Visitor, open_site, sign_in, start_proposal
from web import db, people

ENTITY = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Flask]:
    with open_site(tmp_path) as app:
        yield app


@pytest.fixture
def thao(site: Flask) -> Visitor:
    return sign_in(site, "thao.it")


def new_draft(visitor: Visitor, process_id: str = "leave_request") -> str:
    answer = visitor.post("/designer/new", {"name": "Nghỉ phép", "process_id": process_id})
    assert answer.status_code == 303, answer.text
    return f"{answer.headers['Location']}/"


def send(
    visitor: Visitor, address: str, content: bytes, method: str = "POST", version: int | None = None
) -> tuple[int, dict[str, Any]]:
    headers = {
        "X-CSRFToken": visitor.token(),
        "Accept": "application/json",
        "Content-Type": "application/xml",
    }
    if version is not None:
        headers["If-Match"] = f'"{version}"'
    answer = visitor.client.open(address, method=method, data=content, headers=headers)
    return answer.status_code, json.loads(answer.data)


def version_of(site: Flask, process_id: str) -> int:
    """Return the id of the newest version of a process."""
    with site.app_context():
        return deployments.latest(db.db.session(), process_id).id


def count_drafts(site: Flask) -> int:
    with site.app_context():
        return db.db.session().scalar(select(func.count()).select_from(Draft)) or 0


def test_a_new_process_is_a_draft_with_one_drawn_start_event(thao: Visitor) -> None:
    draft = new_draft(thao)

    diagram = thao.get(f"{draft}diagram")

    assert diagram.headers["ETag"] == '"1"'
    assert b"startEvent" in diagram.data
    assert b"BPMNShape" in diagram.data


def test_a_process_id_is_plain_and_free(thao: Visitor) -> None:
    plain = thao.post("/designer/new", {"name": "Thử", "process_id": "thử nghiệm"})
    taken = thao.post("/designer/new", {"name": "Thử", "process_id": "office_proposal"})

    assert (plain.status_code, taken.status_code) == (422, 422)
    assert 'value="thử nghiệm"' in plain.text
    assert "Mã này đã có" in taken.text


def test_saving_over_a_newer_draft_is_refused_and_loses_nothing(thao: Visitor) -> None:
    draft = new_draft(thao)
    content = thao.get(f"{draft}diagram").data

    first = send(thao, f"{draft}diagram", content, "PUT", 1)
    late = send(thao, f"{draft}diagram", content.replace(b"started", b"begun"), "PUT", 1)

    assert first == (200, {"version": 2})
    assert late[0] == 409
    assert "Hồ Phương Thảo đã lưu bản nháp lần 2" in late[1]["detail"]
    assert thao.get(f"{draft}diagram").data == content


def test_a_hostile_or_broken_file_is_refused_with_its_place_and_nothing_is_stored(
    site: Flask, thao: Visitor
) -> None:
    hostile = thao.post("/designer/upload", {"file": (io.BytesIO(ENTITY), "x.bpmn")})
    broken = thao.post("/designer/upload", {"file": (io.BytesIO(b"<a>\n<b>"), "y.bpmn")})
    empty = thao.post("/designer/upload")

    assert (hostile.status_code, broken.status_code, empty.status_code) == (422, 422, 422)
    assert "dòng" in broken.text
    assert "root:" not in hostile.text
    assert count_drafts(site) == 0


def test_an_uploaded_file_becomes_a_draft_byte_for_byte(thao: Visitor) -> None:
    content = (BPMN / "office_proposal.bpmn").read_bytes()

    answer = thao.post("/designer/upload", {"file": (io.BytesIO(content), "office_proposal.bpmn")})

    assert answer.status_code == 303
    assert thao.get(f"{answer.headers['Location']}/diagram").data == content


def upload(visitor: Visitor, content: bytes, **values: str) -> Any:
    return visitor.post("/designer/upload", {"file": (io.BytesIO(content), "office_proposal.bpmn"), **values})


def add_designer(site: Flask) -> Visitor:
    with site.app_context(), db.transaction() as session:
        people.add(session, "quang.it", ["designers"], "bangvang")
    return sign_in(site, "quang.it")


def test_a_file_replaces_a_colleague_s_draft_only_when_that_draft_is_named(
    site: Flask, thao: Visitor
) -> None:
    content = (BPMN / "office_proposal.bpmn").read_bytes()
    changed = content.replace("Mở đề xuất của kỳ".encode(), b"Open it")
    draft = f"{upload(thao, content).headers['Location']}/diagram"
    colleague = add_designer(site)

    refused = upload(colleague, changed)
    stale = upload(colleague, changed, replace_version="7")
    kept = thao.get(draft).data
    confirmed = upload(colleague, changed, replace_version="1")

    assert (refused.status_code, stale.status_code, confirmed.status_code) == (409, 409, 303)
    assert "do Hồ Phương Thảo lưu lúc" in refused.text
    assert 'name="replace_version" type="checkbox" value="1"' in refused.text
    assert kept == content
    assert thao.get(draft).data == changed


def test_a_file_does_not_destroy_own_work_that_was_never_deployed(thao: Visitor) -> None:
    content = (BPMN / "office_proposal.bpmn").read_bytes()
    upload(thao, content)

    over_deployed = upload(thao, content.replace("Mở đề xuất của kỳ".encode(), b"Open it"))
    over_new_work = upload(thao, content)

    assert (over_deployed.status_code, over_new_work.status_code) == (303, 409)


def test_revising_says_whose_draft_is_opened(site: Flask, thao: Visitor) -> None:
    upload(thao, (BPMN / "office_proposal.bpmn").read_bytes())
    colleague = add_designer(site)

    answer = colleague.post(f"/designer/versions/{version_of(site, 'office_proposal')}/draft")

    assert "Đã có bản nháp do Hồ Phương Thảo lưu lúc" in colleague.get(answer.headers["Location"]).text


def test_the_check_names_element_rule_and_remedy(thao: Visitor) -> None:
    draft = new_draft(thao)
    content = thao.get(f"{draft}diagram").data.replace(b"startEvent", b"complexGateway")

    status, answer = send(thao, f"{draft}check", content)

    assert status == 200
    assert {"severity", "rule", "element", "line", "text", "remedy"} <= set(answer["findings"][0])
    assert "started" in {finding["element"] for finding in answer["findings"]}


def test_a_refused_deployment_brings_its_findings_and_stores_nothing(thao: Visitor) -> None:
    draft = new_draft(thao)
    content = thao.get(f"{draft}diagram").data.replace(b"startEvent", b"choreographyTask")

    status, answer = send(thao, f"{draft}deploy", content)

    assert status == 422
    assert answer["findings"]
    assert "leave_request" not in thao.get("/designer/?format=csv").text


def test_a_drawing_may_begin_with_a_process_that_is_only_read(thao: Visitor) -> None:
    draft = new_draft(thao)
    content = thao.get(f"{draft}diagram").data
    content = content.replace(
        b"<bpmn:process", b'<bpmn:process id="partner" isExecutable="false"/><bpmn:process', 1
    )

    deployed = send(thao, f"{draft}deploy", content)

    assert deployed == (200, {"version": 1})


def test_a_diagram_that_runs_another_process_than_the_draft_s_is_refused(thao: Visitor) -> None:
    draft = new_draft(thao)
    content = thao.get(f"{draft}diagram").data.replace(b'"leave_request"', b'"another"')

    status, answer = send(thao, f"{draft}deploy", content)

    assert status == 422
    assert "leave_request" in answer["detail"]
    assert "another" not in thao.get("/designer/?format=csv").text


def test_deploying_makes_a_version_that_the_list_shows_with_its_running_cases(
    site: Flask, thao: Visitor
) -> None:
    start_proposal(sign_in(site, "an.p1"))
    content = (BPMN / "office_proposal.bpmn").read_bytes().replace("Mở đề xuất của kỳ".encode(), b"Open it")
    answer = thao.post(f"/designer/versions/{version_of(site, 'office_proposal')}/draft")
    draft = f"{answer.headers['Location']}/"

    status, deployed = send(thao, f"{draft}deploy", content)

    assert (status, deployed) == (200, {"version": 2})
    rows = thao.get("/designer/processes/office_proposal?format=csv").text.splitlines()
    assert [row.split(",")[2] for row in rows[1:]] == ["2", "1"]
    assert rows[2].endswith(",1")


def test_the_lists_offer_forms_groups_and_job_types(thao: Visitor) -> None:
    lists = json.loads(thao.get("/designer/lists").data)

    assert {"id": "prepare_proposal", "name": "prepare_proposal"} in lists["forms"]
    assert {"id": "P1.staff", "name": "Phòng Thiết kế (chuyên viên)"} in lists["groups"]
    assert "proposals.open" in lists["jobTypes"]


def send_file(thao: Visitor, content: bytes) -> Any:
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="big.bpmn"\r\n\r\n'
    headers = {"X-CSRFToken": thao.token(), "Content-Type": "multipart/form-data; boundary=x"}
    return thao.client.post("/designer/upload", data=head + content + b"\r\n--x--\r\n", headers=headers)


def test_a_file_of_ten_megabytes_is_refused_with_a_finding(thao: Visitor) -> None:
    head = b'<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL">'

    answer = send_file(thao, head + b"<process/>" * 1_050_000)

    assert answer.status_code == 422
    assert "Cách sửa" in answer.text


def test_what_is_far_too_large_is_not_read(thao: Visitor) -> None:
    answer = send_file(thao, b" " * (17 * 1024 * 1024))

    assert answer.status_code == 413


def test_a_diagram_that_nothing_can_run_is_refused_with_its_remedy(thao: Visitor) -> None:
    content = (
        (BPMN / "office_proposal.bpmn").read_bytes().replace(b'isExecutable="true"', b'isExecutable="false"')
    )

    answer = send_file(thao, content)

    assert answer.status_code == 422
    assert "isExecutable" in answer.text
    assert "Cách sửa" in answer.text
