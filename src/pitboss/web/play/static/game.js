/** What the pages of all games share: opening, playing a round, and what can go wrong in it. */

import { showAbout } from "./about.js";
import { ask, leave, Refused } from "./api.js";
import { allow, byId, make, onPress } from "./dom.js";
import { Pace } from "./pace.js";
import { clearProblem, tellProblem, tellUnfilled } from "./problems.js";
import { withTheirWord } from "./registers.js";
import { needsSeat, Seat } from "./seat.js";
import { current } from "./session.js";
import { lookAtSession, openShell, showBalance } from "./shell.js";

const NOT_STAKED = "Nothing more was staked.";
const LAPSED = "What you asked for last never came to the house: nothing was staked.";
const ASKING_AGAIN = "The answer was lost. The same round is asked for again…";

export class Game {
  rules = null;
  #name;
  #hooks;
  #seat;
  #pace;
  #problem = byId("problem");
  #isBusy = true;

  /**
   * A game's page.  Hooks: `build(rules)` once, `show(round, isFound)` for each answer, `changed()`
   * whenever things can be done that could not before, or the other way round, `tick()` for the
   * button alone, `say(text)` for what a screen reader is to read.
   */
  constructor(name, hooks) {
    this.#name = name;
    this.#hooks = hooks;
    this.#seat = new Seat(name, () => hooks.say(ASKING_AGAIN));
    this.#pace = new Pace(() => hooks.tick());
  }

  /** The currency of the player's money. */
  get currency() {
    return current().currency;
  }

  /** Whether nothing can be changed now: something is asked for, or its answer is still missing. */
  get isLocked() {
    return this.#isBusy || this.#seat.isWaiting;
  }

  /** Show the game, and the round that goes on in it, for whoever is logged in. */
  async open() {
    openShell();
    if (!current()) {
      leave("Please log in first.");
      return;
    }
    // Whoever loads the page again while an answer is missing is told if it is a refusal.
    const refused = this.#seat.isWaiting ? NOT_STAKED : null;
    await this.#attempt(async () => {
      const path = `/v1/games/house/${this.#name}`;
      const [rules] = await Promise.all([ask("GET", path), lookAtSession()]);
      this.rules = rules;
      showAbout(rules);
      this.#hooks.build(rules);
      // Before sitting down: what was paid for is played to its end by whoever may not stake.
      const found = await this.#seat.resume();
      if (found) await this.#came(found, true);
      else if (this.#seat.isLapsed) this.#hooks.say(LAPSED);
      await withTheirWord(() => this.#seat.sit());
    }, refused);
  }

  /** Begin a round; the next one waits for as long as the game's rules say. */
  async begin(wager) {
    await this.#attempt(async () => {
      await withTheirWord(() => this.#seat.sit());
      await this.#came(await withTheirWord(() => this.#seat.begin(wager)), false, true);
    }, NOT_STAKED);
  }

  /** Take the next step of a round. */
  async step(round, action) {
    const work = async () =>
      this.#came(await withTheirWord(() => this.#seat.step(round, action)), false);
    await this.#attempt(work, NOT_STAKED);
  }

  /** Ask again for what has not been answered. */
  async again() {
    const work = async () => this.#came(await this.#seat.again(), false, true);
    await this.#attempt(work, NOT_STAKED);
  }

  /** Draw the button that plays; what is free waits for nothing but its answer. */
  drawButton(button, label, { isReady, isFree = false }) {
    const { seconds } = this.#pace;
    const waits = !isFree && seconds > 0;
    if (this.#isBusy) button.textContent = "Wait…";
    else if (this.#seat.isWaiting) button.textContent = "Ask again";
    else button.textContent = waits ? `${label} in ${seconds} s` : label;
    const ready = this.#seat.isWaiting || (isReady && !waits);
    allow(button, Boolean(this.rules) && !this.#isBusy && ready);
  }

  /** Have a button play: what `work` says, or, if an answer is missing, the same again. */
  onPlay(button, work) {
    onPress(button, () => (this.#seat.isWaiting ? this.again() : work()));
  }

  async #came(round, isFound, isPaced = isFound) {
    if (isPaced) this.#pace.hold(this.rules.cycle_ms_min);
    if (round.balance) showBalance(round.balance);
    this.#hooks.show(round, isFound);
    try {
      await lookAtSession();
    } catch (error) {
      // What came of the round stands; only what is above it is old.
      tellProblem(this.#problem, error);
    }
  }

  async #attempt(work, refused = null) {
    this.#isBusy = true;
    clearProblem(this.#problem);
    this.#hooks.changed();
    try {
      await work();
    } catch (error) {
      await this.#failed(error, refused);
    } finally {
      this.#isBusy = false;
      this.#hooks.changed();
    }
  }

  async #failed(error, refused) {
    (this.rules ? tellProblem : tellUnfilled)(this.#problem, error);
    if (this.#seat.isWaiting) this.#hooks.say("Nobody knows yet what came of it.");
    else if (refused && error instanceof Refused) this.#hooks.say(refused);
    if (needsSeat(error)) this.#offerSeat();
    const slug = error instanceof Refused ? error.slug : "";
    if (slug === "round_too_soon") this.#pace.hold(this.rules.cycle_ms_min);
    if (slug === "reality_check_due") {
      // Its own trouble would only hide what the player has to know.
      await lookAtSession().catch(() => {});
    }
  }

  #offerSeat() {
    const button = make("button", { type: "button", textContent: "Open the game anew" });
    onPress(button, () => this.#attempt(() => this.#seat.sit({ anew: true })));
    this.#problem.append(make("p", {}, button));
  }
}
