import { h } from '@bpmn-io/properties-panel/preact';

/**
 * A text entry with suggestions of the server; free text and FEEL stay allowed.
 *
 * props: { element, id, label, options: [{id, name}], value, onChange(value|undefined), warning }
 * A native `<datalist>`: keyboard and screen readers know it, and it needs no script of ours.
 */
export function SuggestEntry({ element, id, label, options, value, onChange, warning, description }) {
  const inputId = `bio-properties-panel-${id}`;
  const listId = `${inputId}-options`;
  return h(
    'div',
    { class: `bio-properties-panel-entry${warning ? ' has-error' : ''}`, 'data-entry-id': id },
    h(
      'div',
      { class: 'bio-properties-panel-textfield' },
      h('label', { class: 'bio-properties-panel-label', for: inputId }, label),
      h('input', {
        type: 'text',
        key: `${element.id}-${id}`,
        id: inputId,
        name: id,
        class: 'bio-properties-panel-input',
        list: listId,
        value: value ?? '',
        autocomplete: 'off',
        spellcheck: false,
        onChange: (event) => onChange(event.target.value.trim() || undefined),
      }),
      h(
        'datalist',
        { id: listId },
        options.map((option) => h('option', { key: option.id, value: option.id }, option.name)),
      ),
    ),
    warning && h('div', { class: 'bio-properties-panel-error' }, warning),
    description && h('div', { class: 'bio-properties-panel-description' }, description),
  );
}

/** Whether the stock panel should mark the entry's group as filled in. */
export const isSuggestEdited = (node) => Boolean(node?.value);

/** A literal id (not FEEL) that the server does not know. */
export function isUnknown(value, options) {
  return Boolean(value) && !value.startsWith('=') && !options.some((option) => option.id === value);
}
