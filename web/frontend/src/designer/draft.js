import { ServerError, explain } from './server.js';

/**
 * Keeps the draft on the server: knows whether there are unsaved changes, saves, deploys.
 *
 * A diagram that would lose something when saved is never sent (`blocked`).
 */
export function createDraft({ modeler, server, status, checking, debounce, translate, version }) {
  let currentVersion = version;
  let revision = 0;
  let savedRevision = 0;
  let blocked = false;
  let busy = false;

  const isUnsaved = () => revision !== savedRevision;

  function refuseWhenBlocked() {
    if (blocked) {
      status.say(translate('Not saved: saving would lose parts of the file, see the list above the diagram.'), 'error');
    }
    return blocked;
  }

  async function store() {
    debounce.flushAll();
    const sent = revision;
    const { xml } = await modeler.saveXML({ format: true });
    currentVersion = await server.save(xml, currentVersion);
    savedRevision = sent;
    status.showUnsaved(isUnsaved());
    return xml;
  }

  /** Runs one request at a time and tells the person how it ended. */
  async function run(text, action) {
    if (busy || refuseWhenBlocked()) {
      return;
    }
    busy = true;
    status.say(translate(text));
    try {
      status.say(await action(), 'success');
    } catch (error) {
      if (!(error instanceof ServerError)) {
        throw error;
      }
      status.say(explain(error, translate), 'error');
      if (error.data.findings) {
        checking.show(error.data.findings);
      }
    } finally {
      busy = false;
    }
  }

  modeler.on('commandStack.changed', () => {
    revision += 1;
    status.showUnsaved(isUnsaved());
  });

  window.addEventListener('beforeunload', (event) => {
    debounce.flushAll();
    if (isUnsaved()) {
      event.preventDefault();
    }
  });

  return {
    refuseWhenBlocked,
    block() {
      blocked = true;
    },
    /** Opening a diagram is no change of it. */
    markOpened() {
      revision = 0;
      savedRevision = 0;
      status.showUnsaved(false);
    },
    save: () =>
      run('Saving…', async () => {
        await store();
        return translate('Draft saved (version {version})', { version: currentVersion });
      }),
    deploy: () =>
      run('Deploying…', async () => {
        const answer = await server.deploy(await store());
        return translate('Deployed as version {version}', { version: answer.version ?? '?' });
      }),
  };
}
