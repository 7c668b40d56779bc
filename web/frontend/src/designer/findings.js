/**
 * Shows findings as badges on the elements and as a list; choosing one selects its element and brings it into view.
 *
 * A finding: {severity: "error" | "warning" | "info", rule, element, line, text, remedy}.
 */

const ORDER = ['error', 'warning', 'info'];
const NAMES = { error: 'Error', warning: 'Warning', info: 'Hint' };
const OVERLAY = 'finding';

const rank = (finding) => {
  const index = ORDER.indexOf(finding.severity);
  return index < 0 ? ORDER.length : index;
};

function make(tag, className, text) {
  const node = document.createElement(tag);
  node.className = className;
  if (text !== undefined) {
    node.textContent = text;
  }
  return node;
}

export function createFindings(root, modeler, translate) {
  const list = root.querySelector('[data-role="findings"]');
  const count = root.querySelector('[data-role="findings-count"]');
  const registry = modeler.get('elementRegistry');

  /** The drawn element of an id; a process inside a pool is shown by its pool. */
  function drawn(id) {
    const element = id && registry.get(id);
    return element || registry.find((candidate) => id && candidate.businessObject?.processRef?.id === id);
  }

  function reveal(id) {
    const element = drawn(id);
    if (element) {
      modeler.get('canvas').scrollToElement(element, 80);
      modeler.get('selection').select(element);
      root.querySelector('#canvas').scrollIntoView({ block: 'nearest' });
    }
  }

  function nameOf(id) {
    return drawn(id)?.businessObject?.name || id || '';
  }

  function createItem(finding) {
    const severity = ORDER.includes(finding.severity) ? finding.severity : 'info';
    const item = make('li', `finding finding-${severity}`);
    const button = make('button', 'finding-target');
    button.type = 'button';
    button.append(
      make('span', 'finding-severity', translate(NAMES[severity])),
      make('span', 'finding-element', nameOf(finding.element)),
      make('span', 'finding-text', finding.text),
    );
    button.addEventListener('click', () => reveal(finding.element));
    item.append(button);
    if (finding.remedy) {
      item.append(make('p', 'finding-remedy', finding.remedy));
    }
    const place = finding.line ? ` · ${translate('line {line}', { line: finding.line })}` : '';
    item.append(make('p', 'finding-rule', `${finding.element ?? ''} · ${finding.rule ?? ''}${place}`));
    return item;
  }

  function createBadge(found) {
    const severity = found[0].severity;
    const badge = make('button', `finding-badge finding-badge-${severity}`, String(found.length));
    const texts = found.map((finding) => finding.text).join('\n');
    badge.type = 'button';
    badge.title = texts;
    badge.setAttribute('aria-label', `${translate(NAMES[severity] ?? NAMES.info)}: ${texts}`);
    badge.addEventListener('click', () => reveal(found[0].element));
    return badge;
  }

  function showBadges(findings) {
    const overlays = modeler.get('overlays');
    overlays.remove({ type: OVERLAY });
    const byElement = new Map();
    for (const finding of findings) {
      const element = drawn(finding.element);
      // a root (process without pool) has no shape to hang a badge on
      if (element?.parent) {
        byElement.set(element.id, [...(byElement.get(element.id) ?? []), finding]);
      }
    }
    for (const [id, found] of byElement) {
      overlays.add(id, OVERLAY, { position: { top: -10, left: -10 }, html: createBadge(found) });
    }
  }

  function summary(findings) {
    if (!findings.length) {
      return translate('No findings');
    }
    const errors = findings.filter((finding) => finding.severity === 'error').length;
    return translate('{errors} errors, {others} other findings', { errors, others: findings.length - errors });
  }

  return {
    show(findings) {
      const sorted = [...findings].sort((one, other) => rank(one) - rank(other));
      list.replaceChildren(...sorted.map(createItem));
      count.textContent = summary(sorted);
      showBadges(sorted);
    },
  };
}
