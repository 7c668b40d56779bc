import { ServerError, explain } from './server.js';
import { findStaticText } from './static-text.js';

/** Quiet time after the last edit before the diagram is checked again, in milliseconds. */
const PAUSE = 1200;

/**
 * Checks the diagram: by the server's rules and by what only the editor can tell.
 *
 * An answer that is overtaken by a newer question is thrown away.
 */
export function createChecking({ modeler, server, findings, status, translate }) {
  let running = null;
  let timer = 0;

  async function check() {
    clearTimeout(timer);
    running?.abort();
    const controller = new AbortController();
    running = controller;
    const own = findStaticText(modeler, translate);
    try {
      const { xml } = await modeler.saveXML({ format: true });
      const found = await server.check(xml, controller.signal);
      if (!controller.signal.aborted) {
        findings.show([...found, ...own]);
      }
      return true;
    } catch (error) {
      if (error.name === 'AbortError') {
        return false;
      }
      if (!(error instanceof ServerError)) {
        throw error;
      }
      findings.show([...(error.data.findings ?? []), ...own]);
      status.say(explain(error, translate), 'error');
      return false;
    }
  }

  return {
    check,
    /** Checks once the person pauses. */
    checkSoon() {
      clearTimeout(timer);
      timer = setTimeout(check, PAUSE);
    },
    /** Shows findings that came with a refused deployment. */
    show(found) {
      findings.show([...found, ...findStaticText(modeler, translate)]);
    },
  };
}
