/** Refusals in words: the API's own, and what can be done about them. */

import { ask, Lost, Refused } from "./api.js";
import { fill, make, onPress } from "./dom.js";
import { newId } from "./session.js";

const LIMITS = {
  text: "What keeps you from playing stands under",
  link: ["/play/limits", "Limits and breaks"],
};
const ELSEWHERE = "This page cannot do that; your operator's own pages can.";

// By the slug of the problem.  What has no line is told in the API's words alone.
const ADVICE = {
  above_single_stake_limit: LIMITS,
  above_stake_limit: LIMITS,
  above_loss_limit: LIMITS,
  limit_closed: LIMITS,
  session_time_used_up: LIMITS,
  mandatory_break: LIMITS,
  player_excluded: LIMITS,
  player_on_time_out: LIMITS,
  register_down: { text: "Whoever must be asked first is silent now. Try again in a while." },
  active_elsewhere: { text: "End your play with the other operator first, and wait a little." },
  limit_missing: {
    text: "The licence wants limits to be set first, under",
    link: ["/play/limits", "Limits and breaks"],
  },
  terms_not_accepted: { text: `The terms in force must be read and accepted. ${ELSEWHERE}` },
  player_not_verified: { text: `You must show who you are. ${ELSEWHERE}` },
  second_factor_missing: { text: `A second factor must be set up first. ${ELSEWHERE}` },
  game_plan_missing: { text: `The licence wants a plan for the session. ${ELSEWHERE}` },
  insufficient_funds: { text: `Choose a smaller stake, or pay in. ${ELSEWHERE}` },
  reality_check_due: { text: "Look at the time and the money, and say whether you go on." },
  round_open: { text: "Load this page again: the round is found and goes on." },
  game_version_changed: { text: "It ends as it was recorded; what it has won is paid." },
};
const WHERE = /^location_(not_shown|expired|blocked|network_changed)$/;

/** Show why something was not done; `place` is an alert, which a screen reader reads at once. */
export function tellProblem(place, error) {
  if (!(error instanceof Refused)) return tell(place, ...unanswered(error));
  const parts = [make("strong", { textContent: error.title }), ` ${error.message}`];
  const fields = error.fields.filter((item) => item.detail !== error.message);
  if (fields.length) {
    const lines = fields.map((item) => `${item.field}: ${item.detail}`);
    parts.push(make("ul", {}, ...lines.map((textContent) => make("li", { textContent }))));
  }
  const advice = ADVICE[error.slug];
  if (advice) parts.push(adviceOf(advice));
  if (WHERE.test(error.slug)) parts.push(whereButton(place));
  return tell(place, ...parts);
}

/** Show why a page could not be filled; where that may pass, offer to load it again. */
export function tellUnfilled(place, error) {
  tellProblem(place, error);
  if (error instanceof Refused && !error.isPassing) return;
  const again = make("button", { type: "button", textContent: "Load this page again" });
  onPress(again, () => location.reload());
  place.append(make("p", {}, again));
}

/** Show nothing any more. */
export function clearProblem(place) {
  place.hidden = true;
  fill(place);
}

function tell(place, ...parts) {
  fill(place, ...parts);
  place.hidden = false;
}

function unanswered(error) {
  if (error instanceof Lost) {
    return [make("strong", { textContent: "No answer" }), " The connection was lost."];
  }
  // A fault of this page; what happened to it is for whoever mends it.
  console.error(error);
  return [make("strong", { textContent: "This page failed" }), " Please load it again."];
}

function adviceOf({ text, link }) {
  if (!link) return make("p", { textContent: text });
  const [href, name] = link;
  return make("p", {}, `${text} `, make("a", { href, textContent: name }), ".");
}

/** Offer to be located by the address; a licence that wants a device's location needs more. */
function whereButton(place) {
  const button = make("button", { type: "button", textContent: "Show where I am" });
  onPress(button, async () => {
    try {
      const { kind } = await ask("GET", "/v1/location");
      if (kind === "device") {
        tell(place, `Your licence wants to know where your device is. ${ELSEWHERE}`);
        return;
      }
      const body = { token: null };
      const found = await ask("POST", "/v1/location/checks", { body, key: newId() });
      const why = found.reasons.map((reason) => reason.replaceAll("_", " ")).join(", ");
      const passed = found.decision === "pass";
      tell(place, passed ? "You may play here. Please try again." : `Not here: ${why}.`);
    } catch (error) {
      tellProblem(place, error);
    }
  });
  return make("p", {}, button);
}
