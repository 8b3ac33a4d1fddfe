/** The rules of blackjack, which is played over the API alone; for whoever wants to read them. */

import { showAbout } from "./about.js";
import { ask } from "./api.js";
import { byId } from "./dom.js";
import { tellUnfilled } from "./problems.js";
import { current } from "./session.js";
import { lookAtSession, openShell } from "./shell.js";

async function open() {
  openShell();
  try {
    showAbout(await ask("GET", "/v1/games/house/blackjack"));
    if (current()) await lookAtSession();
  } catch (error) {
    tellUnfilled(byId("problem"), error);
  }
}

open();
