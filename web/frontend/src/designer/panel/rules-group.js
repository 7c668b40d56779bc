import {
  CheckboxEntry,
  FeelEntry,
  Group,
  NumberFieldEntry,
  isCheckboxEntryEdited,
  isFeelEntryEdited,
  isNumberFieldEntryEdited,
} from '@bpmn-io/properties-panel';
import { is } from 'bpmn-js/lib/util/ModelUtil';

import { getProperty, setProperty } from './extensions.js';
import { useServices } from './services.js';
import { SuggestEntry, isSuggestEdited, isUnknown } from './suggest-entry.js';

/** Prefix of the organisation's own properties; the stock list of extension properties leaves them out. */
export const PREFIX = 'bv:';

function useProperty(element, name) {
  const services = useServices();
  return {
    ...services,
    getValue: () => getProperty(element, name) ?? '',
    setValue: (value) => setProperty(services, element, name, value),
  };
}

function WorkingDays({ element, id, name, text, help }) {
  const { debounce, translate, getValue, setValue } = useProperty(element, name);
  return NumberFieldEntry({
    element,
    id,
    label: translate(text),
    description: help && translate(help),
    min: 0,
    step: 1,
    debounce,
    getValue: () => (getValue() === '' ? undefined : Number(getValue())),
    setValue,
  });
}

function Check({ element, id, name, text, help }) {
  const { translate, getValue, setValue } = useProperty(element, name);
  return CheckboxEntry({
    element,
    id,
    label: translate(text),
    description: help && translate(help),
    getValue: () => getValue() === 'true',
    setValue: (checked) => setValue(checked ? 'true' : ''),
  });
}

function Expression({ element, id, name, text, help }) {
  const { debounce, translate, variables, getValue, setValue } = useProperty(element, name);
  return FeelEntry({
    element,
    id,
    label: translate(text),
    description: help && translate(help),
    feel: 'required',
    variables,
    translate,
    debounce,
    getValue,
    setValue,
  });
}

function TextOrExpression({ element, id, name, text, help }) {
  const { debounce, translate, variables, getValue, setValue } = useProperty(element, name);
  return FeelEntry({
    element,
    id,
    label: translate(text),
    description: help && translate(help),
    feel: 'optional',
    variables,
    translate,
    debounce,
    getValue,
    setValue,
  });
}

function Suggestion({ element, id, name, text, help, list }) {
  const { translate, lists, getValue, setValue } = useProperty(element, name);
  const options = lists.get(list);
  return SuggestEntry({
    element,
    id,
    label: translate(text),
    description: help && translate(help),
    options,
    value: getValue(),
    onChange: setValue,
    warning: isUnknown(getValue(), options) && translate('The server does not know this id.'),
  });
}

/** Which property is offered on which kind of element, and how it is edited. */
const ENTRIES = [
  {
    on: 'bpmn:UserTask',
    key: 'subject',
    component: Expression,
    isEdited: isFeelEntryEdited,
    text: 'Subject shown in task lists',
    help: 'For example: ="Proposal of " + office',
  },
  {
    on: 'bpmn:UserTask',
    key: 'formSource',
    component: Suggestion,
    isEdited: isSuggestEdited,
    list: 'jobTypes',
    text: 'Source of the form’s data',
  },
  {
    on: 'bpmn:UserTask',
    key: 'dueInWorkingDays',
    component: WorkingDays,
    isEdited: isNumberFieldEntryEdited,
    text: 'Due in (working days)',
  },
  {
    on: 'bpmn:UserTask',
    key: 'dueFrom',
    component: TextOrExpression,
    isEdited: isFeelEntryEdited,
    text: 'Working days counted from',
    help: 'A date that is not counted itself; when left out, the day the task begins.',
  },
  {
    on: 'bpmn:UserTask',
    key: 'calendar',
    component: TextOrExpression,
    isEdited: isFeelEntryEdited,
    text: 'Working calendar',
    help: 'Code of a unit with hours and days of its own; when left out, the common one.',
  },
  {
    on: 'bpmn:UserTask',
    key: 'remindBefore',
    component: TextOrExpression,
    isEdited: isFeelEntryEdited,
    text: 'Remind before it is due (working days)',
    help: 'For example: 2,1',
  },
  {
    on: 'bpmn:UserTask',
    key: 'remindAfter',
    component: TextOrExpression,
    isEdited: isFeelEntryEdited,
    text: 'Remind after it was due (working days)',
  },
  {
    on: 'bpmn:UserTask',
    key: 'remindUnclaimed',
    component: TextOrExpression,
    isEdited: isFeelEntryEdited,
    text: 'Remind while nobody has taken it (working days)',
  },
  {
    on: 'bpmn:UserTask',
    key: 'escalateAfter',
    component: TextOrExpression,
    isEdited: isFeelEntryEdited,
    text: 'Escalate after it was due (working days)',
    help: 'One number per level, for example: 1,3',
  },
  {
    on: 'bpmn:UserTask',
    key: 'escalateTo',
    component: TextOrExpression,
    isEdited: isFeelEntryEdited,
    text: 'Escalate to (groups)',
    help: 'One group per level; the last one repeats.',
  },
  {
    on: 'bpmn:UserTask',
    key: 'fourEyes',
    component: Check,
    isEdited: isCheckboxEntryEdited,
    text: 'Must not be done by whoever did an earlier step',
  },
  {
    on: 'bpmn:UserTask',
    key: 'secret',
    component: Check,
    isEdited: isCheckboxEntryEdited,
    text: 'Secret: what is typed reaches the completing listener only',
    help: 'Never history, variables or logs; for example a secret ballot.',
  },
];

/** The group "Quy định của cơ quan" of an element, or null when it has no such rules. */
export function createRulesGroup(element, translate) {
  const entries = ENTRIES.filter((entry) => is(element, entry.on)).map(({ key, on, ...entry }) => ({
    ...entry,
    id: `bv-${key}`,
    name: PREFIX + key,
  }));
  if (!entries.length) {
    return null;
  }
  return { id: 'bv', label: translate('Rules of the organisation'), component: Group, entries, shouldOpen: true };
}
