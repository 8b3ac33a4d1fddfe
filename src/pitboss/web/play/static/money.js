/** Amounts: decimal texts outside, whole numbers of the currency's smallest coins inside. */

// Source: ISO 4217, table A.1; all other currencies have two digits.
const WITHOUT_DIGITS = new Set(["CLP", "ISK", "JPY", "KRW", "PYG", "VND", "XAF", "XOF"]);
const OF_THREE_DIGITS = new Set(["BHD", "IQD", "JOD", "KWD", "OMR", "TND"]);
const MINUS = "\u2212";

/** Return how many decimal places a currency has. */
export function minorDigits(currency) {
  if (WITHOUT_DIGITS.has(currency)) return 0;
  return OF_THREE_DIGITS.has(currency) ? 3 : 2;
}

/** Read an amount such as "12.50" as smallest coins; a finer one is none that can be staked. */
export function toMinor(text, currency) {
  const digits = minorDigits(currency);
  const found = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
  const fraction = found?.[3] ?? "";
  if (!found || fraction.length > digits) {
    throw new RangeError(`${text} is no amount of whole coins of ${currency}`);
  }
  const minor = BigInt(found[2] + fraction.padEnd(digits, "0"));
  return found[1] ? -minor : minor;
}

/** Write smallest coins as the API reads them. */
export function toText(minor, currency) {
  const digits = minorDigits(currency);
  const sign = minor < 0n ? "-" : "";
  const all = (minor < 0n ? -minor : minor).toString().padStart(digits + 1, "0");
  const whole = all.slice(0, all.length - digits);
  return digits ? `${sign}${whole}.${all.slice(-digits)}` : `${sign}${whole}`;
}

/** Return an amount of the API's for people: as it was told, with its currency. */
export function shown(text, currency) {
  return `${text.replace(/^-/, MINUS)} ${currency}`;
}

/** Return smallest coins for people. */
export function shownMinor(minor, currency) {
  return shown(toText(minor, currency), currency);
}
