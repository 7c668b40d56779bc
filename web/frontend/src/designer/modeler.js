import BpmnModeler from 'bpmn-js/lib/Modeler';
import { CreateAppendAnythingModule } from 'bpmn-js-create-append-anything';
import {
  BpmnPropertiesPanelModule,
  BpmnPropertiesProviderModule,
  ZeebePropertiesProviderModule,
} from 'bpmn-js-properties-panel';
import CamundaCloudBehaviors from 'camunda-bpmn-js-behaviors/lib/camunda-cloud';
import MinimapModule from 'diagram-js-minimap';
import zeebe from 'zeebe-bpmn-moddle/resources/zeebe.json';

import { KeepBehaviorsModule } from './keep/behaviors.js';
import { KeepForeignModule } from './keep/foreign.js';
import { KeepLoopRefsModule } from './keep/loop-refs.js';
import { OwnPropertiesProviderModule } from './panel/index.js';
import { VariablesModule } from './variables.js';

import 'bpmn-js/dist/assets/diagram-js.css';
import 'bpmn-js/dist/assets/bpmn-js.css';
import 'bpmn-js/dist/assets/bpmn-font/css/bpmn.css';
import '@bpmn-io/properties-panel/dist/assets/properties-panel.css';
import 'diagram-js-minimap/assets/diagram-js-minimap.css';

/**
 * Makes the modeler with the Zeebe panel, our own groups and the modules that keep what others wrote.
 *
 * lists: see lists.js; debounce: see panel/debounce.js. Only the zeebe descriptor is registered: elements of a namespace *without* descriptor survive
 * whole, unknown ones of a namespace with a descriptor are dropped.
 */
export function createModeler({ canvas, panel, lists, translate, debounce }) {
  return new BpmnModeler({
    container: canvas,
    propertiesPanel: { parent: panel },
    moddleExtensions: { zeebe },
    additionalModules: [
      BpmnPropertiesPanelModule,
      BpmnPropertiesProviderModule,
      ZeebePropertiesProviderModule,
      CamundaCloudBehaviors,
      KeepBehaviorsModule,
      KeepForeignModule,
      KeepLoopRefsModule,
      OwnPropertiesProviderModule,
      CreateAppendAnythingModule,
      MinimapModule,
      VariablesModule,
      {
        translate: ['value', translate],
        debounceInput: ['value', debounce.debounceInput],
        serverLists: ['value', lists],
      },
    ],
  });
}
