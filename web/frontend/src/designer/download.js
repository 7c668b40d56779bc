/** Hands a text over as a file of the browser's download folder. */
export function download(name, type, text) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}

/** A file name from the id of the diagram's first process: `office_proposal.bpmn`. */
export function fileName(modeler, extension) {
  const process = modeler.getDefinitions().get('rootElements').find((root) => root.$type === 'bpmn:Process');
  return `${process?.id ?? 'diagram'}.${extension}`;
}
