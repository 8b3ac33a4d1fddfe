/** The table: a button for each number and each bet outside, laid out for wide and for tall. */

import { make } from "./dom.js";
import { placeKey } from "./chips.js";
import { colourOf, nameOf, numbersText } from "./wheel.js";

const STREETS = 12;
const IN_A_ROW = 3;
// From left to right on a wide table, from top to bottom on a tall one.
const EVEN_CHANCES = ["low", "even", "red", "black", "odd", "high"];
// Where each cell lies: column, row, and how many of each it covers; first wide, then tall.
const SPOTS = ["c", "r", "cs", "rs", "tc", "tr", "tcs", "trs"];
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Table {
  #root;
  #rules;
  #cells = new Map();

  /** Build the table; `laid` is called with the kind and the numbers of a place that is pressed. */
  constructor(root, rules, laid) {
    this.#root = root;
    this.#rules = rules;
    for (const bet of rules.bets) {
      bet.places.forEach((numbers, place) => {
        const spot = spotOf(bet.kind, numbers, place);
        if (spot) this.#add(bet, numbers, spot, laid);
      });
    }
    root.addEventListener("keydown", (event) => this.#move(event));
    const [first] = this.#cells.values();
    first.tabIndex = 0;
  }

  /** Show how much lies on each place; `text` says an amount. */
  showChips(bets, text) {
    const amounts = new Map(bets.map((bet) => [bet.key, bet.minor]));
    for (const [key, cell] of this.#cells) {
      const amount = amounts.has(key) ? text(amounts.get(key)) : "";
      const chip = cell.querySelector(".chip");
      chip.textContent = amount.replace(/ .*$/, "");
      chip.hidden = !amount;
      cell.setAttribute("aria-label", cell.dataset.name + (amount ? `, ${amount} laid` : ""));
    }
  }

  /** Show where the ball lies, and which of the bets on the table have won; with null, nothing. */
  showBall(number, bets = []) {
    const won = bets.filter((bet) => bet.numbers.includes(number));
    const hit = new Set(won.map((bet) => placeKey(bet.kind, bet.numbers)));
    if (number !== null) hit.add(placeKey("straight", [number]));
    for (const [key, cell] of this.#cells) cell.classList.toggle("hit", hit.has(key));
  }

  /** Show which numbers a place has. */
  showPlace(numbers) {
    for (const [key, cell] of this.#cells) {
      const [kind, number] = key.split(":");
      const marked = kind === "straight" && numbers.includes(Number(number));
      cell.classList.toggle("marked", marked);
    }
  }

  #add(bet, numbers, spot, laid) {
    const number = bet.kind === "straight" ? numbers[0] : null;
    const colour = number === null ? bet.kind : colourOf(number, this.#rules);
    const said = textOf(bet.kind, numbers);
    const cell = make("button", { type: "button", className: `cell ${colour}`, tabIndex: -1 });
    cell.append(make("span", { textContent: said }), make("span", { className: "chip" }));
    const name = number === null ? nameWith(bet.kind, numbers) : `${number} ${colour}`;
    cell.dataset.name = `${name}, pays ${bet.pays} to 1`;
    SPOTS.forEach((variable, at) => cell.style.setProperty(`--${variable}`, spot[at]));
    cell.addEventListener("click", () => {
      this.#rove(cell);
      laid(bet.kind, numbers);
    });
    cell.addEventListener("focus", () => this.#rove(cell));
    this.#cells.set(placeKey(bet.kind, numbers), cell);
    this.#root.append(cell);
  }

  #rove(cell) {
    for (const other of this.#cells.values()) other.tabIndex = other === cell ? 0 : -1;
  }

  /** Move to the cell that is nearest in the direction of the arrow, as the table lies now. */
  #move(event) {
    const direction = ARROWS[event.key];
    const from = document.activeElement;
    if (!direction || !from.classList.contains("cell")) return;
    event.preventDefault();
    let best = null;
    let least = Infinity;
    for (const cell of this.#cells.values()) {
      const far = distance(from.getBoundingClientRect(), cell.getBoundingClientRect(), direction);
      if (cell !== from && far < least) [best, least] = [cell, far];
    }
    best?.focus();
  }
}

/** Return how far a cell is in a direction; aside counts more, and behind there is none. */
function distance(from, to, [x, y]) {
  const dx = (to.left + to.right - from.left - from.right) / 2;
  const dy = (to.top + to.bottom - from.top - from.bottom) / 2;
  const ahead = x ? dx * x : dy * y;
  const aside = Math.abs(x ? dy : dx);
  return ahead > 1 ? ahead + 3 * aside : Infinity;
}

/** Return where a place lies; null for those between numbers, which are chosen beside the table. */
function spotOf(kind, numbers, place) {
  if (kind === "straight") return numberSpot(numbers[0]);
  if (kind === "column") {
    return [STREETS + 2, IN_A_ROW - place, 1, 1, 3 + place, STREETS + 2, 1, 1];
  }
  if (kind === "dozen") return [2 + 4 * place, 4, 4, 1, 2, 2 + 4 * place, 1, 4];
  const at = EVEN_CHANCES.indexOf(kind);
  return at < 0 ? null : [2 + 2 * at, 5, 2, 1, 1, 2 + 2 * at, 1, 2];
}

function numberSpot(number) {
  if (number === 0) return [1, 1, 1, 3, 3, 1, 3, 1];
  const street = Math.ceil(number / IN_A_ROW);
  const place = (number - 1) % IN_A_ROW;
  return [1 + street, IN_A_ROW - place, 1, 1, 3 + place, 1 + street, 1, 1];
}

function textOf(kind, numbers) {
  if (kind === "straight") return String(numbers[0]);
  if (kind === "column") return "2 to 1";
  return kind === "dozen" ? numbersText(kind, numbers) : nameOf(kind);
}

function nameWith(kind, numbers) {
  const wide = kind === "dozen" || kind === "column";
  return wide ? `${nameOf(kind)} ${numbersText(kind, numbers)}` : nameOf(kind);
}
