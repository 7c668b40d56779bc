import {
  FeelEntry,
  Group,
  SelectEntry,
  TextFieldEntry,
  isFeelEntryEdited,
  isSelectEntryEdited,
  isTextFieldEntryEdited,
} from '@bpmn-io/properties-panel';
import { getBusinessObject, is } from 'bpmn-js/lib/util/ModelUtil';
import { isAny } from 'bpmn-js/lib/features/modeling/util/ModelingUtil';

import { findExtension, setExtension } from './extensions.js';
import { useServices } from './services.js';

/**
 * The message that a throw event, message end event or send task publishes.
 *
 * Camunda lets a job worker send messages, so the stock panel has no message there; our engine publishes
 * the message itself, with the correlation key evaluated in the sender's scope.
 */

const NEW = '+';

/** The moddle element that carries `messageRef`, or undefined when the element sends none. */
function senderOf(element) {
  const businessObject = getBusinessObject(element);
  if (is(businessObject, 'bpmn:SendTask')) {
    return businessObject;
  }
  if (isAny(businessObject, ['bpmn:IntermediateThrowEvent', 'bpmn:EndEvent'])) {
    return businessObject.get('eventDefinitions').find((definition) => is(definition, 'bpmn:MessageEventDefinition'));
  }
  return undefined;
}

function definitionsOf(moddleElement) {
  return is(moddleElement, 'bpmn:Definitions') ? moddleElement : definitionsOf(moddleElement.$parent);
}

function update(element, moddleElement, properties) {
  return { cmd: 'element.updateModdleProperties', context: { element, moddleElement, properties } };
}

function chooseMessage({ commandStack, bpmnFactory }, element, choice) {
  const sender = senderOf(element);
  const definitions = definitionsOf(sender);
  const rootElements = definitions.get('rootElements');
  const commands = [];
  let message = rootElements.find((root) => is(root, 'bpmn:Message') && root.get('id') === choice);
  if (choice === NEW) {
    message = bpmnFactory.create('bpmn:Message');
    message.name = message.get('id');
    message.$parent = definitions;
    commands.push(update(element, definitions, { rootElements: [...rootElements, message] }));
  }
  commands.push(update(element, sender, { messageRef: message }));
  commandStack.execute('properties-panel.multi-command-executor', commands);
}

function MessageChoice({ element, id }) {
  const services = useServices();
  const { translate } = services;
  const sender = senderOf(element);
  const messages = definitionsOf(sender)
    .get('rootElements')
    .filter((root) => is(root, 'bpmn:Message'));
  return SelectEntry({
    element,
    id,
    label: translate('Global message reference'),
    getValue: () => sender.get('messageRef')?.get('id') ?? '',
    setValue: (choice) => chooseMessage(services, element, choice),
    getOptions: () => [
      { value: '', label: translate('<none>') },
      { value: NEW, label: translate('Create new ...') },
      ...messages.map((message) => ({ value: message.get('id'), label: message.get('name') || message.get('id') })),
    ],
  });
}

function MessageName({ element, id, message }) {
  const { commandStack, debounce, translate } = useServices();
  return TextFieldEntry({
    element,
    id,
    label: translate('Name'),
    debounce,
    getValue: () => message.get('name'),
    setValue: (name) =>
      commandStack.execute('element.updateModdleProperties', { element, moddleElement: message, properties: { name } }),
  });
}

function CorrelationKey({ element, id, message }) {
  const services = useServices();
  const { debounce, translate, variables } = services;
  return FeelEntry({
    element,
    id,
    label: translate('Subscription correlation key'),
    feel: 'required',
    variables,
    translate,
    debounce,
    getValue: () => findExtension(message, 'zeebe:Subscription')?.get('correlationKey'),
    setValue: (correlationKey) => setExtension(services, element, message, 'zeebe:Subscription', { correlationKey }),
  });
}

export function createSentMessageGroup(element, translate) {
  const sender = senderOf(element);
  if (!sender) {
    return null;
  }
  const message = sender.get('messageRef');
  const entries = [{ id: 'sentMessageRef', component: MessageChoice, isEdited: isSelectEntryEdited }];
  if (message) {
    entries.push(
      { id: 'sentMessageName', component: MessageName, message, isEdited: isTextFieldEntryEdited },
      { id: 'sentMessageKey', component: CorrelationKey, message, isEdited: isFeelEntryEdited },
    );
  }
  return { id: 'sentMessage', label: translate('Message to send'), component: Group, entries };
}
