/** The first page: log in, and see what can be played. */

import { ask, Refused } from "./api.js";
import { byId, fill, make, onPress } from "./dom.js";
import { clearProblem, tellProblem } from "./problems.js";
import { withTheirWord } from "./registers.js";
import { current, device, remember, takeNotice } from "./session.js";
import { lookAtSession, openShell } from "./shell.js";

// Games of the house that have a page here; the rules of those stand on it.
const PAGES = new Set(["roulette", "slot"]);
const HOUSE = "house";
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
  if (!inside) return;
  try {
    const [{ games }] = await Promise.all([ask("GET", "/v1/games"), lookAtSession()]);
    showGames(games);
    byId("offer-title").focus();
  } catch (error) {
    tellProblem(problem, error);
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
    const button = make("button", { type: "button", className: "main", textContent: "Play" });
    button.setAttribute("aria-label", `Play ${game.title}`);
    onPress(button, () => launch(game));
    return make(
      "li",
      { className: "panel" },
      make("h3", { textContent: game.title }),
      make("p", { textContent: `Returns ${game.rtp} % of what is staked in the long run.` }),
      playable ? button : onlyRules(game),
    );
  });
  const none = make("li", { textContent: "There is no game that you may play just now." });
  fill(byId("games"), ...(cards.length ? cards : [none]));
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
