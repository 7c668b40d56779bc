/**
 * Keeps `<bpmn:loopDataInputRef>name</…>` whose text names a variable instead of an element.
 *
 * bpmn-moddle drops a reference that it cannot resolve, and with it the collection of a multi-instance step.
 * An item-aware element with that id, referenced only, is written back as the same text.
 */
const LOOP_REFERENCE = /^bpmn:(loopData(?:In|Out)putRef)$/;

class KeepLoopRefs {
  static $inject = ['eventBus', 'bpmnFactory'];

  constructor(eventBus, bpmnFactory) {
    eventBus.on('import.parse.complete', ({ references = [], warnings = [] }) => {
      for (const { element, property, id } of references) {
        const name = LOOP_REFERENCE.exec(property)?.[1];
        const warning = warnings.findIndex(({ message }) => message === `unresolved reference <${id}>`);
        // no warning: the reference was resolved to a real element
        if (name && warning >= 0) {
          element[name] = bpmnFactory.create('bpmn:ItemAwareElement', { id });
          warnings.splice(warning, 1);
        }
      }
    });
  }
}

export const KeepLoopRefsModule = { __init__: ['keepLoopRefs'], keepLoopRefs: ['type', KeepLoopRefs] };
