"""Sub-processes: a scope of their own in which elements run; done when nothing is left there."""

from __future__ import annotations

from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine.spiff import ad_hoc, listeners
from engine.spiff.activities import Activity
from engine.spiff.game import Game


class SubProcess(Activity):
    """An embedded or event sub-process."""

    def begin(self, token: Task) -> bool:
        """Start inside: at the event that fired, at the start event, or with all that nothing leads to."""
        current: Game = token.workflow
        starts = self.entries(token)
        scope = self.local(token)
        token.internal_data["inner"] = True
        self.note_entered(token)
        token._set_state(TaskState.STARTED)
        listeners.open_scope(current, scope, self.element.id)
        if not listeners.enter(token, scope):
            for start in starts:
                current.place(start, scope, triggered=True)
        return False

    def entries(self, token: Task) -> list[str]:
        """Return the ids of the elements to begin with; what can fail does so before anything begins."""
        starts = self.process.start_events(self.element.id)[:1]
        return [start.id for start in starts or self.process.implicit_starts(self.element.id)]


class AdHocSubProcess(SubProcess):
    """An ad-hoc sub-process: what lies inside starts without flows."""

    def entries(self, token: Task) -> list[str]:
        """Return what starts now; of a sequential one the others follow one after the other."""
        return ad_hoc.entries(token, self.element)

    def start_next(self, token: Task) -> bool:
        """Start the next activity of a sequential one."""
        return ad_hoc.start_next(token)
