/** The page of Lantern Ways: a stake is chosen here, and everything else is the server's. */

import { toneOf } from "./about.js";
import { byId, fill, make } from "./dom.js";
import { Game } from "./game.js";
import { shown, shownMinor, toMinor, toText } from "./money.js";
import { keepMine, keptMine } from "./session.js";
import { draw, nameOf } from "./symbols.js";
import { isInWay, waysOf } from "./ways.js";

// How many times the least stake.
const STAKES = [1n, 2n, 3n, 5n, 10n, 15n, 20n, 50n, 100n];
const REELS = 5;
const ROWS = 3;
const SPIN = "spin";
const STAKE_NAME = "slot.stake";

const game = new Game("slot", { build, show, changed, tick, say });
let round = null;

function build(rules) {
  const stakes = STAKES.map((times) => toText(times * BigInt(rules.coins), game.currency));
  fill(byId("stake"), ...stakes.map(stakeOption));
  const chosen = keptMine(STAKE_NAME);
  if (stakes.includes(chosen)) byId("stake").value = chosen;
  byId("coins").textContent = rules.coins;
  byId("factor").textContent = rules.free_factor;
  showPays();
  showReels(idle(rules), []);
}

function stakeOption(value) {
  return make("option", { value, textContent: shown(value, game.currency) });
}

/** Show the stake of a round that goes on; another client may have chosen another one. */
function chooseStake(value) {
  const known = [...byId("stake").options].some((option) => option.value === value);
  if (!known) byId("stake").append(stakeOption(value));
  byId("stake").value = value;
  showPays();
}

/** Return a window for before the first spin: the symbols in their order, and no draw's. */
function idle(rules) {
  const symbols = Object.keys(rules.pays);
  return Array.from({ length: REELS }, (_, reel) => symbols.slice(reel, reel + ROWS).join(""));
}

function show(answer, isFound) {
  round = answer;
  const spin = round.spins.at(-1);
  const staked = toMinor(round.staked, round.currency);
  if (!round.over) chooseStake(round.staked);
  if (spin) showSpin(spin, staked);
  byId("staked").textContent = shown(round.staked, round.currency);
  byId("won").textContent = shown(round.won, round.currency);
  fill(byId("spins"), ...round.spins.map(spinLine));
  showFree();
  const won = toMinor(round.won, round.currency);
  say(outcomeText(spin, isFound), round.over ? toneOf(won, staked) : "none");
}

function showSpin(spin, staked) {
  const coin = staked / BigInt(game.rules.coins);
  const found = waysOf(spin.reels, spin.free, game.rules);
  const paid = found.reduce((sum, way) => sum + BigInt(way.coins), 0n) * coin;
  // What has paid is the server's word; how it came about is shown only if it adds up to that.
  const agreed = paid === toMinor(spin.won, round.currency) ? found : [];
  showReels(spin.reels, agreed);
  fill(byId("ways"), ...agreed.map((way) => make("li", { textContent: wayText(way, coin) })));
}

function wayText({ symbol, reels, ways, coins }, coin) {
  const amount = shownMinor(BigInt(coins) * coin, round.currency);
  if (ways === null) return `${reels} scatters: ${amount}`;
  return `${symbol} on ${reels} reels, ${ways} ${ways === 1 ? "way" : "ways"}: ${amount}`;
}

function showReels(reels, found) {
  const columns = reels.map((reel, at) => {
    const cells = [...reel].map((symbol) => {
      const isWinning = isInWay(found, symbol, at);
      return make("div", { className: isWinning ? "spot winning" : "spot" }, draw(symbol));
    });
    return make("div", { className: "reel" }, ...cells);
  });
  fill(byId("reels"), ...columns);
  byId("reels").classList.toggle("idle", round === null);
  const said = reels.map((reel, at) => `reel ${at + 1}: ${[...reel].map(nameOf).join(", ")}`);
  if (round) byId("reels").setAttribute("aria-label", said.join("; "));
}

function outcomeText(spin, isFound) {
  const parts = isFound ? ["This round was interrupted; here it is."] : [];
  const { currency } = round;
  if (spin) parts.push(`The spin has won ${wonText(spin.won, currency)}.`);
  if (!round.over) parts.push(`${freeText(round.free_left)} to come.`);
  else if (round.spins.length > 1) parts.push(`The round has won ${wonText(round.won, currency)}.`);
  if (round.over) parts.push(`${shown(round.staked, currency)} staked.`);
  return parts.join(" ");
}

function wonText(text, currency) {
  return toMinor(text, currency) ? shown(text, currency) : "nothing";
}

function freeText(left) {
  return left === 1 ? "1 free spin" : `${left} free spins`;
}

function showFree() {
  const played = round.spins.filter((spin) => spin.free).length;
  const all = played + round.free_left;
  byId("free").hidden = !all;
  const paid = round.over ? "" : `; paid when the round is over`;
  byId("free").textContent = `Free spins: ${played} of ${all} played${paid}`;
}

function spinLine(spin) {
  const name = spin.free ? "Free spin" : "Spin";
  return make("li", { textContent: `${name}: ${shown(spin.won, round.currency)}` });
}

function showPays() {
  const { rules, currency } = game;
  const stake = byId("stake").value;
  const coin = toMinor(stake, currency) / BigInt(rules.coins);
  const amount = (coins) => toText(BigInt(coins) * coin, currency);
  byId("at").textContent = shown(stake, currency);
  const rows = Object.entries(rules.pays).map(([symbol, pays]) => {
    const cells = pays.map((coins) => make("td", { textContent: amount(coins) }));
    const head = make("th", { scope: "row" }, draw(symbol), make("span", { textContent: symbol }));
    return make("tr", {}, head, ...cells);
  });
  fill(byId("pays"), ...rows);
  const scatters = Object.entries(rules.scatters).map(([many, coins]) => {
    const cells = [many, amount(coins), rules.free_spins[many] ?? 0];
    return make("tr", {}, ...cells.map((textContent) => make("td", { textContent })));
  });
  fill(byId("scatters"), ...scatters);
}

function say(text, tone = "none") {
  byId("outcome").className = `outcome ${tone}`;
  byId("outcome").textContent = text;
}

function goesOn() {
  return round !== null && !round.over;
}

function changed() {
  byId("stake").disabled = game.isLocked || goesOn();
  tick();
}

function tick() {
  const isReady = !goesOn() || round.actions.includes(SPIN);
  const label = goesOn() ? `Free spin (${round.free_left} left)` : "Spin";
  game.drawButton(byId("spin"), label, { isReady, isFree: goesOn() });
}

byId("stake").addEventListener("change", () => {
  keepMine(STAKE_NAME, byId("stake").value);
  showPays();
});
game.onPlay(byId("spin"), () => {
  if (goesOn()) return game.step(round, SPIN);
  return game.begin({ stake: byId("stake").value });
});
game.open();
