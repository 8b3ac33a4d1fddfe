/** What every game's page says of its game: its return, its pace, its version. */

import { byId } from "./dom.js";

/** Show it, as the API tells it. */
export function showAbout(rules) {
  byId("rtp").textContent = rules.rtp ? `${rules.rtp} %` : "–";
  byId("version").textContent = rules.version;
  const cycle = rules.cycle_ms_min;
  byId("cycle").textContent = cycle ? `${cycle / 1000} seconds` : "at once";
}

/** Say what a round has come to: what returns no more than its stake is no win to be cheered. */
export function toneOf(wonMinor, stakedMinor) {
  if (wonMinor > stakedMinor) return "good";
  return wonMinor > 0n ? "some" : "none";
}
