"""Results of a session: ballots opened and counted, thresholds, ranking under a quota, ties for the chair."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from engine.errors import Text
from engine.handlers import Json, ServiceCall
from workflows import calls, nominations
from workflows.councils import ballots, counting, rulebook, sessions, voting
from workflows.councils.counting import Placing, Tally
from workflows.councils.rulebook import VoteRule
from workflows.tables import CouncilSession, CouncilVerdict, Nomination, OpenedBallot, OpenVote

CHAIR_DECIDES = "TT 25/2025/TT-BKHCN Đ23 (bằng phiếu thì theo ý kiến Chủ tịch Hội đồng)"
OUTCOMES = {
    "selected": Text("Đạt, được chọn", "Passed, selected"),
    "not_selected": Text("Đạt phiếu, vượt hạn mức", "Passed, beyond the quota"),
    "failed": Text("Không đạt phiếu", "Not enough votes"),
    "tied": Text("Bằng phiếu, chờ Chủ tịch", "Tied, waits for the chair"),
}
SETTLED = {
    "": Text("", ""),
    "votes": Text("theo số phiếu", "by votes"),
    "women": Text("ưu tiên nữ (NĐ 152/2025 Đ4k6)", "women first (NĐ 152/2025 Đ4k6)"),
    "chair": Text("ý kiến Chủ tịch Hội đồng", "by the chair"),
}


def count(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Open and count the votes, judge every nominee, rank those that passed; returns whether a tie is left.

    The hash of the sorted opened ballots goes into the history with what this returns: whoever reads the
    table can count again and compare with the list of who has voted.
    """
    found = sessions.find(session, call)
    listed = sessions.nominees(session, found)
    cast = len(voting.votes_cast(session, found))
    if found.ballot == "secret" and not found.ballots_hash:
        ballots.open_box(session, found.id, [nominee.id for nominee in listed], cast)
        found.ballots_hash = ballots.digest(ballots.opened(session, found.id))
    needed = rulebook.vote_rules(session, listed, sessions.day_of(found))
    votes = tally_votes(session, found)
    women = {entry.nomination_id: entry.women_first for entry in found.entries}
    tallies = [
        Tally(
            nominee=nominee.id,
            kind=sessions.kind_of(found, nominee),
            yes=votes[nominee.id]["yes"],
            base=found.base if needed[nominee.form].base == "all_members" else cast,
            percent=needed[nominee.form].percent,
            strict=needed[nominee.form].strict,
            women_first=women[nominee.id],
        )
        for nominee in listed
    ]
    placings = counting.place(tallies, found.quota)
    session.execute(delete(CouncilVerdict).where(CouncilVerdict.session_id == found.id))
    rules = {nominee.id: needed[nominee.form] for nominee in listed}
    for tally, placing in zip(tallies, placings, strict=True):
        session.add(_verdict(found, tally, placing, votes[tally.nominee], rules[tally.nominee]))
    found.status = "counted"
    session.flush()
    session.expire(found, ["verdicts"])
    tied = any(placing.outcome == "tied" for placing in placings)
    return {"tied": tied, "ballot_count": cast, "ballots_hash": found.ballots_hash}


def _verdict(
    found: CouncilSession, tally: Tally, placing: Placing, votes: Mapping[str, int], rule: VoteRule
) -> CouncilVerdict:
    return CouncilVerdict(
        session_id=found.id,
        nomination_id=tally.nominee,
        yes=tally.yes,
        no=votes["no"],
        invalid=votes["blank"],
        base=tally.base,
        threshold=tally.percent,
        strict=tally.strict,
        passed=placing.passed,
        rank=placing.rank,
        outcome=placing.outcome,
        settled_by=placing.settled_by,
        source=rule.source,
        verified=rule.verified,
    )


def tally_votes(session: Session, found: CouncilSession) -> dict[int, Counter[str]]:
    """Return how many voted yes, no and blank on each nominee."""
    table = OpenedBallot if found.ballot == "secret" else OpenVote
    query = select(table.nomination_id, table.choice, func.count()).where(table.session_id == found.id)
    counted: dict[int, Counter[str]] = {entry.nomination_id: Counter() for entry in found.entries}
    for nominee, choice, number in session.execute(query.group_by(table.nomination_id, table.choice)):
        counted[nominee][choice] += number
    return counted


def verdicts(session: Session, session_id: int) -> Sequence[CouncilVerdict]:
    """Return what a session said of each nominee: those that passed by rank, then the others."""
    query = select(CouncilVerdict).where(CouncilVerdict.session_id == session_id)
    ranked = (CouncilVerdict.rank.is_(None), CouncilVerdict.rank, CouncilVerdict.nomination_id)
    return session.scalars(query.order_by(*ranked)).all()


def tied_rows(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Return the tied nominees with the places left for them (form source of `break_tie`)."""
    found = sessions.find(session, call)
    shown = {str(row["id"]): row for row in sessions.nominee_rows(session, found, sessions.day_of(found))}
    rows: list[Json] = []
    for verdict in verdicts(session, found.id):
        if verdict.outcome == "tied":
            votes = f"{verdict.yes}/{verdict.base} ({verdict.percent} %)"
            rows.append({**shown[str(verdict.nomination_id)], "votes": votes})
    left = {kind: places for kind, (_, places) in _tied_groups(session, found).items() if places}
    return {
        **sessions.heading(session, found),
        **sessions.listing(session, found, sessions.day_of(found)),
        "rows": rows,
        "places_left": sum(left.values()),
    }


def break_tie(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Take the chair's vote among the tied: exactly as many as there are places left, in every group."""
    found = sessions.find(session, call)
    given = nominations.parse_ids(calls.read_rows(call, "rows"))
    chosen = {nominee for nominee, (_, row) in given.items() if row.get("choice") == "yes"}
    groups = _tied_groups(session, found)
    for placings, places in groups.values():
        tied = {placing.nominee for placing in placings if placing.outcome == "tied"}
        if len(tied & chosen) != places:
            wrong = Text(
                f"Chọn đúng {places} trong {len(tied)} trường hợp bằng phiếu. Căn cứ: {CHAIR_DECIDES}.",
                f"Choose exactly {places} of {len(tied)} tied nominees. Source: {CHAIR_DECIDES}.",
            )
            paths = [f"rows.{given[one][0]}.choice" for one in sorted(tied & set(given))]
            calls.refuse_wrong({path: [wrong] for path in paths or ["rows"]})
    known = {verdict.nomination_id: verdict for verdict in found.verdicts}
    for placings, _ in groups.values():
        for placing in counting.break_tie(placings, frozenset(chosen)):
            verdict = known[placing.nominee]
            verdict.outcome, verdict.rank = placing.outcome, placing.rank
            verdict.settled_by = placing.settled_by
    session.flush()
    return {"tied": False}


def _tied_groups(session: Session, found: CouncilSession) -> dict[str, tuple[list[Placing], int]]:
    """Return the groups that have a tie: their placings and how many places the chair gives."""
    kinds = {one.id: sessions.kind_of(found, one) for one in sessions.nominees(session, found)}
    groups: dict[str, tuple[list[Placing], int]] = {}
    for kind in sorted(set(kinds.values())) if isinstance(found.quota, Mapping) else [""]:
        placings = [
            Placing(verdict.nomination_id, verdict.passed, verdict.outcome, verdict.rank, verdict.settled_by)
            for verdict in found.verdicts
            if kind in ("", kinds[verdict.nomination_id])
        ]
        limit = counting.limit_of(found.quota, kind)
        if limit is not None and any(placing.outcome == "tied" for placing in placings):
            groups[kind] = (placings, counting.places_left(placings, limit))
    return groups


def describe(verdict: CouncilVerdict) -> Text:
    """Return a verdict as people read it: votes of the base, percent, outcome, and what settled it."""
    said, settled = OUTCOMES[verdict.outcome], SETTLED[verdict.settled_by]
    votes = f"{verdict.yes}/{verdict.base} = {verdict.percent} %"
    by, by_en = (f" ({settled.vi})", f" ({settled.en})") if settled.vi else ("", "")
    return Text(f"{said.vi}: {votes}{by}", f"{said.en}: {votes}{by_en}")


def tell(session: Session, call: ServiceCall, found: CouncilSession) -> int:
    """Write the verdicts into the lineage of the nominees; return how many were selected."""
    listed: dict[int, Nomination] = {one.id: one for one in sessions.nominees(session, found)}
    for verdict in found.verdicts:
        nominations.add_step(
            listed[verdict.nomination_id], call, f"council_{verdict.outcome}", describe(verdict)
        )
    session.flush()
    return sum(verdict.outcome == "selected" for verdict in found.verdicts)
