import { vietnamese } from './vi/index.js';

/** One spelling for "Timer Boundary Event (Non Interrupting)" and "Timer boundary event (non-interrupting)". */
const normalise = (text) => text.toLowerCase().replaceAll('-', ' ');

const TABLES = {
  vi: new Map(Object.entries(vietnamese).map(([english, text]) => [normalise(english), text])),
  en: null,
};

/**
 * Makes the translate function of one language; English texts are the keys, so English needs no table.
 *
 * `translate.missed` collects the texts without a translation; a browser test keeps it empty.
 */
export function createTranslate(language) {
  const table = TABLES[language] ?? null;
  const missed = new Set();

  function translate(template, replacements = {}) {
    const found = table?.get(normalise(template));
    if (table && found === undefined) {
      missed.add(template);
    }
    return (found ?? template).replace(/{([^}]+)}/g, (whole, name) => replacements[name] ?? whole);
  }

  translate.missed = missed;
  return translate;
}
