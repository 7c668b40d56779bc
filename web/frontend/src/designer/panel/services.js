import { useService } from 'bpmn-js-properties-panel';

/** What an entry component needs of the modeler; call it inside a component only (it is a hook). */
export function useServices() {
  return {
    commandStack: useService('commandStack'),
    bpmnFactory: useService('bpmnFactory'),
    debounce: useService('debounceInput'),
    translate: useService('translate'),
    lists: useService('serverLists'),
    variables: useService('variableResolver').list(),
  };
}
