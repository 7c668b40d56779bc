import { getBusinessObject, is } from 'bpmn-js/lib/util/ModelUtil';

/**
 * Reads and writes extension elements, one undo step per edit.
 *
 * `services` = { commandStack, bpmnFactory } of the running modeler.
 */

/** The moddle element whose extensions an element shows: a pool shows those of its process, as the stock panel does. */
export function ownerOf(element) {
  const businessObject = getBusinessObject(element);
  return is(businessObject, 'bpmn:Participant') ? businessObject.processRef : businessObject;
}

export function findExtension(businessObject, type) {
  const values = businessObject?.get('extensionElements')?.get('values') ?? [];
  return values.find((value) => is(value, type));
}

function update(element, moddleElement, properties) {
  return { cmd: 'element.updateModdleProperties', context: { element, moddleElement, properties } };
}

function run(services, commands) {
  services.commandStack.execute('properties-panel.multi-command-executor', commands);
}

function create(services, type, parent, properties) {
  const created = services.bpmnFactory.create(type, properties);
  created.$parent = parent;
  return created;
}

/**
 * Finds or creates `extensionElements > type` of one moddle element; returns it with the commands that make it real.
 *
 * A new extension starts with `initial`: behaviours take away extensions that are empty between two commands.
 */
function ensure(services, element, businessObject, type, initial = {}) {
  const commands = [];
  let container = businessObject.get('extensionElements');
  if (!container) {
    container = create(services, 'bpmn:ExtensionElements', businessObject, { values: [] });
    commands.push(update(element, businessObject, { extensionElements: container }));
  }
  let extension = findExtension(businessObject, type);
  if (!extension) {
    extension = create(services, type, container, initial);
    commands.push(update(element, container, { values: [...container.get('values'), extension] }));
  }
  return { commands, container, extension };
}

function without(container, extension) {
  return { values: container.get('values').filter((value) => value !== extension) };
}

/** Sets attributes of one extension element; takes the element away when nothing is left in it. */
export function setExtension(services, element, businessObject, type, attributes) {
  const given = Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined && value !== ''));
  const existing = findExtension(businessObject, type);
  if (!Object.keys(given).length) {
    if (existing) {
      const container = businessObject.get('extensionElements');
      run(services, [update(element, container, without(container, existing))]);
    }
    return;
  }
  const { commands, extension } = ensure(services, element, businessObject, type, given);
  run(services, existing ? [update(element, extension, attributes)] : commands);
}

/** The value of one `<zeebe:property name=… value=…/>`, or undefined. */
export function getProperty(element, name) {
  const properties = findExtension(ownerOf(element), 'zeebe:Properties')?.get('properties') ?? [];
  return properties.find((property) => property.get('name') === name)?.get('value');
}

/** Sets, or with an empty value removes, one `<zeebe:property/>`; the last one takes its container along. */
export function setProperty(services, element, name, value) {
  const owner = ownerOf(element);
  if (value === undefined || value === null || value === '') {
    removeProperty(services, element, owner, name);
    return;
  }
  const { commands, extension } = ensure(services, element, owner, 'zeebe:Properties');
  const list = extension.get('properties');
  const current = list.find((property) => property.get('name') === name);
  if (current) {
    commands.push(update(element, current, { value: String(value) }));
  } else {
    const added = create(services, 'zeebe:Property', extension, { name, value: String(value) });
    commands.push(update(element, extension, { properties: [...list, added] }));
  }
  run(services, commands);
}

function removeProperty(services, element, owner, name) {
  const extension = findExtension(owner, 'zeebe:Properties');
  const list = extension?.get('properties') ?? [];
  const rest = list.filter((property) => property.get('name') !== name);
  if (rest.length === list.length) {
    return;
  }
  const container = owner.get('extensionElements');
  run(services, [
    rest.length
      ? update(element, extension, { properties: rest })
      : update(element, container, without(container, extension)),
  ]);
}
