// Shows a form again when a field that others depend on changes, and after the row buttons, without a page load.
// The server renders the fragment (header X-Fragment: form); without this script the same buttons post the page.
// The answer is text/html from our own origin; no code in it can run under the page's policy.
"use strict";

(() => {
  const ACTIONS = ["_add", "_remove", "_all", "_refresh"];

  function controls(root) {
    return [...root.querySelectorAll("input:not([type=hidden]), select, textarea")];
  }

  function state(control) {
    return control.matches("[type=checkbox], [type=radio]") ? String(control.checked) : control.value;
  }

  function restore(control, value) {
    if (control.matches("[type=checkbox], [type=radio]")) control.checked = value === "true";
    else control.value = value;
  }

  function remember(root) {
    return new Map(controls(root).map((control) => [control.id, state(control)]));
  }

  // What was typed while the answer was on its way wins over the answer.
  function keepTyping(before, old, fresh) {
    for (const control of controls(old)) {
      const twin = fresh.querySelector("#" + CSS.escape(control.id));
      if (twin && before.has(control.id) && before.get(control.id) !== state(control)) restore(twin, state(control));
    }
  }

  function focusAgain(fresh, spot, action) {
    const wanted = fresh.querySelector("[autofocus]") || (spot.id && fresh.querySelector("#" + CSS.escape(spot.id)));
    const target = wanted || (action && fresh.querySelector("#" + CSS.escape(action)));
    if (!target) return;
    target.focus({ preventScroll: Boolean(wanted && !wanted.autofocus) });
    if (spot.start !== undefined && target.setSelectionRange && target.id === spot.id) target.setSelectionRange(spot.start, spot.end);
  }

  function currentSpot() {
    const active = document.activeElement;
    const text = active && active.matches && active.matches("textarea, input[type=text]");
    return { id: active ? active.id : "", start: text ? active.selectionStart : undefined, end: text ? active.selectionEnd : undefined };
  }

  let running = null;
  let line = Promise.resolve();

  // One question at a time: a newer one overtakes a mere refresh, but waits for a button that changes the rows.
  function refresh(form, name, value) {
    if (running && running.name === "_refresh") running.abort.abort();
    line = line.then(() => ask(form, name, value));
  }

  async function ask(form, name, value) {
    const old = form.querySelector("[data-form]");
    const mine = (running = { name, abort: new AbortController() });
    const before = remember(old);
    const data = new FormData(form);
    data.append(name, value);
    old.setAttribute("aria-busy", "true");
    // Rows change their numbers when one goes: nothing may be typed into the wrong one meanwhile.
    old.inert = name === "_remove";
    try {
      const answer = await fetch(form.action, { method: "POST", body: data, headers: { "X-Fragment": "form" }, signal: mine.abort.signal, credentials: "same-origin" });
      const text = await answer.text();
      const fresh = new DOMParser().parseFromString(text, "text/html").querySelector("[data-form]");
      // A fragment is the form alone; anything else (signed out, an error page) leaves the page as it is.
      if (!fresh || !answer.ok) return;
      keepTyping(before, old, fresh);
      const spot = currentSpot();
      old.replaceWith(fresh);
      prepare(form);
      focusAgain(fresh, spot, listButton(name, value));
    } catch (error) {
      if (error.name !== "AbortError") console.warn("form not refreshed:", error.message);
    } finally {
      running = null;
      old.removeAttribute("aria-busy");
      old.inert = false;
    }
  }

  // After a row is gone the cursor goes to the button that adds rows: its own place is no more.
  function listButton(name, value) {
    return name === "_remove" ? "add-" + value.replace(/-\d+$/, "") : "";
  }

  function prepare(form) {
    form.classList.add("bv-enhanced");
  }

  for (const place of document.querySelectorAll("[data-form]")) {
    const form = place.closest("form");
    if (!form) continue;
    prepare(form);
    form.addEventListener("change", (event) => {
      if (event.target.closest("[data-refresh]")) refresh(form, "_refresh", "1");
    });
    form.addEventListener("submit", (event) => {
      const button = event.submitter;
      if (!button || !ACTIONS.includes(button.name)) return;
      event.preventDefault();
      refresh(form, button.name, button.value);
    });
  }
})();
