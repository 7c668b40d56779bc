/** The status line (aria-live) and the mark of unsaved changes. */
export function createStatus(root) {
  const line = root.querySelector('[data-role="status"]');
  const unsaved = root.querySelector('[data-role="unsaved"]');

  return {
    say(text, kind = 'info') {
      line.textContent = text;
      line.dataset.kind = kind;
    },
    showUnsaved(isUnsaved) {
      unsaved.hidden = !isUnsaved;
    },
  };
}
