/**
 * Knows the variables of a diagram: those the server names, those the diagram writes, and those its expressions read.
 *
 * Offered by the FEEL editors, and used to tell plain text from a forgotten "=".
 */

/** Attributes whose value is the name of a variable. */
const WRITES = new Set(['target', 'resultVariable', 'inputElement', 'outputCollection']);

const STRING_LITERAL = /"(?:\\.|[^"\\])*"/g;

/** A name that is neither a step of a path (.name) nor a call (name followed by a bracket). */
const NAME = /(?<![\p{L}\p{N}_.@])[\p{L}_][\p{L}\p{N}_]*(?!\s*\(|[\p{L}\p{N}_])/gu;

const KEYWORDS = new Set(
  'and or not in if then else for return some every satisfies between instance of function true false null'.split(' '),
);

const listNames = (expression) =>
  (expression.slice(1).replace(STRING_LITERAL, '').match(NAME) ?? []).filter((name) => !KEYWORDS.has(name));

/** Calls `use(value, attribute)` for every text below a moddle element, without following references. */
function visitTexts(node, use) {
  for (const property of node.$descriptor?.properties ?? []) {
    if (!property.isReference) {
      for (const value of [node.get(property.name)].flat()) {
        if (typeof value === 'string') {
          use(value, property.ns.localName);
        } else if (value?.$descriptor) {
          visitTexts(value, use);
        }
      }
    }
  }
}

class VariableResolver {
  static $inject = ['bpmnjs', 'serverLists'];

  constructor(modeler, lists) {
    this.modeler = modeler;
    this.lists = lists;
  }

  /** [{name, type?, entries?}], every name once. */
  list() {
    const found = new Map(this.lists.get('variables').map((variable) => [variable.name, variable]));
    const add = (name) => found.has(name) || found.set(name, { name });
    for (const root of this.modeler.getDefinitions()?.get('rootElements') ?? []) {
      visitTexts(root, (value, attribute) => {
        if (WRITES.has(attribute) && value) {
          add(value);
        } else if (value.startsWith('=')) {
          listNames(value).forEach(add);
        }
      });
    }
    return [...found.values()];
  }

  /** The name under which the properties panel asks. */
  async getVariablesForElement() {
    return this.list();
  }
}

export const VariablesModule = { variableResolver: ['type', VariableResolver] };
