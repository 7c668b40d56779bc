/** Room around the drawing, in pixels. */
const MARGIN = 20;

/**
 * Fits the drawing into the part of the canvas that the palette leaves free.
 *
 * smallest: scale below which the drawing is not shrunk further but shown from its upper left corner, so that it can be
 * read on a narrow screen.
 */
export function fitView(modeler, smallest = 0) {
  const canvas = modeler.get('canvas');
  canvas.resized();
  const { inner, outer } = canvas.viewbox();
  if (!inner.width || !inner.height) {
    return;
  }
  const palette = canvas.getContainer().querySelector('.djs-palette');
  const left = (palette ? palette.offsetLeft + palette.offsetWidth : 0) + MARGIN;
  const width = outer.width - left - MARGIN;
  const height = outer.height - 2 * MARGIN;
  const fitting = Math.min(1, width / inner.width, height / inner.height);
  const scale = Math.max(fitting, smallest);
  const spare = Math.max(0, height - inner.height * scale) / 2;
  canvas.viewbox({
    x: inner.x - left / scale,
    y: inner.y - (MARGIN + spare) / scale,
    width: outer.width / scale,
    height: outer.height / scale,
  });
}
