import { download, fileName } from './download.js';
import { fitView } from './view.js';

/** Binds the buttons of the toolbar (`data-action`) and the keyboard shortcut Ctrl+S. */
export function bindToolbar({ root, modeler, draft, checking, status, translate }) {
  const zoom = (step) => modeler.get('zoomScroll').stepZoom(step);
  const actions = {
    save: draft.save,
    deploy: draft.deploy,
    async check() {
      status.say(translate('Checking…'));
      if (await checking.check()) {
        status.say(translate('Checked'), 'success');
      }
    },
    undo: () => modeler.get('commandStack').undo(),
    redo: () => modeler.get('commandStack').redo(),
    'zoom-in': () => zoom(1),
    'zoom-out': () => zoom(-1),
    'zoom-fit': () => fitView(modeler),
    async 'download-xml'() {
      // a file with parts missing is no copy of the diagram either
      if (!draft.refuseWhenBlocked()) {
        const { xml } = await modeler.saveXML({ format: true });
        download(fileName(modeler, 'bpmn'), 'application/xml', xml);
      }
    },
    async 'download-svg'() {
      const { svg } = await modeler.saveSVG();
      download(fileName(modeler, 'svg'), 'image/svg+xml', svg);
    },
  };

  root.addEventListener('click', (event) => {
    const button = event.target.closest('[data-action]');
    if (button && root.contains(button)) {
      actions[button.dataset.action]?.();
    }
  });

  document.addEventListener('keydown', (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === 's') {
      event.preventDefault();
      draft.save();
    }
  });

  function enable(action, enabled) {
    root.querySelectorAll(`[data-action="${action}"]`).forEach((button) => {
      button.disabled = !enabled;
    });
  }

  function enableUndo() {
    const stack = modeler.get('commandStack');
    enable('undo', stack.canUndo());
    enable('redo', stack.canRedo());
  }

  modeler.on('commandStack.changed', enableUndo);
  enableUndo();

  return {
    /** Takes away what must not be done with a diagram that did not open or would lose something. */
    disableSaving() {
      ['save', 'deploy', 'download-xml'].forEach((action) => enable(action, false));
    },
  };
}
