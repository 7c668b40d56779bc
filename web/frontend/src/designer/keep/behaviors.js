/**
 * Switches off the Camunda behaviours that delete what our engine runs.
 *
 * - cleanUpTimerExpressionBehavior: any edit of an interrupting boundary timer or of a catch timer deletes its timeCycle;
 * - cleanUpMessageRefBehavior: "change element" takes the message from a send task or throw event;
 * - cleanUpTaskListenersBehavior: any edit of a user task without <zeebe:userTask/> deletes its listeners.
 *
 * Must come after the Camunda module in the list of modules: the later definition of a name wins.
 */
export const KeepBehaviorsModule = {
  cleanUpTimerExpressionBehavior: ['value', null],
  cleanUpMessageRefBehavior: ['value', null],
  cleanUpTaskListenersBehavior: ['value', null],
};
