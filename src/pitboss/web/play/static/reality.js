/** The reality check: how long, how much, and whether to go on. */

import { ask, leave } from "./api.js";
import { fill, make, onPress } from "./dom.js";
import { shown } from "./money.js";
import { clearProblem, tellProblem } from "./problems.js";

// The longest that a browser's timer can wait.
const WAIT_MS_MAX = 2 ** 31 - 1;

let timer = 0;
let dialog = null;

/** Show the check if it is due, and otherwise look again when it is. */
export function watchChecks(check, statement, currency) {
  clearTimeout(timer);
  if (check.due) {
    showCheck(check, statement, currency);
  } else if (check.due_at) {
    // By the house's clock alone: the one of this machine may be wrong.
    const now = Date.parse(check.opened_at) + check.elapsed_seconds * 1000;
    const wait = Math.max(Date.parse(check.due_at) - now, 0) + 1000;
    timer = setTimeout(lookAgain, Math.min(wait, WAIT_MS_MAX), currency);
  }
}

/** Say a length of time in words. */
export function lengthOf(seconds) {
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  return hours ? `${hours} h ${minutes} min` : `${minutes} min`;
}

async function lookAgain(currency) {
  try {
    const check = await ask("GET", "/v1/me/reality-check");
    const path = `/v1/me/sessions/${check.session_id}/statement`;
    watchChecks(check, await ask("GET", path), currency);
  } catch {
    // The next stake is refused until it is answered, and then it is shown.
  }
}

function showCheck(check, statement, currency) {
  if (dialog?.open) return;
  const problem = make("div", { className: "problem", role: "alert", hidden: true });
  const on = make("button", { type: "button", className: "main", textContent: "Go on playing" });
  const off = make("button", { type: "button", textContent: "Leave and log out" });
  dialog = make(
    "dialog",
    { "aria-labelledby": "check-title" },
    make("h2", { id: "check-title", textContent: "Reality check" }),
    make("p", { textContent: `You have been here for ${lengthOf(check.elapsed_seconds)}.` }),
    make("p", { textContent: `Staked: ${shown(statement.staked, currency)}` }),
    make("p", { textContent: `Won or lost: ${shown(statement.net_position, currency)}` }),
    problem,
    make("p", {}, make("a", { href: "/play/limits", textContent: "Limits and breaks" })),
    make("div", { className: "actions" }, off, on),
  );
  // It is answered, and not closed in passing: what a browser closes all the same is open again.
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  dialog.addEventListener("close", ({ target }) => target.isConnected && target.showModal());
  const goOn = check.answer_required ? "continue" : "seen";
  onPress(on, () => reply(check, goOn, problem, currency));
  onPress(off, () => reply(check, "leave", problem, currency));
  document.body.append(dialog);
  dialog.showModal();
}

async function reply(check, said, problem, currency) {
  clearProblem(problem);
  try {
    const body = { due_at: check.due_at, reply: said };
    await ask("POST", "/v1/me/reality-check/answer", { body });
    if (said === "leave") return leave("You have left at the reality check.");
    dialog.close();
    fill(dialog);
    dialog.remove();
    return lookAgain(currency);
  } catch (error) {
    return tellProblem(problem, error);
  }
}
