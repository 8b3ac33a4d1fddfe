/** Who is logged in, for as long as this tab is open. */

const SESSION = "pitboss.session";
const DEVICE = "pitboss.device";
const NOTICE = "pitboss.notice";
// What a page keeps of a player under these names goes with them.
const MINE = "pitboss.mine.";

/** Draw an id; without `crypto.randomUUID`, which pages over plain HTTP do not have. */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  // Version and variant.  Source: RFC 9562, section 5.4.
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** Return what this browser tab calls itself, to which a licence may bind the session. */
export function device() {
  const known = sessionStorage.getItem(DEVICE);
  if (known) return known;
  const made = newId();
  sessionStorage.setItem(DEVICE, made);
  return made;
}

/** Return the session, with its token; null if nobody is logged in. */
export function current() {
  const text = sessionStorage.getItem(SESSION);
  return text ? JSON.parse(text) : null;
}

/** Keep what a login or a renewal has answered. */
export function remember(view) {
  const { player_id: playerId, session_id: sessionId, token } = view;
  const kept = { ...current(), playerId, sessionId, token, renewedAt: Date.now() };
  sessionStorage.setItem(SESSION, JSON.stringify(kept));
}

/** Keep in which currency the player's money is. */
export function rememberCurrency(currency) {
  sessionStorage.setItem(SESSION, JSON.stringify({ ...current(), currency }));
}

/** Keep something for a page, for as long as the player is logged in here. */
export function keepMine(name, text) {
  sessionStorage.setItem(MINE + name, text);
}

/** Return what a page has kept; null if there is nothing. */
export function keptMine(name) {
  return sessionStorage.getItem(MINE + name);
}

/**
 * Forget who is logged in, and what pages have kept of them: the next one at this tab may be
 * somebody else.  `notice` is told on the page that comes next.
 */
export function forget(notice = null) {
  sessionStorage.removeItem(SESSION);
  for (const place of Object.keys(sessionStorage)) {
    if (place.startsWith(MINE)) sessionStorage.removeItem(place);
  }
  if (notice) sessionStorage.setItem(NOTICE, notice);
}

/** Return what the page before wanted told, once. */
export function takeNotice() {
  const notice = sessionStorage.getItem(NOTICE);
  sessionStorage.removeItem(NOTICE);
  return notice;
}
