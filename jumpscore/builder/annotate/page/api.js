// Requests to the server on this machine.

/** The server answered, and refused. */
export class Refused extends Error {
  /** `status` is that of HTTP; `body` is the answer, with `error` in words. */
  constructor(status, body) {
    super(body.error || `the server answered ${status}`);
    this.status = status;
    this.body = body;
  }
}

/** The server did not answer. */
export class Unreachable extends Error {
  constructor() {
    super("the server does not answer");
  }
}

/** Send a request; return the response if the server carried it out. */
export async function request(path, { body, signal, keepalive } = {}) {
  const options = { signal, keepalive, credentials: "same-origin" };
  if (body !== undefined) {
    options.method = "POST";
    options.headers = { "Content-Type": "application/json" };
    options.body = JSON.stringify(body);
  }
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Unreachable();
  }
  if (!response.ok) throw new Refused(response.status, await errorOf(response));
  return response;
}

async function errorOf(response) {
  const text = await response.text().catch(() => "");
  try {
    return JSON.parse(text);
  } catch {
    return { error: text.slice(0, 300) };
  }
}

/** Send a request; return the object that the server answers. */
export const ask = async (path, options) => (await request(path, options)).json();

/** Return the address of one part of a video. */
export const of = (video, part = "") => `/api/videos/${encodeURIComponent(video)}${part}`;
