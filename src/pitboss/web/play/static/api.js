/** The one way to the API: an answer, a refusal in its own words, or nothing at all. */

import { current, device, forget, remember } from "./session.js";

const PATIENCE_MS = 15_000;
// A player's token is good for fifteen minutes; whoever plays gets a new one in time.
const RENEWAL_MS = 5 * 60_000;
const PROBLEM = /^urn:pitboss:problem:/;

/** The API has said no, and why. */
export class Refused extends Error {
  constructor(status, problem, retryAfter) {
    super(problem.detail ?? "The request was refused.");
    this.status = status;
    this.slug = (problem.type ?? "").replace(PROBLEM, "");
    this.title = problem.title ?? "Refused";
    this.fields = problem.errors ?? [];
    this.retrySeconds = retryAfter;
  }

  /** Whether nobody knows if it was done, or it was not for the moment: the same can be asked. */
  get isPassing() {
    return this.status >= 500 || this.status === 429;
  }
}

/** No answer has come: it was done, or it was not. */
export class Lost extends Error {
  constructor() {
    super("No answer has come.");
  }
}

/**
 * Ask for something.  `key` makes asking twice harmless where the API wants one.  Whoever has lost
 * their session is brought to the login.
 *
 * Throws Refused or Lost.
 */
export async function ask(method, path, { body, key } = {}) {
  const session = current();
  const answer = await reach(method, path, session?.token, body, key);
  if (answer.status === 401 && session) leave("Your session is over. Please log in again.");
  return read(answer);
}

/** Get a new token if this one has been used for a while; whoever does nothing is not renewed. */
export async function keepAlive() {
  const session = current();
  if (!session || Date.now() - session.renewedAt < RENEWAL_MS) return;
  remember({ player_id: session.playerId, session_id: session.sessionId, token: session.token });
  try {
    remember(await ask("POST", "/v1/me/session/renewal"));
  } catch {
    // The token that is there is good for ten more minutes, and the next touch tries again.
  }
}

/** Forget the session and go to the login. */
export function leave(notice) {
  forget(notice);
  location.assign("/play/");
}

async function reach(method, path, token, body, key) {
  const headers = { "x-device-id": device() };
  if (token) headers.authorization = `Bearer ${token}`;
  if (key) headers["idempotency-key"] = key;
  if (body !== undefined) headers["content-type"] = "application/json";
  try {
    return await fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      cache: "no-store",
      credentials: "omit",
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
  } catch {
    throw new Lost();
  }
}

async function read(answer) {
  let told = null;
  try {
    const text = await answer.text();
    told = text ? JSON.parse(text) : null;
  } catch {
    // It broke off, or it is not the API's: a proxy's page, say.
    if (answer.ok) throw new Lost();
  }
  if (answer.ok) return told;
  throw new Refused(answer.status, told ?? {}, Number(answer.headers.get("retry-after")) || null);
}
