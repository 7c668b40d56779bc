import { getBusinessObject } from 'bpmn-js/lib/util/ModelUtil';

import { findExtension, setExtension } from './extensions.js';
import { useServices } from './services.js';
import { SuggestEntry, isSuggestEdited, isUnknown } from './suggest-entry.js';

const TYPE = 'zeebe:TaskDefinition';

function JobType({ element, id }) {
  const services = useServices();
  const { translate, lists } = services;
  const businessObject = getBusinessObject(element);
  const definition = findExtension(businessObject, TYPE);
  const value = definition?.get('type');
  const options = lists.get('jobTypes');
  return SuggestEntry({
    element,
    id,
    label: translate('Job type'),
    options,
    value,
    onChange: (type) =>
      setExtension(services, element, businessObject, TYPE, { type, retries: definition?.get('retries') }),
    // workers of others may serve a type that this server does not know: a hint, not an error of the diagram
    warning: isUnknown(value, options) && translate('No handler of this server; an outside worker must serve it.'),
  });
}

/** The job type with the server's handlers as suggestions. */
export const jobTypeEntry = { id: 'taskDefinitionType', component: JobType, isEdited: isSuggestEdited };
