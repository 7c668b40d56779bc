"""Call activities: what they ask for, give and take; the engine around the game runs the child."""

from __future__ import annotations

from collections.abc import Mapping

from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine.handlers import Json
from engine.spiff.activities import Activity
from engine.spiff.game import Call, Game, StepFailed

CALLED_VERSION = "bv:calledVersion"


class CallActivity(Activity):
    """A call activity waits for an instance of another process, a child of its own."""

    def begin(self, token: Task) -> bool:
        """Ask for the child.

        With input mappings it gets only those variables, else all that are visible, unless the diagram says
        which (`propagateAllParentVariables`).
        """
        current: Game = token.workflow
        details = self.element.details
        view = current.variables(token)
        process = current.evaluate(details.called_process or "", view)
        if not isinstance(process, str) or not process:
            raise StepFailed(
                element=self.element.id,
                reason="the process to call has no id",
                reason_vi="không rõ quy trình cần gọi",
            )
        binding, version = self._bind(token)
        token.internal_data["wait"] = {"kind": "call", "process": process}
        token._set_state(TaskState.WAITING)
        current.calls.append(Call(token.id, self.element.id, process, self._given(token), binding, version))
        return False

    def _given(self, token: Task) -> dict[str, Json]:
        """Return the variables that the child begins with."""
        current: Game = token.workflow
        details = self.element.details
        propagates = details.propagate_all_parent_variables
        if propagates is None:
            propagates = not details.inputs
        if propagates:
            return current.variables(token)
        return dict(current.scopes.rows[self.local(token)].variables)

    def _bind(self, token: Task) -> tuple[str, str]:
        """Return how the version of the called process is chosen, and its number or tag."""
        current: Game = token.workflow
        details = self.element.details
        pinned, view = details.properties.get(CALLED_VERSION), current.variables(token)
        if pinned is not None:
            return "version", str(current.evaluate(pinned, view))
        return details.called_binding, str(current.evaluate(details.called_version_tag or "", view))

    def receive(self, token: Task, values: Mapping[str, Json]) -> None:
        """Take the variables that the child ended with: through output mappings, or all, or none."""
        if self.element.details.outputs or self.element.details.propagate_all_child_variables:
            super().receive(token, values)
