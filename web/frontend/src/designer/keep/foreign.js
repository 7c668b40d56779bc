/**
 * Keeps extension elements and attributes of other tools through copy, paste and "change element".
 *
 * Those run through ModdleCopy, which silently drops what has no moddle descriptor
 * (camunda:, spiffworkflow:, any vendor's namespace).
 */

/** Above the listeners of bpmn-js (default 1000), so that ours answers first. */
const FIRST = 5000;

function clone(moddle, element) {
  const { $type, $children, ...properties } = element;
  const copy = moddle.createAny($type, element.$descriptor.ns.uri, { ...properties });
  if ($children) {
    copy.$children = $children.map((child) => {
      const childCopy = clone(moddle, child);
      childCopy.$parent = copy;
      return childCopy;
    });
  }
  return copy;
}

class KeepForeign {
  static $inject = ['eventBus', 'moddle'];

  constructor(eventBus, moddle) {
    eventBus.on('moddleCopy.canCopyProperty', FIRST, ({ property, propertyName }) => {
      const foreign = propertyName === 'values' && !Array.isArray(property) && property?.$descriptor?.isGeneric;
      return foreign ? clone(moddle, property) : undefined;
    });

    eventBus.on('moddleCopy.canCopyProperties', FIRST, ({ sourceElement, targetElement }) => {
      for (const [name, value] of Object.entries(sourceElement.$attrs ?? {})) {
        if (name.includes(':') && !name.startsWith('xmlns') && !(name in targetElement.$attrs)) {
          targetElement.$attrs[name] = value;
        }
      }
    });
  }
}

export const KeepForeignModule = { __init__: ['keepForeign'], keepForeign: ['type', KeepForeign] };
