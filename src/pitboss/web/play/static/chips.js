/** The chips that lie on the table before a spin; nothing of them is staked yet. */

import { toText } from "./money.js";

/** Return what a place is known by. */
export function placeKey(kind, numbers) {
  return `${kind}:${numbers.join("-")}`;
}

export class Chips {
  #laid = [];

  /** Lay a chip of so many smallest coins on a place. */
  lay(kind, numbers, minor) {
    this.#laid.push({ key: placeKey(kind, numbers), kind, numbers, minor });
  }

  /** Take the last chip back. */
  undo() {
    this.#laid.pop();
  }

  /** Take all chips of one place back. */
  remove(key) {
    this.#laid = this.#laid.filter((chip) => chip.key !== key);
  }

  /** Take all chips back. */
  clear() {
    this.#laid = [];
  }

  /** One bet a place, in the order in which places got their first chip. */
  get bets() {
    const bets = new Map();
    for (const chip of this.#laid) {
      const before = bets.get(chip.key)?.minor ?? 0n;
      bets.set(chip.key, { ...chip, minor: before + chip.minor });
    }
    return [...bets.values()];
  }

  /** What all of them are worth. */
  get total() {
    return this.#laid.reduce((sum, chip) => sum + chip.minor, 0n);
  }

  /** The bets as the API reads them. */
  wager(currency) {
    return this.bets.map(({ kind, numbers, minor }) => ({
      kind,
      numbers,
      stake: toText(minor, currency),
    }));
  }
}
