/** What numbers and bets of roulette are called and coloured. */

const NAMES = {
  straight: "Straight",
  split: "Split",
  street: "Street",
  trio: "Trio",
  corner: "Corner",
  first_four: "First four",
  six_line: "Six line",
  column: "Column",
  dozen: "Dozen",
  red: "Red",
  black: "Black",
  even: "Even",
  odd: "Odd",
  low: "1 to 18",
  high: "19 to 36",
};
const ONE_PLACE_SIZE = 18;

/** Return what a kind of bet is called. */
export function nameOf(kind) {
  return NAMES[kind] ?? kind.replaceAll("_", " ");
}

/** Return the name of a place: short where its numbers follow from it. */
export function placeName(kind, numbers) {
  if (numbers.length >= ONE_PLACE_SIZE) return nameOf(kind);
  return `${nameOf(kind)} ${numbersText(kind, numbers)}`;
}

/** Return the numbers of a place as players write them. */
export function numbersText(kind, numbers) {
  if (kind === "dozen") return `${numbers[0]} to ${numbers.at(-1)}`;
  if (kind === "column") return `${numbers[0]}, ${numbers[1]} … ${numbers.at(-1)}`;
  return numbers.join("-");
}

/** Return a number's colour, by the places of the bet on red that the API tells. */
export function colourOf(number, rules) {
  if (number === 0) return "green";
  const red = rules.bets.find((bet) => bet.kind === "red");
  return red.places[0].includes(number) ? "red" : "black";
}
