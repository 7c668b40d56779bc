"""Word every rule of the check once: severity, what is wrong, what to do, in Vietnamese and English.

Sources: BPMN 2.0.2 (OMG formal/2013-12-09) for structure, the dialect of Camunda 8 for `zeebe:` elements, and
what this engine executes. An error refuses a deployment, a warning never does.
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.bpmn.checking_rules_dialect import CONSTRUCTS, DIALECT
from engine.bpmn.checking_rules_structure import READING, STRUCTURE, Rule

RULES: Mapping[str, Rule] = READING | STRUCTURE | CONSTRUCTS | DIALECT
