/** The box above the canvas that lists what saving would lose, or why the diagram does not open. */
export function showNotice(root, title, items = [], remedy = '') {
  const box = root.querySelector('[data-role="notice"]');
  const heading = document.createElement('strong');
  heading.textContent = title;
  const list = document.createElement('ul');
  for (const item of items) {
    const entry = document.createElement('li');
    entry.textContent = item;
    list.append(entry);
  }
  const advice = document.createElement('p');
  advice.textContent = remedy;
  box.replaceChildren(heading, ...(items.length ? [list] : []), ...(remedy ? [advice] : []));
  box.hidden = false;
}
