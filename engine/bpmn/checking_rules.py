"""Word every rule of the check once: severity, what is wrong, what to do, in Vietnamese and English.

Sources: BPMN 2.0.2 (OMG formal/2013-12-09) for structure, the dialect of Camunda 8 for `zeebe:` elements, and
what this engine executes. An error refuses a deployment, a warning or a note never does.
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.bpmn.checking_rules_data import DATA
from engine.bpmn.checking_rules_decisions import DECISIONS
from engine.bpmn.checking_rules_dialect import CONSTRUCTS, DIALECT
from engine.bpmn.checking_rules_standard import STANDARD
from engine.bpmn.checking_rules_structure import READING, STRUCTURE, Rule

RULES: Mapping[str, Rule] = READING | STRUCTURE | STANDARD | DATA | CONSTRUCTS | DIALECT | DECISIONS
# rules of STRUCTURE that judge how a valid diagram would run
_SOUNDNESS = (
    "no-process",
    "missing-start",
    "several-none-starts",
    "missing-condition",
    "endless-loop",
    "busy-loop",
    "deadlock",
    "possible-deadlock",
    "runs-twice",
    "missing-default",
    "cancel-uncaught",
    "recursive-call",
)
CATEGORIES: Mapping[str, str] = (
    dict.fromkeys(READING, "reading")
    | dict.fromkeys(STRUCTURE | STANDARD | DATA, "structure")
    | dict.fromkeys(_SOUNDNESS, "soundness")
    | dict.fromkeys(CONSTRUCTS, "not executed")
    | dict.fromkeys(DIALECT, "dialect")
    | dict.fromkeys(DECISIONS, "decision")
)
