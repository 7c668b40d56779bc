import { is } from 'bpmn-js/lib/util/ModelUtil';

import { createStartFormGroup, formEntry } from './form-entry.js';
import { jobTypeEntry } from './job-type-entry.js';
import { createActivationGroup, createLoopGroup } from './loop-group.js';
import { createSentMessageGroup } from './message-group.js';
import { PREFIX, createRulesGroup } from './rules-group.js';

/** Below the zeebe provider's 500: runs after it and may therefore change what it offers. */
const AFTER_ZEEBE = 400;

/** Stock groups for choices that our engine does not have. */
const HIDDEN_GROUPS = new Set([
  'businessRuleImplementation',
  'scriptImplementation',
  'userTaskImplementation',
  'adHocSubProcessImplementation',
]);
const HIDDEN_ENTRIES = new Set(['bindingType', 'versionTag', 'customFormKey']);

const GROUPS_BEFORE = [createRulesGroup, createSentMessageGroup];
const GROUPS_AFTER = [createStartFormGroup, createLoopGroup, createActivationGroup];

function listTimerTypes(translate) {
  return [
    { value: 'timeDate', label: translate('Date') },
    { value: 'timeDuration', label: translate('Duration') },
    { value: 'timeCycle', label: translate('Cycle') },
  ];
}

const CHANGES = {
  form: (group, element) => (is(element, 'bpmn:UserTask') ? { ...group, entries: [formEntry] } : group),
  taskDefinition: (group) => ({
    ...group,
    entries: group.entries.map((entry) => (entry.id === jobTypeEntry.id ? jobTypeEntry : entry)),
  }),
  // the stock list leaves out the cycle where Camunda does not run it, and would show a blank type for ours
  timer: (group, element, translate) => ({
    ...group,
    entries: group.entries.map((entry) =>
      entry.id === 'timerEventDefinitionType' ? { ...entry, options: listTimerTypes(translate) } : entry,
    ),
  }),
  Zeebe__ExtensionProperties: (group) => ({
    ...group,
    items: group.items.filter((item) => !item.label.startsWith(PREFIX)),
  }),
  // the stock label is "Completing: type" whatever the language
  Zeebe__TaskListeners: (group, element, translate) => ({
    ...group,
    items: group.items.map((item) => ({
      ...item,
      label: item.label.replace(/^[A-Z][a-z]+(?=: )/, (event) => translate(event)),
    })),
  }),
};

function change(group, element, translate) {
  const changed = CHANGES[group.id]?.(group, element, translate) ?? group;
  return {
    ...changed,
    // the frame's own texts ("Toggle section", …) are only translated when the group brings the function along
    translate,
    ...(changed.entries && { entries: changed.entries.filter((entry) => !HIDDEN_ENTRIES.has(entry.id)) }),
  };
}

class OwnProvider {
  static $inject = ['propertiesPanel', 'translate'];

  constructor(propertiesPanel, translate) {
    this.getGroups = (element) => (groups) => {
      const make = (creators) => creators.map((create) => create(element, translate)).filter(Boolean);
      const [general, ...others] = groups.filter((group) => !HIDDEN_GROUPS.has(group.id));
      return [general, ...make(GROUPS_BEFORE), ...others, ...make(GROUPS_AFTER)]
        .filter(Boolean)
        .map((group) => change(group, element, translate))
        .filter((group) => group.items || group.entries?.length);
    };
    // registering asks for groups at once, so this comes last
    propertiesPanel.registerProvider(AFTER_ZEEBE, this);
  }
}

export const OwnPropertiesProviderModule = {
  __init__: ['ownPropertiesProvider'],
  ownPropertiesProvider: ['type', OwnProvider],
};
