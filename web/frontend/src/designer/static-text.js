import { getBusinessObject } from 'bpmn-js/lib/util/ModelUtil';

import { findExtension } from './panel/extensions.js';

/**
 * Finds text that was probably meant as an expression.
 *
 * A field that takes FEEL or plain text stores what is typed without "=" as plain text. That is right for a group or a
 * date and wrong for a variable, and nothing else reports it. Findings have the shape of the server's.
 */
const FIELDS = [
  ['zeebe:AssignmentDefinition', ['assignee', 'candidateGroups', 'candidateUsers']],
  ['zeebe:TaskSchedule', ['dueDate', 'followUpDate']],
];
const DATES = new Set(['dueDate', 'followUpDate']);

/** ISO 8601 date and time with a zone, as the engine reads it. */
const ISO_DATE_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/;

const isPlain = (value) => typeof value === 'string' && value !== '' && !value.startsWith('=');
const firstName = (value) => value.split('.')[0].trim();

function warn(element, rule, text, remedy) {
  return { severity: 'warning', rule, element: element.id, line: null, text, remedy };
}

function checkFields(element, variables, translate) {
  const findings = [];
  for (const [type, names] of FIELDS) {
    const extension = findExtension(getBusinessObject(element), type);
    for (const name of names) {
      const value = extension?.get(name);
      if (!isPlain(value)) {
        continue;
      }
      const remedy = translate('To use a value of the process, write “={value}”.', { value });
      if (variables.has(firstName(value))) {
        const text = translate('“{value}” is stored as plain text, but a variable has this name.', { value });
        findings.push(warn(element, 'static-text', text, remedy));
      } else if (DATES.has(name) && !ISO_DATE_TIME.test(value)) {
        const text = translate('“{value}” is not a date and time with a time zone (2026-10-16T00:00:00+07:00).', { value });
        findings.push(warn(element, 'static-date', text, remedy));
      }
    }
  }
  return findings;
}

function checkMappings(element, translate) {
  const mapping = findExtension(getBusinessObject(element), 'zeebe:IoMapping');
  const parameters = [...(mapping?.get('inputParameters') ?? []), ...(mapping?.get('outputParameters') ?? [])];
  return parameters
    .filter((parameter) => isPlain(parameter.get('source')))
    .map((parameter) => {
      const value = parameter.get('source');
      const target = parameter.get('target');
      const text = translate('The variable “{target}” gets the plain text “{value}”.', { target, value });
      return warn(element, 'static-source', text, translate('To use a value of the process, write “={value}”.', { value }));
    });
}

function checkProperties(element, translate) {
  const properties = findExtension(getBusinessObject(element), 'zeebe:Properties')?.get('properties') ?? [];
  return properties
    .filter((property) => !property.get('name'))
    .map(() =>
      warn(
        element,
        'empty-property',
        translate('An extension property has no name.'),
        translate('Give it a name or delete it.'),
      ),
    );
}

/** All such findings of the open diagram. */
export function findStaticText(modeler, translate) {
  const variables = new Set(modeler.get('variableResolver').list().map((variable) => variable.name));
  return modeler
    .get('elementRegistry')
    .filter((element) => !element.labelTarget)
    .flatMap((element) => [
      ...checkFields(element, variables, translate),
      ...checkMappings(element, translate),
      ...checkProperties(element, translate),
    ]);
}
