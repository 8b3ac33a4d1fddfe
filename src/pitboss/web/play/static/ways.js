/** Which ways of a spin have paid, worked out from what the reels show and what they pay. */

const WILD = "W";
const SCATTER = "S";
const PAYING_MIN = 3;

/**
 * Return what has paid, the most first: `symbol`, on how many `reels`, in how many `ways`, for how
 * many `coins` in all.  Of scatters `ways` is null, and `reels` is how many there are.
 */
export function waysOf(reels, isFree, rules) {
  const factor = isFree ? rules.free_factor : 1;
  const found = Object.entries(rules.pays).flatMap(([symbol, pays]) => {
    const counts = reels.map((reel) => count(reel, symbol) + count(reel, WILD));
    const gap = counts.indexOf(0);
    const length = gap < 0 ? counts.length : gap;
    if (length < PAYING_MIN) return [];
    const ways = counts.slice(0, length).reduce((product, here) => product * here, 1);
    return [{ symbol, reels: length, ways, coins: pays[length - PAYING_MIN] * ways * factor }];
  });
  const scatters = reels.reduce((sum, reel) => sum + count(reel, SCATTER), 0);
  const scattered = rules.scatters[scatters];
  if (scattered) {
    found.push({ symbol: SCATTER, reels: scatters, ways: null, coins: scattered * factor });
  }
  return found.sort((one, other) => other.coins - one.coins);
}

/** Say whether a symbol of the window lies in one of these ways. */
export function isInWay(found, symbol, reel) {
  return found.some((way) =>
    way.ways === null
      ? symbol === SCATTER
      : reel < way.reels && (symbol === way.symbol || symbol === WILD),
  );
}

function count(reel, symbol) {
  return [...reel].filter((item) => item === symbol).length;
}
