/** The page of European roulette: chips are laid here, and everything else is the server's. */

import { toneOf } from "./about.js";
import { Chips } from "./chips.js";
import { allow, byId, fill, make, onPress } from "./dom.js";
import { Game } from "./game.js";
import { shownMinor, toMinor } from "./money.js";
import { current, keepMine, keptMine } from "./session.js";
import { Table } from "./table.js";
import { colourOf, nameOf, numbersText, placeName } from "./wheel.js";

// Smallest coins.
const VALUES = [10n, 50n, 100n, 200n, 500n, 2_500n];
const VALUE_FIRST = 100n;
const LAST_MAX = 12;
const LAST_NAME = "roulette.last";

const chips = new Chips();
const game = new Game("roulette", { build, show, changed, tick, say });
let table = null;
let value = VALUE_FIRST;
let before = [];

function build(rules) {
  table = new Table(byId("table"), rules, lay);
  fill(byId("values"), ...VALUES.map(valueChoice));
  fill(byId("kind"), ...rules.bets.map(kindOption));
  byId("kind").value = "split";
  choosePlaces();
  fill(byId("pays"), ...rules.bets.map(paysRow));
  showLast();
}

function lay(kind, numbers) {
  if (game.isLocked) return;
  chips.lay(kind, numbers, value);
  table.showBall(null);
  changed();
}

function show(round, isFound) {
  before = round.bets.map(({ kind, numbers, stake }) => ({
    kind,
    numbers,
    minor: toMinor(stake, round.currency),
  }));
  chips.clear();
  const colour = colourOf(round.number, game.rules);
  const ball = byId("ball");
  ball.textContent = round.number;
  ball.className = `ball ${colour}`;
  table.showBall(round.number, before);
  const staked = toMinor(round.staked, round.currency);
  const won = toMinor(round.won, round.currency);
  const found = isFound ? "Your last spin: " : "";
  const number = round.number === 0 ? "zero" : `${round.number} ${colour}`;
  say(`${found}${number}. ${outcomeText(won, staked, round.currency)}`, toneOf(won, staked));
  note(round.round_id, round.number);
}

function outcomeText(won, staked, currency) {
  const returned = won === 0n ? "Nothing" : shownMinor(won, currency);
  return `${returned} returned, ${shownMinor(staked, currency)} staked.`;
}

function say(text, tone = "none") {
  byId("outcome").className = `outcome ${tone}`;
  byId("outcome").textContent = text;
}

function changed() {
  const { bets, total } = chips;
  const isLocked = game.isLocked;
  const amount = (minor) => shownMinor(minor, current()?.currency);
  const sum = current()?.currency ? amount(total) : "–";
  // It is read aloud whenever it is written, so it is written only if it has changed.
  if (byId("total").textContent !== sum) byId("total").textContent = sum;
  for (const [id, isReady] of [
    ["undo", bets.length],
    ["clear", bets.length],
    ["repeat", before.length],
  ]) {
    allow(byId(id), Boolean(isReady) && !isLocked);
  }
  tick();
  const none = make("li", { className: "small", textContent: "No chip lies on the table." });
  fill(byId("laid"), ...(bets.length ? bets.map((bet) => laidLine(bet, amount)) : [none]));
  table?.showChips(bets, amount);
}

function tick() {
  game.drawButton(byId("spin"), "Spin", { isReady: chips.bets.length > 0 });
}

function laidLine(bet, amount) {
  const name = placeName(bet.kind, bet.numbers);
  const button = make("button", { type: "button", className: "small", textContent: "Remove" });
  button.setAttribute("aria-label", `Remove ${name}`);
  allow(button, !game.isLocked);
  onPress(button, () => {
    chips.remove(bet.key);
    changed();
    // The button that was pressed is gone, and the keyboard must not be lost with it.
    byId("undo").focus();
  });
  return make("li", {}, make("span", { textContent: `${name}: ${amount(bet.minor)}` }), button);
}

function valueChoice(minor) {
  const text = shownMinor(minor, game.currency);
  const input = make("input", { type: "radio", name: "value", checked: minor === value });
  input.value = String(minor);
  input.addEventListener("change", () => {
    value = minor;
  });
  const disc = make("span", { className: "disc", textContent: text.replace(/ .*$/, "") });
  return make("label", { title: text }, input, disc);
}

function kindOption({ kind, pays }) {
  return make("option", { value: kind, textContent: `${nameOf(kind)} (${pays} to 1)` });
}

function choosePlaces() {
  const bet = game.rules.bets.find((item) => item.kind === byId("kind").value);
  const options = bet.places.map((numbers, place) =>
    make("option", { value: String(place), textContent: numbersText(bet.kind, numbers) }),
  );
  fill(byId("place"), ...options);
}

function chosenPlace() {
  const bet = game.rules.bets.find((item) => item.kind === byId("kind").value);
  return [bet.kind, bet.places[Number(byId("place").value)]];
}

function paysRow({ kind, pays, places }) {
  const cells = [nameOf(kind), places[0].length, places.length, `${pays} to 1`];
  return make("tr", {}, ...cells.map((textContent) => make("td", { textContent })));
}

/** Note a number among the last ones, once, however often its round is shown. */
function note(roundId, number) {
  const known = lastNumbers();
  if (known.some((item) => item.roundId === roundId)) return;
  const kept = [{ roundId, number }, ...known].slice(0, LAST_MAX);
  keepMine(LAST_NAME, JSON.stringify(kept));
  showLast();
}

function lastNumbers() {
  return JSON.parse(keptMine(LAST_NAME) ?? "[]");
}

function showLast() {
  const items = lastNumbers().map(({ number }) => {
    const colour = colourOf(number, game.rules);
    const item = make("li", { className: colour, textContent: String(number) });
    item.setAttribute("aria-label", `${number} ${colour}`);
    return item;
  });
  fill(byId("last"), ...items);
}

/** Lay what was laid last, in place of what lies there: pressed twice it is not staked twice. */
function repeat() {
  chips.clear();
  for (const bet of before) chips.lay(bet.kind, bet.numbers, bet.minor);
}

byId("kind").addEventListener("change", () => {
  choosePlaces();
  table.showPlace(chosenPlace()[1]);
});
byId("place").addEventListener("change", () => table.showPlace(chosenPlace()[1]));
byId("inside").addEventListener("focusin", () => table?.showPlace(chosenPlace()[1]));
byId("inside").addEventListener("focusout", () => table?.showPlace([]));
byId("inside").addEventListener("submit", (event) => {
  event.preventDefault();
  if (game.rules) lay(...chosenPlace());
});
for (const [id, work] of [
  ["undo", () => chips.undo()],
  ["clear", () => chips.clear()],
  ["repeat", repeat],
]) {
  onPress(byId(id), () => {
    work();
    table.showBall(null);
    changed();
  });
}
game.onPlay(byId("spin"), () => game.begin({ bets: chips.wager(game.currency) }));
game.open();
