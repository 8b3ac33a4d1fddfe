/** The first page: log in, and see what can be played. */

import { toWhom } from "./about.js";
import { ask, Refused } from "./api.js";
import { byId, fill, make, onPress } from "./dom.js";
import { clearProblem, tellProblem, tellUnfilled } from "./problems.js";
import { withTheirWord } from "./registers.js";
import { current, device, remember, takeNotice } from "./session.js";
import { lookAtSession, openShell } from "./shell.js";

// Games of the house that have a page here; the rules of those stand on it.
const PAGES = new Set(["roulette", "slot"]);
const HOUSE = "house";
// What they are called while they are not on offer, and so have no title there.
const NAMES = { roulette: "European Roulette", slot: "Lantern Ways", blackjack: "Blackjack" };
const ELSEWHERE = { title: "No page", detail: "Whoever makes this game opens it elsewhere." };

const problem = byId("problem");

async function open() {
  openShell();
  const notice = takeNotice();
  byId("notice").hidden = !notice;
  byId("notice").textContent = notice ?? "";
  const inside = current() !== null;
  byId("login").hidden = inside;
  byId("offer").hidden = !inside;
  byId("left").hidden = true;
  if (!inside) return;
  try {
    const [{ games }, { rounds }] = await Promise.all([
      ask("GET", "/v1/games"),
      ask("GET", "/v1/games/house/rounds"),
      lookAtSession(),
    ]);
    showLeft(rounds);
    showGames(games);
    byId(rounds.length ? "left-title" : "offer-title").focus();
  } catch (error) {
    tellUnfilled(problem, error);
  }
}

async function logIn() {
  clearProblem(problem);
  const body = { email: byId("email").value, password: byId("password").value, device: device() };
  const code = byId("code").value.trim();
  if (code) body.code = code;
  try {
    remember(await ask("POST", "/v1/sessions", { body }));
    byId("password").value = "";
    await open();
  } catch (error) {
    tellProblem(problem, error);
    if (error instanceof Refused && error.slug.endsWith("second_factor_needed")) {
      byId("factor").hidden = false;
      byId("code").focus();
    }
  }
}

function showGames(games) {
  const cards = games.map((game) => {
    const playable = game.provider !== HOUSE || PAGES.has(game.game);
    const who = game.provider === HOUSE ? toWhom(game.game) : "";
    const returns = `Returns ${game.rtp} % of what is staked in the long run${who}.`;
    const button = make("button", { type: "button", className: "main", textContent: "Play" });
    button.setAttribute("aria-label", `Play ${game.title}`);
    onPress(button, () => launch(game));
    return make(
      "li",
      { className: "panel" },
      make("h3", { textContent: game.title }),
      make("p", { textContent: returns }),
      playable ? button : onlyRules(game),
    );
  });
  const none = make("li", { textContent: "There is no game that you may play just now." });
  fill(byId("games"), ...(cards.length ? cards : [none]));
}

/** Show what was paid for and is not over: who may not stake, or open the game, plays it on too. */
function showLeft(rounds) {
  byId("left").hidden = !rounds.length;
  fill(byId("rounds"), ...rounds.map(leftCard));
}

function leftCard(round) {
  const name = NAMES[round.game] ?? round.game;
  const free = round.free_left === 1 ? "1 free spin" : `${round.free_left} free spins`;
  const stands = round.free_left ? `${free} to come` : "it waits for you";
  const href = `/play/${round.game}`;
  const text = PAGES.has(round.game) ? `Go on with ${name}` : `Rules of ${name}`;
  const way = make("p", {}, make("a", { href, textContent: text }));
  if (!PAGES.has(round.game)) way.prepend("It cannot be played here yet. ");
  return make("li", { className: "panel" }, make("p", { textContent: `${name}: ${stands}.` }), way);
}

function onlyRules({ game, title }) {
  const link = make("a", { href: `/play/${game}`, textContent: `Rules of ${title}` });
  return make("p", { className: "small" }, "It cannot be played here yet. ", link);
}

async function launch(game) {
  clearProblem(problem);
  const body = { provider: game.provider, game: game.game };
  if (game.provider !== HOUSE) body.return_url = new URL("/play/", location.href).href;
  try {
    const { url } = await withTheirWord(() => ask("POST", "/v1/games/launch", { body }));
    if (url) location.assign(url);
    else tellProblem(problem, new Refused(404, ELSEWHERE));
  } catch (error) {
    tellProblem(problem, error);
  }
}

byId("login").addEventListener("submit", (event) => {
  event.preventDefault();
  logIn();
});
open();
