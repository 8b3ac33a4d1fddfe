/** What every game's page says of its game: its return, its pace, its version. */

import { byId } from "./dom.js";

const LEGIBLE_DIGITS = 12;
// Of games whose return depends on how they are played: to whom what is told is returned.
const PLAYED_WELL = { blackjack: " to who plays basic strategy" };

/** Show it, as the API tells it. */
export function showAbout(rules) {
  byId("rtp").textContent = rules.rtp ? `${rules.rtp} %` : "–";
  byId("odds").textContent = odds(rules);
  byId("version").textContent = rules.version;
  const cycle = rules.cycle_ms_min;
  byId("cycle").textContent = cycle ? `${cycle / 1000} seconds` : "at once";
}

/** Say to whom a game of the house returns what is told; of games of chance alone, nothing. */
export function toWhom(game) {
  return PLAYED_WELL[game] ?? "";
}

/** Say what a stake returns and how often the highest win comes: what stands where one stakes. */
function odds({ game, rtp, top_win_chance: chance }) {
  const long = `is returned in the long run${toWhom(game)}. `;
  const returned = rtp ? `Of each 1.00 staked, ${returnOf(rtp)} ${long}` : "";
  return returned + (chance ? `The highest win comes ${onceIn(chance)}.` : "");
}

/** Return a percentage such as `"97.2972"` as a share of one, digit by digit: 0.972972. */
function returnOf(rtp) {
  const [whole, part = ""] = rtp.split(".");
  const digits = whole.padStart(3, "0");
  return `${digits.slice(0, -2)}.${digits.slice(-2)}${part}`.replace(/^0+(?=\d)/, "");
}

/** Say a chance such as `"1/37"` as once in so many; as a power of ten if nobody would read it. */
export function onceIn(chance) {
  const [top, bottom] = chance.split("/").map(BigInt);
  // To the nearest whole number: of a chance that is not one in so many, the rest is told nobody.
  const rounds = (bottom + top / 2n) / top;
  const digits = String(rounds);
  if (digits.length <= LEGIBLE_DIGITS) return `once in ${rounds.toLocaleString("en")} rounds`;
  return `once in ${digits[0]}.${digits[1]} × 10^${digits.length - 1} rounds`;
}

/** Say what a round has come to: what returns no more than its stake is no win to be cheered. */
export function toneOf(wonMinor, stakedMinor) {
  if (wonMinor > stakedMinor) return "good";
  return wonMinor > 0n ? "some" : "none";
}
