/** The symbols of the slot: lanterns of eight shapes, a star that is wild, a moon that scatters. */

const SVG = "http://www.w3.org/2000/svg";
const NAMES = { W: "wild", S: "scatter" };

// Outlines in a square of 64, with room above for what a lantern hangs on.
const SHAPES = {
  A: "M32 12c14 0 21 9 21 20s-7 20-21 20-21-9-21-20 7-20 21-20z",
  B: "M22 12h20l12 20-12 20H22L10 32z",
  C: "M32 9l22 23-22 23L10 32z",
  D: "M21 12h22c5 13 5 27 0 40H21c-5-13-5-27 0-40z",
  E: "M16 14h32v36H16z",
  F: "M20 12h24l8 40H12z",
  G: "M12 12h40l-8 40H20z",
  H: "M18 12h28v10l-6 10 6 10v10H18V42l6-10-6-10z",
  W: "M32 6l7 17 18 2-14 12 5 18-16-10-16 10 5-18L7 25l18-2z",
  S: "M40 8a25 25 0 1 0 14 36A21 21 0 0 1 40 8z",
};
const UNKNOWN = "M10 10h44v44H10z";
const HOOK = "M32 2v9";

/** Return what a symbol is called. */
export function nameOf(symbol) {
  return NAMES[symbol] ?? symbol;
}

/** Draw a symbol; what it is called is said by whoever shows it. */
export function draw(symbol) {
  const image = part("svg", { viewBox: "0 0 64 64", class: `symbol of-${symbol}` });
  image.setAttribute("aria-hidden", "true");
  if (!NAMES[symbol]) image.append(part("path", { class: "hook", d: HOOK }));
  image.append(part("path", { class: "shape", d: SHAPES[symbol] ?? UNKNOWN }));
  const letter = part("text", { x: symbol === "S" ? 25 : 32, y: 40, class: "letter" });
  letter.textContent = symbol;
  image.append(letter);
  return image;
}

function part(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}
