// Comfort for the pages that take something in; all of them work without it.
// A line that is named leads into the text itself; more places come without a new page; nothing is sent twice.

import { suggestIn } from "./suggest.js";

/** Selects a line of the text, if it still has it. */
function goToLine(text, number) {
  const lines = text.value.split("\n");
  if (number < 1 || number > lines.length) return false;
  const start = lines.slice(0, number - 1).reduce((sum, line) => sum + line.length + 1, 0);
  text.focus();
  text.setSelectionRange(start, start + lines[number - 1].length);
  const height = parseFloat(getComputedStyle(text).lineHeight) || 20;
  text.scrollTop = Math.max(0, (number - 3) * height);
  text.scrollIntoView({ block: "center" });
  return true;
}

/** One more place in a field, as the last one is, but empty. */
function addPlace(field) {
  const places = field.querySelectorAll(".place:not(.here)");
  const last = places[places.length - 1];
  const copy = last.cloneNode(true);
  // A combobox is made of a plain input; a copy is one again.
  for (const around of copy.querySelectorAll(".suggesting")) around.replaceWith(around.querySelector("input"));
  for (const input of copy.querySelectorAll("input, select, textarea")) {
    if (input.id) input.id = `${input.id}-${places.length}`;
    if (input.dataset.suggestValue) input.dataset.suggestValue = `${input.dataset.suggestValue}-${places.length}`;
    if (input.classList.contains("language")) continue;
    for (const name of ["role", "aria-autocomplete", "aria-expanded", "aria-controls", "aria-activedescendant"]) input.removeAttribute(name);
    input.setAttribute("aria-label", `${field.querySelector("label").textContent.trim()} ${places.length + 1}`);
    input.value = "";
  }
  last.after(copy);
  suggestIn(copy);
  copy.querySelector("input, select, textarea").focus();
}

document.addEventListener("click", (event) => {
  const line = event.target.closest("a[data-line]");
  const text = document.getElementById("text");
  if (line && text && goToLine(text, Number(line.dataset.line))) event.preventDefault();
  const more = event.target.closest("button.more");
  if (more) {
    event.preventDefault();
    addPlace(more.closest(".field"));
  }
});

for (const form of document.querySelectorAll("form[data-once]")) {
  let sent = false;
  form.addEventListener("submit", (event) => {
    if (sent) event.preventDefault();
    sent = true;
  });
  window.addEventListener("pageshow", () => {
    sent = false;
  });
}

document.getElementById("report")?.focus();
