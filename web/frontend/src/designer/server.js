/**
 * Talks to the application: the diagram, the lists, saving, checking and deploying.
 *
 * Every request carries `X-CSRFToken`. Answers are JSON; `ServerError.data` holds what came with a refusal.
 */

export class ServerError extends Error {
  /** status: HTTP status, 0 = no connection; data: the JSON of the answer or {}. */
  constructor(status, data = {}) {
    super(`HTTP ${status}`);
    this.status = status;
    this.data = data;
  }
}

/** Texts by status, for answers that bring none of their own. */
const TEXTS = {
  0: 'The server cannot be reached. Nothing was lost; try again.',
  401: 'You are signed out. Sign in again in another tab, then come back and repeat this.',
  403: 'You may not do this, or the page is too old. Sign in again in another tab, then repeat this.',
  404: 'The server no longer has this diagram.',
  409: 'Someone else saved a newer version meanwhile. Download your diagram, reload the page and merge the changes.',
  413: 'The diagram is too large.',
};

/** What to tell the person about a failed request. */
export function explain(error, translate) {
  if (error.status === 409) {
    return translate(TEXTS[409]);
  }
  const { data } = error;
  const own = data.text ?? data.message ?? data.detail;
  return own ?? translate(TEXTS[error.status] ?? 'The server answered with an error ({status}).', { status: error.status });
}

/**
 * Reads XML bytes in the encoding they declare: `response.text()` would take everything for UTF-8.
 *
 * Throws RangeError for an unknown encoding and TypeError for bytes that are not of the declared one.
 */
function decodeXml(bytes) {
  const start = new TextDecoder('latin1').decode(bytes.slice(0, 200));
  const marks = [
    ['\xFF\xFE', 'utf-16le'],
    ['\xFE\xFF', 'utf-16be'],
  ];
  const marked = marks.find(([mark]) => start.startsWith(mark))?.[1];
  const declared = /^(?:\xEF\xBB\xBF)?<\?xml[^>]*\bencoding\s*=\s*["']([\w.-]+)["']/.exec(start)?.[1];
  return new TextDecoder(marked ?? declared ?? 'utf-8', { fatal: true }).decode(bytes);
}

async function readJson(response) {
  const isJson = /\bjson\b/.test(response.headers.get('content-type') ?? '');
  return isJson ? response.json() : {};
}

export function createServer({ xmlUrl, saveUrl, checkUrl, deployUrl, listsUrl, csrf }) {
  async function request(url, { headers, ...options } = {}) {
    let response;
    try {
      response = await fetch(url, {
        credentials: 'same-origin',
        // a redirect is the sign-in page: following it would look like success
        redirect: 'manual',
        ...options,
        headers: { Accept: 'application/json', 'X-CSRFToken': csrf ?? '', ...headers },
      });
    } catch (error) {
      if (error.name === 'AbortError') {
        throw error;
      }
      throw new ServerError(0);
    }
    if (response.type === 'opaqueredirect') {
      throw new ServerError(401);
    }
    if (!response.ok) {
      // 412 is the standard's word for a failed If-Match; both mean the same to a person
      throw new ServerError(response.status === 412 ? 409 : response.status, await readJson(response));
    }
    return response;
  }

  const sendXml = (url, method, xml, options = {}) =>
    request(url, { method, body: xml, ...options, headers: { 'Content-Type': 'application/xml', ...options.headers } });

  return {
    async loadXml() {
      const response = await request(xmlUrl, { headers: { Accept: 'application/xml, text/xml' } });
      return decodeXml(await response.arrayBuffer());
    },

    async loadLists() {
      return listsUrl ? readJson(await request(listsUrl)) : {};
    },

    /** Saves the draft over `version`; returns the new version. */
    async save(xml, version) {
      const headers = version ? { 'If-Match': `"${version}"` } : {};
      const response = await sendXml(saveUrl, 'PUT', xml, { headers });
      const { version: saved } = await readJson(response);
      return String(saved ?? response.headers.get('etag')?.replace(/^W\/|"/g, '') ?? version ?? '');
    },

    async check(xml, signal) {
      return (await readJson(await sendXml(checkUrl, 'POST', xml, { signal }))).findings ?? [];
    },

    async deploy(xml) {
      return readJson(await sendXml(deployUrl, 'POST', xml));
    },
  };
}
