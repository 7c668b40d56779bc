/** Quiet time before what is typed becomes one step of the undo stack, in milliseconds (the panel's own default). */
const DELAY = 300;

/**
 * The panel's debounce, with a way to finish everything that is still waiting.
 *
 * Without it, Ctrl+S right after typing would save the text of 300 ms ago.
 */
export function createDebounce() {
  const waiting = new Set();

  function debounceInput(callback) {
    let timer = 0;
    let latest = [];

    function stop() {
      clearTimeout(timer);
      waiting.delete(flush);
    }

    function flush() {
      if (waiting.has(flush)) {
        stop();
        callback(...latest);
      }
    }

    function debounced(...values) {
      latest = values;
      clearTimeout(timer);
      waiting.add(flush);
      timer = setTimeout(flush, DELAY);
    }

    return Object.assign(debounced, { flush, cancel: stop });
  }

  return { debounceInput, flushAll: () => [...waiting].forEach((flush) => flush()) };
}
