/** What stands above every page: the money, the time and the way out. */

import { ask, keepAlive, leave } from "./api.js";
import { byId, fill, make, onPress } from "./dom.js";
import { shown } from "./money.js";
import { watchChecks } from "./reality.js";
import { current, rememberCurrency } from "./session.js";

const SECOND_MS = 1000;

let openedMs = null;

/** Build the bar; whoever is logged in sees money and time in it. */
export function openShell() {
  const links = [
    ["/play/", "Games"],
    ["/play/limits", "Limits and breaks"],
  ].map(([href, textContent]) => {
    const link = make("a", { href, textContent });
    if (location.pathname === href) link.setAttribute("aria-current", "page");
    return link;
  });
  const brand = make("span", { className: "brand", textContent: "pitboss" });
  const parts = [brand, make("nav", { "aria-label": "Pages" }, ...links)];
  if (current()) parts.push(purse(), wayOut());
  fill(byId("bar"), ...parts);
  if (current()) {
    setInterval(showTime, SECOND_MS);
    // Who does something stays logged in; who does nothing is logged out as the licence says.
    for (const event of ["pointerdown", "keydown"]) addEventListener(event, keepAlive);
  }
}

// A page that the browser has kept while another was looked at shows money and a player of then.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

/** Look at the money and the session anew, and show a reality check that is due. */
export async function lookAtSession() {
  const [wallet, check] = await Promise.all([
    ask("GET", "/v1/me/wallet"),
    ask("GET", "/v1/me/reality-check"),
  ]);
  rememberCurrency(wallet.currency);
  showBalance(wallet.available);
  const statement = await ask("GET", `/v1/me/sessions/${check.session_id}/statement`);
  openedMs = performance.now() - check.elapsed_seconds * SECOND_MS;
  showTime();
  byId("net").textContent = shown(statement.net_position, wallet.currency);
  watchChecks(check, statement, wallet.currency);
}

/** Show what the player has. */
export function showBalance(text) {
  byId("balance").textContent = shown(text, current().currency);
}

function purse() {
  const sums = [
    ["balance", "Balance"],
    ["time", "Session"],
    ["net", "Won or lost in it"],
  ];
  const lines = sums.map(([id, name]) =>
    make("div", {}, make("dt", { textContent: name }), make("dd", { id, textContent: "–" })),
  );
  return make("dl", { className: "purse" }, ...lines);
}

function wayOut() {
  const button = make("button", { type: "button", id: "logout", textContent: "Log out" });
  onPress(button, async () => {
    try {
      await ask("DELETE", "/v1/me/session");
    } catch {
      // Forgotten here all the same; the token is good for minutes only.
    }
    leave("You are logged out.");
  });
  return button;
}

function showTime() {
  if (openedMs === null) return;
  const seconds = Math.max(0, Math.floor((performance.now() - openedMs) / SECOND_MS));
  const pad = (number) => String(number).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  const clock = [Math.floor(minutes / 60), minutes % 60, seconds % 60].map(pad).join(":");
  byId("time").textContent = clock;
}
