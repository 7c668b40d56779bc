import { canvas } from './canvas.js';
import { elements } from './elements.js';
import { own } from './own.js';
import { panel } from './panel.js';

/** English text of bpmn-js, of the panel and of this designer → Vietnamese. */
export const vietnamese = { ...canvas, ...elements, ...panel, ...own };
