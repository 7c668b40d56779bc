"""A small made-up world: units, invented role holders, the calendar and the carried movements."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflows import calendar, criteria, movements
from workflows.tables import Membership, Person, Unit

UNITS = (
    ("UBND", "UBND thành phố", "UBND", "committee", None),
    ("SNV", "Sở Nội vụ", "Sở Nội vụ", "home_affairs", "UBND"),
    ("SXD", "Sở Xây dựng", "Sở Xây dựng", "department", "UBND"),
    ("VPS", "Văn phòng Sở", "Văn phòng Sở", "department_office", "SXD"),
    ("TTTV", "Trung tâm Tư vấn kỹ thuật xây dựng", "Trung tâm", "center", "SXD"),
    ("P1", "Phòng Thiết kế", "Thiết kế", "office", "TTTV"),
    ("P2", "Phòng Giám sát", "Giám sát", "office", "TTTV"),
    ("P3", "Phòng Kiểm định", "Kiểm định", "office", "TTTV"),
    ("P4", "Phòng Quy hoạch", "Quy hoạch", "office", "TTTV"),
    ("TCHC", "Phòng Tổ chức – Hành chính", "Tổ chức – Hành chính", "coordination_office", "TTTV"),
)
# Every person here is invented; logins are the given name and the unit.
PEOPLE = (
    ("an.p1", "Nguyễn Thanh An", "Chuyên viên", "P1", ("P1.staff",)),
    ("binh.p1", "Trần Quốc Bình", "Trưởng phòng", "P1", ("P1.head",)),
    ("chi.p2", "Lê Thị Kim Chi", "Chuyên viên", "P2", ("P2.staff",)),
    ("dung.p2", "Phạm Tiến Dũng", "Trưởng phòng", "P2", ("P2.head",)),
    ("giang.p3", "Hoàng Thu Giang", "Chuyên viên", "P3", ("P3.staff",)),
    ("hai.p3", "Võ Minh Hải", "Trưởng phòng", "P3", ("P3.head",)),
    ("khanh.p4", "Đỗ Gia Khánh", "Chuyên viên", "P4", ("P4.staff",)),
    ("lan.p4", "Bùi Ngọc Lan", "Trưởng phòng", "P4", ("P4.head",)),
    ("mai.tchc", "Đặng Tuyết Mai", "Chuyên viên tổng hợp", "TCHC", ("TCHC.staff",)),
    ("nam.tttv", "Ngô Hoài Nam", "Giám đốc Trung tâm", "TTTV", ("TTTV.director",)),
    ("oanh.vps", "Dương Kiều Oanh", "Chuyên viên thi đua", "VPS", ("SXD.office",)),
    ("phuc.sxd", "Lý Hồng Phúc", "Giám đốc Sở", "SXD", ("SXD.director",)),
    ("quynh.snv", "Mai Diễm Quỳnh", "Chuyên viên thi đua, khen thưởng", "SNV", ("SNV.staff",)),
    ("son.ubnd", "Tạ Trường Sơn", "Chủ tịch UBND", "UBND", ("UBND.chair",)),
    ("thao.it", "Hồ Phương Thảo", "Thiết kế quy trình", "VPS", ("designers",)),
    ("uyen.tt", "Trịnh Tú Uyên", "Kiểm tra nội bộ", "VPS", ("auditors",)),
    ("vinh.it", "Cao Quang Vinh", "Quản trị hệ thống", "VPS", ("administrators",)),
)


def load(session: Session) -> None:
    """Add units, people with their groups, calendar, movements and criteria that are not there yet."""
    _add_units(session)
    _add_people(session)
    calendar.install(session)
    movements.install(session)
    criteria.install(session)


def _add_units(session: Session) -> None:
    known = set(session.scalars(select(Unit.code)))
    session.add_all(
        Unit(code=code, name=name, short_name=short_name, kind=kind, parent_code=parent)
        for code, name, short_name, kind, parent in UNITS
        if code not in known
    )
    session.flush()


def _add_people(session: Session) -> None:
    known = set(session.scalars(select(Person.login)))
    for login, name, position, unit_code, groups in PEOPLE:
        if login not in known:
            memberships = [Membership(group_name=group) for group in groups]
            session.add(
                Person(
                    login=login, name=name, position=position, unit_code=unit_code, memberships=memberships
                )
            )
    session.flush()
