import { Group } from '@bpmn-io/properties-panel';
import { getBusinessObject, is } from 'bpmn-js/lib/util/ModelUtil';

import { findExtension, setExtension } from './extensions.js';
import { useServices } from './services.js';
import { SuggestEntry, isSuggestEdited, isUnknown } from './suggest-entry.js';

const TYPE = 'zeebe:FormDefinition';

function FormField({ element, id }) {
  const services = useServices();
  const { translate, lists } = services;
  const businessObject = getBusinessObject(element);
  const value = findExtension(businessObject, TYPE)?.get('formId');
  const options = lists.get('forms');
  return SuggestEntry({
    element,
    id,
    label: translate('Form'),
    options,
    value,
    // the other two ways to name a form are not ours: choosing one of the server's forms clears them
    onChange: (formId) =>
      setExtension(services, element, businessObject, TYPE, { formId, formKey: undefined, externalReference: undefined }),
    warning: isUnknown(value, options) && translate('The server does not know this form.'),
  });
}

/** One field with the server's forms instead of the stock group's four ways to name a form. */
export const formEntry = { id: 'formId', component: FormField, isEdited: isSuggestEdited };

/** The form of a plain start event, which the stock panel does not offer; null elsewhere. */
export function createStartFormGroup(element, translate) {
  const plain = is(element, 'bpmn:StartEvent') && !getBusinessObject(element).get('eventDefinitions')?.length;
  return plain ? { id: 'form', label: translate('Form'), component: Group, entries: [formEntry] } : null;
}
