// Brings the step that waits into view in a wide diagram; without this script one scrolls by hand.
"use strict";

for (const box of document.querySelectorAll(".diagram")) {
  const current = box.querySelector(".bv-current");
  if (!current) continue;
  const [outer, inner] = [box.getBoundingClientRect(), current.getBoundingClientRect()];
  box.scrollLeft += inner.left + inner.width / 2 - (outer.left + outer.width / 2);
  box.scrollTop += inner.top + inner.height / 2 - (outer.top + outer.height / 2);
}
