/** Limits and breaks: what is set, what keeps the player away, and a time-out for who wants one. */

import { ask } from "./api.js";
import { byId, fill, make } from "./dom.js";
import { shown } from "./money.js";
import { clearProblem, tellProblem } from "./problems.js";
import { current, newId } from "./session.js";
import { lookAtSession, openShell } from "./shell.js";

const TERMS_HOURS = [24, 48, 72, 168, 336, 720, 1_008];
const problem = byId("problem");
// Kept, so that asking again after a lost answer is the same request.
let key = newId();

async function look() {
  try {
    const [limits, away] = await Promise.all([
      ask("GET", "/v1/me/limits"),
      ask("GET", "/v1/me/exclusions"),
      lookAtSession(),
    ]);
    showLines("limits", limits.limits.map(limitLine), "None is set.");
    showLines("breaks", away.exclusions.map(breakLine), "Nothing does.");
    offerTimeOut(away);
    byId("mine").hidden = false;
  } catch (error) {
    tellProblem(problem, error);
  }
}

function showLines(id, lines, none) {
  const items = (lines.length ? lines : [none]).map((line) => make("li", { textContent: line }));
  fill(byId(id), ...items);
}

function limitLine(limit) {
  const { currency } = current();
  const name = limit.kind.replaceAll("_", " ");
  const value = limit.amount ? shown(limit.amount, currency) : `${limit.minutes ?? "–"} minutes`;
  const used = limit.used ? `, of which ${shown(limit.used, currency)} are used` : "";
  const waits = limit.waiting ? "; a looser one waits" : "";
  return `${name}${limit.period ? ` a ${limit.period}` : ""}: ${value}${used}${waits}`;
}

function breakLine(item) {
  const end = item.ends_at ? `until ${new Date(item.ends_at).toLocaleString()}` : "without an end";
  return `${item.kind.replaceAll("_", " ")}, ${end}`;
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
  fill(byId("hours"), ...options);
  byId("pause").hidden = !options.length;
}

async function takeTimeOut() {
  clearProblem(problem);
  try {
    const body = { hours: Number(byId("hours").value) };
    const taken = await ask("POST", "/v1/me/time-outs", { body, key });
    key = newId();
    byId("done").textContent = `You are on a time-out: ${breakLine(taken)}.`;
    byId("done").hidden = false;
    await look();
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
openShell();
if (current()) look();
