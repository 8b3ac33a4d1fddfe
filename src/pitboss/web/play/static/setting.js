/**
 * The player's own limits: shown, set, changed and taken back.
 *
 * What is looser and what is stricter, and from when it counts, is the server's word alone.  To ask
 * for the same again changes nothing, so whoever has had no answer asks again.
 */

import { ask } from "./api.js";
import { allow, byId, fill, isAllowed, make, onPress } from "./dom.js";
import { shown } from "./money.js";
import { clearProblem, tellProblem } from "./problems.js";
import { current } from "./session.js";

const NO_PERIOD = "none";
const MINUTES = "session_time";
const NAMES = {
  deposit: "Deposits",
  net_deposit: "Deposits less withdrawals",
  stake: "Stakes",
  loss: "Losses",
  session_time: "Time of play",
  single_stake: "A single stake",
  balance: "Balance",
};
const FIELDS = new Set(["amount", "minutes"]);

export class Setting {
  #told;
  #problem;
  #view = { limits: [], offered: [], review_due: false };

  /** Limits on this page; `told` hears what came of it in words, and looks anew at what stands. */
  constructor(problem, told) {
    this.#problem = problem;
    this.#told = told;
    byId("kind").addEventListener("change", () => this.#chooseKind());
    byId("period").addEventListener("change", () => this.#showNow());
    byId("set").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#set();
    });
    onPress(byId("looked"), () => this.#review());
  }

  /** Show limits as the API tells them. */
  show(view) {
    const isFirst = !this.#view.offered.length;
    this.#view = view;
    // One that has been taken away is told of as long as something waits in its place.
    const lines = view.limits.filter((limit) => isSet(limit) || limit.waiting);
    const none = make("li", { textContent: "None is set." });
    fill(byId("limits"), ...(lines.length ? lines.map((limit) => this.#line(limit)) : [none]));
    byId("review").hidden = !view.review_due;
    byId("set").hidden = !view.offered.length;
    // What is being filled in is left as it is.
    if (isFirst && view.offered.length) {
      fill(byId("kind"), ...view.offered.map(kindOption));
      this.#chooseKind();
    } else if (view.offered.length) {
      this.#showNow();
    }
  }

  #line(limit) {
    const name = nameOf(limit);
    const { waiting } = limit;
    const buttons = [];
    const offered = this.#offered(limit.kind);
    // What a licence does not offer any more still counts, and stays as it is.
    const canChange = offered && (!limit.period || offered.periods.includes(limit.period));
    if (canChange) buttons.push(this.#button("Change", name, () => this.#choose(limit)));
    if (canChange && isSet(limit) && !offered.mandatory) {
      buttons.push(this.#button("Take away", name, () => this.#takeAway(limit)));
    }
    const parts = [make("p", { textContent: `${name}: ${valueOf(limit)}${usedOf(limit)}` })];
    if (limit.closed_until) {
      parts.push(make("p", { className: "small", textContent: closedText(limit) }));
    }
    if (waiting) {
      parts.push(make("p", { className: "small", textContent: waitingText(waiting) }));
      buttons.push(this.#button("Keep as it is", name, () => this.#keep(limit)));
      if (waiting.needs_confirmation) {
        buttons.push(this.#button("Confirm", name, () => this.#confirm(limit)));
      }
    }
    parts.push(make("div", { className: "actions" }, ...buttons));
    return make("li", {}, ...parts);
  }

  #button(text, name, work) {
    const button = make("button", { type: "button", className: "small", textContent: text });
    button.setAttribute("aria-label", `${text}: ${name}`);
    onPress(button, work);
    return button;
  }

  #offered(kind) {
    return this.#view.offered.find((item) => item.kind === kind);
  }

  /** Bring a limit into the form, where the player says what it shall be. */
  #choose(limit) {
    byId("kind").value = limit.kind;
    this.#chooseKind();
    byId("period").value = limit.period ?? NO_PERIOD;
    this.#showNow();
    byId("value").value = limit.amount ?? (limit.minutes === null ? "" : String(limit.minutes));
    byId("value").focus();
    byId("value").select();
  }

  #chooseKind() {
    const { kind, periods } = this.#offered(byId("kind").value);
    const none = make("option", { value: NO_PERIOD, textContent: "at once" });
    const options = periods.map((value) => make("option", { value, textContent: `a ${value}` }));
    fill(byId("period"), ...(options.length ? options : [none]));
    byId("over").hidden = !options.length;
    const isTime = kind === MINUTES;
    byId("unit").textContent = isTime ? "Minutes" : `Amount in ${current().currency}`;
    byId("value").inputMode = isTime ? "numeric" : "decimal";
    byId("value").value = "";
    this.#showNow();
  }

  /** Say what the chosen limit is now, so that the player sees what is stricter and what looser. */
  #showNow() {
    const [kind, period] = [byId("kind").value, byId("period").value];
    const limit = this.#view.limits.find((item) => isAt(item, kind, period));
    byId("now").textContent = limit && isSet(limit) ? `Now: ${valueOf(limit)}.` : "Now: none.";
    byId("value").removeAttribute("aria-invalid");
  }

  #set() {
    const [kind, period] = [byId("kind").value, byId("period").value];
    const text = byId("value").value.trim();
    // Whatever is no number of minutes is left to the API to refuse, in its own words.
    const minutes = /^\d+$/.test(text) ? Number(text) : null;
    const body = kind === MINUTES ? { minutes } : { amount: text };
    return this.#do(byId("save"), async () => {
      const limit = await ask("PUT", pathOf({ kind, period }), { body });
      byId("value").value = "";
      return limit.waiting ? askedText(limit) : `Set. ${nameOf(limit)}: ${valueOf(limit)}.`;
    });
  }

  #takeAway(limit) {
    return this.#do(null, async () => {
      const left = await ask("DELETE", pathOf(limit));
      return left.waiting ? askedText(left) : `${nameOf(left)}: there is no limit any more.`;
    });
  }

  #keep(limit) {
    return this.#do(null, async () => {
      const kept = await ask("DELETE", `${pathOf(limit)}/waiting`);
      return `Kept. ${nameOf(kept)}: ${valueOf(kept)}.`;
    });
  }

  #confirm(limit) {
    return this.#do(null, async () => {
      const changed = await ask("POST", `${pathOf(limit)}/confirmation`);
      return `Confirmed. ${nameOf(changed)}: ${valueOf(changed)}.`;
    });
  }

  #review() {
    return this.#do(null, async () => {
      await ask("POST", "/v1/me/limits/review");
      return "Thank you. You will be asked again later.";
    });
  }

  /** Do one thing at a time: the answers of two changes of one limit could come the wrong way. */
  async #do(button, work) {
    if (!isAllowed(byId("save"))) return;
    this.#allowAll(false);
    clearProblem(this.#problem);
    byId("done").hidden = true;
    byId("value").removeAttribute("aria-invalid");
    try {
      await this.#told(await work());
    } catch (error) {
      // What stands is looked at all the same: an answer that was lost may have changed it.
      await this.#told(null);
      tellProblem(this.#problem, error);
      if (button && error.fields?.some(({ field }) => FIELDS.has(field))) {
        byId("value").setAttribute("aria-invalid", "true");
        byId("value").focus();
      }
    } finally {
      this.#allowAll(true);
      // The button that was pressed is gone or hidden, and the keyboard must not be lost with it.
      if (!document.activeElement?.offsetParent) byId("mine-title").focus();
    }
  }

  #allowAll(isAllowedNow) {
    const buttons = byId("limits").querySelectorAll("button");
    for (const button of [byId("save"), byId("looked"), ...buttons]) allow(button, isAllowedNow);
  }
}

function isSet({ amount, minutes }) {
  return amount !== null || minutes !== null;
}

function isAt(limit, kind, period) {
  return limit.kind === kind && (limit.period ?? NO_PERIOD) === period;
}

function pathOf({ kind, period }) {
  return `/v1/me/limits/${kind}/${period ?? NO_PERIOD}`;
}

function kindOption({ kind, mandatory }) {
  const name = NAMES[kind] ?? kind.replaceAll("_", " ");
  return make("option", { value: kind, textContent: mandatory ? `${name} (must be set)` : name });
}

function nameOf({ kind, period }) {
  const name = NAMES[kind] ?? kind.replaceAll("_", " ");
  return period ? `${name} a ${period}` : name;
}

function valueOf({ amount, minutes }) {
  if (amount !== null) return shown(amount, current().currency);
  return minutes === null ? "no limit" : `${minutes} minutes`;
}

function usedOf({ used, minutes_used: minutes }) {
  if (used !== null) return `, of which ${shown(used, current().currency)} are used`;
  return minutes === null ? "" : `, of which ${minutes} are used`;
}

function closedText({ closed_until: until }) {
  return `Used up: there is no play until ${new Date(until).toLocaleString()}, whatever is won.`;
}

function waitingText(waiting) {
  const wish = isSet(waiting) ? `A looser limit waits: ${valueOf(waiting)}` : "It shall be gone";
  const from = new Date(waiting.counts_from).toLocaleString();
  if (!waiting.needs_confirmation) return `${wish}, from ${from} on.`;
  const until = waiting.confirm_until;
  const end = until ? ` until ${new Date(until).toLocaleString()}` : "";
  return `${wish}, if it is confirmed from ${from} on${end}.`;
}

function askedText(limit) {
  const now = `${nameOf(limit)}: ${valueOf(limit)} still counts.`;
  return `Asked for. ${now} ${waitingText(limit.waiting)}`;
}
