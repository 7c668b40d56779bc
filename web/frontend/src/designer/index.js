/**
 * The designer's island: edits one BPMN diagram in the page that the server rendered around it.
 *
 * The page gives (a complete one: web/frontend/designer.example.html):
 *
 *   <div id="designer" class="designer"
 *        data-xml-url        GET → the diagram's XML
 *        data-save-url       PUT XML, If-Match: "version" → 200 {"version": n} | 409 someone else saved meanwhile
 *        data-check-url      POST XML → 200 {"findings": [{severity, rule, element, line, text, remedy}]}
 *        data-deploy-url     POST XML (just saved) → 200 {"version": n} | 422 {"findings": […]}
 *        data-lists-url      GET → {"forms": [{id, name}], "groups": […], "jobTypes": […], "variables": […]} (lists.js)
 *        data-csrf           token, sent as X-CSRFToken with every request
 *        data-language       "vi" or "en"
 *        data-version>       the draft's version, sent back as If-Match
 *     [data-action]              buttons: save check deploy undo redo zoom-in zoom-out zoom-fit download-xml download-svg
 *     [data-role="unsaved"]      hidden until there are unsaved changes
 *     [data-role="status"]       role="status" aria-live="polite": what happened last
 *     [data-role="notice"]       role="alert" hidden: what saving would lose
 *     #canvas                    the drawing (keep its lower right corner free: the bpmn.io mark stays visible)
 *     #properties                the properties panel
 *     [data-role="findings-count"], <ol data-role="findings">   the findings
 *
 * Other refusals of the server may bring {"text": …} in the person's language; it is shown as it is. A redirect counts as
 * "signed out". `#designer` gets data-state="loading" | "ready" | "failed"; `element.designer` is the handle for tests.
 */
import { createChecking } from './checking.js';
import { createDraft } from './draft.js';
import { createFindings } from './findings.js';
import { createLists } from './lists.js';
import { countComments, listLosses, listVanished } from './losses.js';
import { createModeler } from './modeler.js';
import { showNotice } from './notice.js';
import { createDebounce } from './panel/debounce.js';
import { ServerError, createServer, explain } from './server.js';
import { createStatus } from './status.js';
import { bindToolbar } from './toolbar.js';
import { createTranslate } from './translate.js';
import { fitView } from './view.js';

import './designer.css';

/** Scale at which the labels of a diagram can still be read. */
const SMALLEST_READABLE = 0.5;

/** Suggestions are a convenience: without them the editor still opens. */
async function loadLists(server, status, translate) {
  try {
    return createLists(await server.loadLists());
  } catch (error) {
    if (!(error instanceof ServerError)) {
      throw error;
    }
    status.say(explain(error, translate), 'error');
    return createLists();
  }
}

/** What saving would lose: what the reader warned of, else what is gone without a warning. */
async function findLosses(modeler, warnings, xml, translate) {
  const losses = listLosses(warnings, translate);
  if (losses.length) {
    return losses;
  }
  const saved = await modeler.saveXML({ format: true });
  return listVanished(xml, saved.xml, translate);
}

function reportLosses({ root, losses, xml, draft, toolbar, status, translate }) {
  if (losses.length) {
    draft.block();
    toolbar.disableSaving();
    const remedy = translate('Correct these places in the file with a text editor and open it again.');
    showNotice(root, translate('Saving is blocked, because it would lose parts of the file:'), losses, remedy);
    return;
  }
  const comments = countComments(xml);
  status.say(
    comments
      ? translate('Opened. {count} XML comments of the file will not be kept when you save.', { count: comments })
      : translate('Opened'),
  );
}

async function mount(root) {
  root.dataset.state = 'loading';
  const translate = createTranslate(root.dataset.language);
  const server = createServer(root.dataset);
  const status = createStatus(root);
  const lists = await loadLists(server, status, translate);
  const debounce = createDebounce();
  const modeler = createModeler({
    canvas: root.querySelector('#canvas'),
    panel: root.querySelector('#properties'),
    lists,
    translate,
    debounce,
  });
  const findings = createFindings(root, modeler, translate);
  const checking = createChecking({ modeler, server, findings, status, translate });
  const draft = createDraft({ modeler, server, status, checking, debounce, translate, version: root.dataset.version });
  const toolbar = bindToolbar({ root, modeler, draft, checking, status, translate });
  root.designer = { modeler, missed: translate.missed };

  try {
    const xml = await server.loadXml();
    const { warnings } = await modeler.importXML(xml);
    fitView(modeler, SMALLEST_READABLE);
    draft.markOpened();
    const losses = await findLosses(modeler, warnings, xml, translate);
    reportLosses({ root, losses, xml, draft, toolbar, status, translate });
    modeler.on('commandStack.changed', checking.checkSoon);
    checking.checkSoon();
    root.dataset.state = 'ready';
  } catch (error) {
    // whatever the reason, an editor without its diagram must not be able to save
    draft.block();
    toolbar.disableSaving();
    const reason = error instanceof ServerError ? explain(error, translate) : error.message;
    showNotice(root, translate('The diagram could not be opened.'), [reason]);
    root.dataset.state = 'failed';
  }
}

const root = document.getElementById('designer');
if (root) {
  mount(root);
}
