/**
 * Warns before a page with an unsent form is left.
 *
 * Progressive enhancement of `<form data-warn-unsaved>`: without JavaScript the form works unchanged.
 * The browser words the question itself, so there is no text to translate.
 */
function warnBeforeLeaving(form) {
  let changed = false;
  form.addEventListener('input', () => {
    changed = true;
  });
  form.addEventListener('submit', () => {
    changed = false;
  });
  window.addEventListener('beforeunload', (event) => {
    if (changed) {
      event.preventDefault();
    }
  });
}

document.querySelectorAll('form[data-warn-unsaved]').forEach(warnBeforeLeaving);
