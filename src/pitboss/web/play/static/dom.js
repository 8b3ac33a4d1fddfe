/** Making and finding parts of a page; text is always text and never markup. */

/** Return the part of the page with this id, which must be there. */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no ${id}`);
  return found;
}

/** Make an element: properties of the DOM, attributes such as `aria-label`, then what is in it. */
export function make(tag, about = {}, ...inside) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(about)) {
    if (name.includes("-") || name === "role") element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...inside);
  return element;
}

/** Put these parts in place of all that is in an element. */
export function fill(element, ...inside) {
  element.replaceChildren(...inside);
}

/** Keep a button from being pressed, without taking the keyboard's focus away from it. */
export function allow(button, allowed) {
  button.setAttribute("aria-disabled", String(!allowed));
}

/** Say whether a button can be pressed. */
export function isAllowed(button) {
  return button.getAttribute("aria-disabled") !== "true";
}

/** Do something when an allowed button is pressed. */
export function onPress(button, work) {
  button.addEventListener("click", (event) => {
    event.preventDefault();
    if (isAllowed(button)) work();
  });
}
