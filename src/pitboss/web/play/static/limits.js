/** Limits and breaks: what is set and can be, what keeps the player away, and a time-out. */

import { ask } from "./api.js";
import { byId, fill, make } from "./dom.js";
import { clearProblem, tellProblem } from "./problems.js";
import { current, newId } from "./session.js";
import { Setting } from "./setting.js";
import { lookAtSession, openShell } from "./shell.js";

const TERMS_HOURS = [24, 48, 72, 168, 336, 720, 1_008];
const problem = byId("problem");
const setting = new Setting(problem, told);
// Kept, so that asking again after a lost answer is the same request.
let key = newId();

async function look() {
  try {
    const [limits, away] = await Promise.all([
      ask("GET", "/v1/me/limits"),
      ask("GET", "/v1/me/exclusions"),
      lookAtSession(),
    ]);
    setting.show(limits);
    showBreaks(away.exclusions.map(breakLine));
    offerTimeOut(away);
    byId("mine").hidden = false;
  } catch (error) {
    tellProblem(problem, error);
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
  const chosen = byId("hours").value;
  fill(byId("hours"), ...options);
  if (terms.includes(Number(chosen))) byId("hours").value = chosen;
  byId("pause").hidden = !options.length;
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
openShell();
if (current()) look();
