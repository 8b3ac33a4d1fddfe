/** Registers and central files, whose word some licences want before anything is staked. */

import { ask, Refused } from "./api.js";

// Whoever was with another operator stays so for us until the file is asked again.
const UNASKED = new Set(["register_not_checked", "register_down", "active_elsewhere"]);

/**
 * Do what stakes money, or opens a game for it.  Where it is refused because nobody has been asked
 * about this player, have them asked and do it once more: nothing was staked, and what they say is
 * told by its refusal.
 */
export async function withTheirWord(work) {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Refused) || !UNASKED.has(error.slug)) throw error;
  }
  await ask("POST", "/v1/me/register-check");
  return work();
}
