/**
 * What the server knows and the panel suggests: forms, groups, job types, variables.
 *
 * The server's answer: {"forms": [{"id", "name"}], "groups": [{"id", "name"} or "id"], "jobTypes": […],
 * "variables": [{"name", "type"?, "entries"?} or "name"]}. Missing lists are empty: the panel works without suggestions.
 */
const asOption = (entry) => (typeof entry === 'string' ? { id: entry, name: entry } : { name: entry.id, ...entry });
const asVariable = (entry) => (typeof entry === 'string' ? { name: entry } : { ...entry, name: entry.name ?? entry.id });

export function createLists(answer = {}) {
  const options = (name) => (answer[name] ?? []).map(asOption);
  const lists = {
    forms: options('forms'),
    groups: options('groups'),
    jobTypes: options('jobTypes'),
    variables: (answer.variables ?? []).map(asVariable),
  };
  return { get: (name) => lists[name] };
}
