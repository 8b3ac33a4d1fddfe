/** How fast a game may be played: from the beginning of a round to that of the next. */

const TICK_MS = 200;

export class Pace {
  #until = 0;
  #changed;
  #timer = 0;

  /** Keep the pace; `changed` is called whenever the seconds that are left change. */
  constructor(changed) {
    this.#changed = changed;
  }

  /** How many seconds the next round has to wait, rounded up. */
  get seconds() {
    return Math.max(0, Math.ceil((this.#until - performance.now()) / 1000));
  }

  /** Have the next round wait for so long from now on. */
  hold(ms) {
    this.#until = Math.max(this.#until, performance.now() + (ms ?? 0));
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#changed();
  }

  #tick() {
    if (!this.seconds) clearInterval(this.#timer);
    this.#changed();
  }
}
