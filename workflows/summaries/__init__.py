"""Sums up a movement across its finished cases: the request, the reports of the sở, the consolidation.

Trigger and outline: seed 002 (Công văn 1918/SNV-TĐKT of 17/10/2023, two years after the plan).
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.handlers import Handler, Registration
from workflows.summaries import reports, requests

_FUNCTIONS: dict[str, Handler] = {
    "summaries.open_request": requests.open_request,
    "summaries.record_report": requests.record_report,
    "summaries.mark_missing": requests.mark_missing,
    "summaries.request_values": requests.request_values,
    "summaries.write_request": requests.write,
    "summaries.sign_request": requests.sign,
    "summaries.open_report": reports.open_report,
    "summaries.contribution_values": reports.contribution_values,
    "summaries.contribute": reports.contribute,
    "summaries.draft": reports.draft,
    "summaries.report_values": reports.report_values,
    "summaries.write": reports.write,
    "summaries.sign": reports.sign,
}
HANDLERS: Mapping[str, Registration] = {name: Registration(function) for name, function in _FUNCTIONS.items()}
