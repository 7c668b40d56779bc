/**
 * Says what opening and saving a diagram would lose, so that nothing is lost unseen.
 */

/**
 * Warnings of the reader that lose nothing: unknown attributes are written back as they came, and server.js has already
 * decoded the file in the encoding that it declares.
 */
const HARMLESS = /^(unknown attribute|unsupported document encoding) /;

const KINDS = [
  [/^unparsable content <([^>]+)> detected/, 'The element <{name}> is unknown to the editor and would be dropped'],
  [/^unresolved reference <([^>]*)>/, 'The reference to “{name}” points to nothing and would be dropped'],
  [/^no bpmnElement referenced in <([\w:]+)/, 'The shape <{name}> belongs to no element and would be dropped'],
  [/^duplicate ID <([^>]*)>/, 'The id “{name}” stands on two elements'],
];

function describe(message, translate) {
  const line = /\bline: (\d+)/.exec(message)?.[1];
  for (const [pattern, text] of KINDS) {
    const match = pattern.exec(message);
    if (match) {
      const described = translate(text, { name: match[1] });
      return line === undefined ? described : `${described} ${translate('(line {line})', { line: Number(line) + 1 })}`;
    }
  }
  return translate('The reader reports: {message}', { message: message.split('\n')[0] });
}

/** Texts of what saving would lose; empty when saving is safe. */
export function listLosses(warnings, translate) {
  return warnings
    .map(({ message }) => message)
    .filter((message) => !HARMLESS.test(message))
    .map((message) => describe(message, translate));
}

/** The number of XML comments: the editor cannot keep them, and nothing else depends on them. */
export function countComments(xml) {
  const document = new DOMParser().parseFromString(xml, 'application/xml');
  const walker = document.createTreeWalker(document, NodeFilter.SHOW_COMMENT);
  let count = 0;
  while (walker.nextNode()) {
    count += 1;
  }
  return count;
}

/** Parts of a drawing that stand and fall with their shape or line; naming them too would only be noise. */
const PARTS = new Set(['Bounds', 'waypoint', 'BPMNLabel', 'Font']);

/** How often each element stands in a document: {name, id} by a key of namespace, name and id. */
function countElements(xml) {
  const counts = new Map();
  for (const element of new DOMParser().parseFromString(xml, 'application/xml').getElementsByTagName('*')) {
    if (!PARTS.has(element.localName)) {
      const id = element.getAttribute('bpmnElement') ?? element.getAttribute('id') ?? '';
      const key = `${element.namespaceURI} ${element.localName} ${id}`;
      const entry = counts.get(key) ?? { name: element.nodeName, id, count: 0 };
      counts.set(key, { ...entry, count: entry.count + 1 });
    }
  }
  return counts;
}

/**
 * Texts of the elements that opening took away without a warning, for example what is drawn outside every pool.
 *
 * before: the file's XML; after: what saving right after opening would write.
 */
export function listVanished(before, after, translate) {
  const left = countElements(after);
  return [...countElements(before)]
    .filter(([key, { count }]) => count > (left.get(key)?.count ?? 0))
    .map(([, { name, id }]) =>
      id
        ? translate('The element <{name}> of “{id}” would be dropped', { name, id })
        : translate('An element <{name}> would be dropped', { name }),
    );
}
