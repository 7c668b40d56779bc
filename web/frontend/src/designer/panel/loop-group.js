import {
  CheckboxEntry,
  FeelEntry,
  Group,
  NumberFieldEntry,
  isCheckboxEntryEdited,
  isFeelEntryEdited,
  isNumberFieldEntryEdited,
} from '@bpmn-io/properties-panel';
import { getBusinessObject, is } from 'bpmn-js/lib/util/ModelUtil';

import { useServices } from './services.js';

/** Groups of BPMN that the stock panel lacks: the standard loop and the complex gateway. */

function useAttribute(element, moddleElement, name) {
  const { commandStack, debounce, translate } = useServices();
  return {
    debounce,
    translate,
    getValue: () => moddleElement.get(name),
    setValue: (value) =>
      commandStack.execute('element.updateModdleProperties', {
        element,
        moddleElement,
        properties: { [name]: value === '' ? undefined : value },
      }),
  };
}

/** A FEEL editor on a property that holds a bpmn:FormalExpression. */
function Formal({ element, id, text, moddleElement, name }) {
  const { bpmnFactory, variables } = useServices();
  const { debounce, translate, getValue, setValue } = useAttribute(element, moddleElement, name);
  return FeelEntry({
    element,
    id,
    label: translate(text),
    feel: 'required',
    variables,
    translate,
    debounce,
    getValue: () => getValue()?.get('body'),
    setValue(body) {
      const expression = body ? bpmnFactory.create('bpmn:FormalExpression', { body }) : undefined;
      if (expression) {
        expression.$parent = moddleElement;
      }
      setValue(expression);
    },
  });
}

function Maximum({ element, id, moddleElement }) {
  const attribute = useAttribute(element, moddleElement, 'loopMaximum');
  return NumberFieldEntry({ element, id, label: attribute.translate('At most (times)'), min: 1, step: 1, ...attribute });
}

function TestBefore({ element, id, moddleElement }) {
  const attribute = useAttribute(element, moddleElement, 'testBefore');
  return CheckboxEntry({ element, id, label: attribute.translate('Test before the first run'), ...attribute });
}

export function createLoopGroup(element, translate) {
  const loop = getBusinessObject(element).loopCharacteristics;
  if (!is(loop, 'bpmn:StandardLoopCharacteristics')) {
    return null;
  }
  const entry = { moddleElement: loop };
  return {
    id: 'standardLoop',
    label: translate('Loop'),
    component: Group,
    entries: [
      {
        ...entry,
        id: 'loopCondition',
        name: 'loopCondition',
        text: 'Repeat while',
        component: Formal,
        isEdited: isFeelEntryEdited,
      },
      { ...entry, id: 'loopMaximum', component: Maximum, isEdited: isNumberFieldEntryEdited },
      { ...entry, id: 'testBefore', component: TestBefore, isEdited: isCheckboxEntryEdited },
    ],
  };
}

export function createActivationGroup(element, translate) {
  if (!is(element, 'bpmn:ComplexGateway')) {
    return null;
  }
  return {
    id: 'complexGateway',
    label: translate('Activation condition'),
    component: Group,
    entries: [
      {
        id: 'activationCondition',
        name: 'activationCondition',
        text: 'Go on when',
        moddleElement: getBusinessObject(element),
        component: Formal,
        isEdited: isFeelEntryEdited,
      },
    ],
  };
}
