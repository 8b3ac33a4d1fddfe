/** Limits and breaks: what is set and can be, what keeps the player away, and a time-out. */

import { ask, leave } from "./api.js";
import { byId, fill, make } from "./dom.js";
import { clearProblem, tellProblem, tellUnfilled } from "./problems.js";
import { current, newId } from "./session.js";
import { Setting } from "./setting.js";
import { lookAtSession, openShell } from "./shell.js";

const TERMS_HOURS = [24, 48, 72, 168, 336, 720, 1_008];
const TERMS_MONTHS = [1, 3, 6, 12, 24, 36, 60];
const WITHOUT_END = "without an end";
const problem = byId("problem");
const setting = new Setting(problem, told);
// Kept, so that asking again after a lost answer is the same request.
let key = newId();
let awayKey = newId();

async function look() {
  try {
    const [limits, away] = await Promise.all([
      ask("GET", "/v1/me/limits"),
      ask("GET", "/v1/me/exclusions"),
      lookAtSession(),
    ]);
    setting.show(limits);
    showBreaks(away.exclusions.filter((item) => !item.over).map(breakLine));
    offerTimeOut(away);
    offerExclusion(away);
    byId("mine").hidden = false;
  } catch (error) {
    tellUnfilled(problem, error);
  }
}

/** Show what stands now, and say what came of what was asked; null says nothing. */
async function told(text) {
  await look();
  say(text);
}

function say(text) {
  byId("done").textContent = text ?? "";
  byId("done").hidden = !text;
}

function showBreaks(lines) {
  const all = lines.length ? lines : ["Nothing does."];
  fill(byId("breaks"), ...all.map((textContent) => make("li", { textContent })));
}

function breakLine(item) {
  return `${item.kind.replaceAll("_", " ")}, ${endOf(item)}`;
}

/** Say when it ends: an exclusion may go on after its term, until the player asks to return. */
function endOf({ kind, ends_at: end }) {
  if (!end) return WITHOUT_END;
  const least = kind === "exclusion" ? "at least until" : "until";
  return `${least} ${new Date(end).toLocaleString()}`;
}

function offerTimeOut(away) {
  const within = (hours) => hours >= away.time_out_hours_min && hours <= away.time_out_hours_max;
  const terms = away.time_out_hours.length ? away.time_out_hours : TERMS_HOURS.filter(within);
  const options = terms.map((hours) =>
    make("option", {
      value: String(hours),
      textContent: hours % 24 ? `${hours} hours` : `${hours / 24} ${hours === 24 ? "day" : "days"}`,
    }),
  );
  const chosen = byId("hours").value;
  fill(byId("hours"), ...options);
  if (terms.includes(Number(chosen))) byId("hours").value = chosen;
  byId("pause").hidden = !options.length;
}

function offerExclusion(away) {
  const within = (months) => months >= away.exclusion_months_min;
  const terms = away.exclusion_months.length
    ? away.exclusion_months
    : TERMS_MONTHS.filter(within);
  const options = terms.map((months) =>
    make("option", { value: String(months), textContent: monthsText(months) }),
  );
  if (away.indefinite) options.push(make("option", { value: "", textContent: WITHOUT_END }));
  fill(byId("months"), ...options);
  byId("away").hidden = !options.length;
}

function monthsText(months) {
  if (months % 12) return months === 1 ? "1 month" : `${months} months`;
  return months === 12 ? "1 year" : `${months / 12} years`;
}

async function excludeMe() {
  clearProblem(problem);
  try {
    const months = byId("months").value;
    const body = { months: months ? Number(months) : null };
    const taken = await ask("POST", "/v1/me/exclusions", { body, key: awayKey });
    // The exclusion has ended the session: there is nothing to be asked any more.
    leave(`You are excluded, ${endOf(taken)}.`);
  } catch (error) {
    tellProblem(problem, error);
  }
}

async function takeTimeOut() {
  clearProblem(problem);
  try {
    const body = { hours: Number(byId("hours").value) };
    const taken = await ask("POST", "/v1/me/time-outs", { body, key });
    key = newId();
    await told(`You are on a time-out: ${breakLine(taken)}.`);
  } catch (error) {
    tellProblem(problem, error);
  }
}

byId("hours").addEventListener("change", () => {
  key = newId();
});
byId("pause").addEventListener("submit", (event) => {
  event.preventDefault();
  takeTimeOut();
});
byId("months").addEventListener("change", () => {
  awayKey = newId();
});
byId("away").addEventListener("submit", (event) => {
  event.preventDefault();
  excludeMe();
});
openShell();
if (current()) look();
