/**
 * A player's seat in a game of the house: rounds are begun, played on and found again.
 *
 * What is asked for is kept before it is sent.  If its answer is lost, the very same is asked for
 * again, under the same round and number, until it is known what came of it: nothing is staked
 * twice.
 */

import { ask, Refused } from "./api.js";
import { current, newId } from "./session.js";

const WAITS_MS = [500, 1500, 3000];
// Longer than anything that was sent can still be on its way.
const FRESH_MS = 60_000;
const HOUSE = "/v1/games/house";
const GONE = new Set(["unknown_session", "session_expired", "game_session_over", "session_over"]);

/** Say whether it is the session in the game that is missing, so that another one helps. */
export function needsSeat(error) {
  return error instanceof Refused && GONE.has(error.slug);
}

export class Seat {
  #game;
  #told;
  #isLapsed = false;

  /** Sit down at a game; `told` hears each time that an answer is lost and asked for again. */
  constructor(game, told) {
    this.#game = game;
    this.#told = told;
  }

  /** The session in the game, which `POST /v1/games/launch` has put into the address. */
  get sessionId() {
    return location.hash.slice(1) || null;
  }

  /** Whether something was asked for and nobody knows yet what came of it. */
  get isWaiting() {
    return this.#kept() !== null;
  }

  /** Whether what was asked for last has never come to the house, and was dropped. */
  get isLapsed() {
    return this.#isLapsed;
  }

  /** Open the game, if the address does not say that it is open, or anew. */
  async sit({ anew = false } = {}) {
    if (this.sessionId && !anew) return;
    const body = { provider: "house", game: this.#game };
    const opened = await ask("POST", "/v1/games/launch", { body });
    history.replaceState(null, "", `#${opened.session_id}`);
  }

  /** Begin a round under a new id; `wager` is its bets or its stake. */
  begin(wager) {
    const id = newId();
    const body = { round_id: id, session_id: this.sessionId, ...wager };
    return this.#send({ id, path: `${HOUSE}/${this.#game}/rounds`, body });
  }

  /** Take the next step of a round. */
  step(round, action) {
    const body = { number: round.steps + 1, action, session_id: this.sessionId };
    return this.#send({ id: round.round_id, path: stepsOf(round.round_id), body });
  }

  /** Ask again for what waits for its answer. */
  again() {
    return this.#send(this.#kept());
  }

  /**
   * Return the round that was left in the middle, or whose answer was lost; null if there is none.
   *
   * What was asked for a minute ago or more, or in an earlier login, is looked up and not asked for
   * again: whoever comes back to the page later stakes nothing that was meant for then.
   */
  async resume() {
    const kept = this.#kept();
    const isOfNow = kept?.login === current().sessionId;
    if (isOfNow && Date.now() - kept.at < FRESH_MS) return this.again();
    if (kept) {
      const found = await this.#find(kept.id);
      this.#forget();
      if (found) return found;
      this.#isLapsed = isOfNow;
    }
    const { rounds } = await ask("GET", `${HOUSE}/rounds`);
    return rounds.find((round) => round.game === this.#game) ?? null;
  }

  async #find(id) {
    try {
      const round = await ask("GET", `${HOUSE}/rounds/${id}`);
      // Of one that is told as recorded there is nothing to lay on a table.
      return round.recorded ? null : round;
    } catch (error) {
      if (error instanceof Refused && error.status === 404) return null;
      throw error;
    }
  }

  async #send(wish) {
    this.#keep(wish);
    for (let tries = 0; ; tries += 1) {
      try {
        const round = await ask("POST", wish.path, { body: wish.body });
        this.#forget();
        return round;
      } catch (error) {
        if (!isOpen(error)) this.#forget();
        if (!isOpen(error) || error.status === 401 || tries === WAITS_MS.length) throw error;
        this.#told(error);
        await new Promise((done) => setTimeout(done, WAITS_MS[tries]));
      }
    }
  }

  get #place() {
    return `pitboss.asked.${this.#game}`;
  }

  #kept() {
    const kept = JSON.parse(sessionStorage.getItem(this.#place) ?? "null");
    // Whoever else was logged in here is none of this player's business.
    return kept && kept.player === current()?.playerId ? kept : null;
  }

  #keep({ id, path, body }) {
    const { playerId: player, sessionId: login } = current();
    const wish = { id, path, body, player, login, at: Date.now() };
    sessionStorage.setItem(this.#place, JSON.stringify(wish));
  }

  #forget() {
    sessionStorage.removeItem(this.#place);
  }
}

/** Say whether it is open what came of it.  Who is logged out finds it after the next login. */
function isOpen(error) {
  return !(error instanceof Refused) || error.isPassing || error.status === 401;
}

function stepsOf(roundId) {
  return `${HOUSE}/rounds/${roundId}/steps`;
}
