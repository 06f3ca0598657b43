// Turns each <input data-suggest="/search/suggest"> into a combobox that offers things by their names.
// Without it the input is a plain one. A choice leads to the page of the thing; an input with data-suggest-value
// names, by its id, the field that takes the IRI of the choice instead. data-suggest-kind keeps to classes of things.
// Source: WAI-ARIA Authoring Practices Guide, Combobox Pattern (editable, list autocomplete, manual selection).

const WAIT_MILLISECONDS = 120;
const LEAST_CHARACTERS = 2;

let made = 0;

function element(name, attributes = {}, text = "") {
  const created = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) created.setAttribute(key, value);
  created.textContent = text;
  return created;
}

function addStyle() {
  const address = new URL("../css/suggest.css", import.meta.url).href;
  if ([...document.styleSheets].some((sheet) => sheet.href === address)) return;
  document.head.append(element("link", { rel: "stylesheet", href: address }));
}

class Combobox {
  constructor(input) {
    this.input = input;
    this.found = [];
    this.active = -1;
    this.asked = null;
    this.timer = 0;
    made += 1;
    const id = `suggestions-${made}`;
    const label = input.labels?.[0]?.textContent.trim() || input.getAttribute("aria-label") || input.placeholder;
    this.list = element("ul", { id, class: "suggestions", role: "listbox", "aria-label": label, hidden: "" });
    this.status = element("span", { class: "visually-hidden", role: "status" });
    this.target = document.getElementById(input.dataset.suggestValue ?? "");
    this.place();
    for (const [name, value] of Object.entries({
      role: "combobox",
      autocomplete: "off",
      "aria-autocomplete": "list",
      "aria-expanded": "false",
      "aria-controls": id,
    })) {
      input.setAttribute(name, value);
    }
    input.addEventListener("input", () => this.typed());
    input.addEventListener("keydown", (event) => this.pressed(event));
    input.addEventListener("blur", () => this.close());
    // Before the input loses the focus, which would close the list.
    this.list.addEventListener("pointerdown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) this.choose(Number(option.dataset.place));
    });
  }

  place() {
    const around = element("div", { class: "suggesting" });
    const focused = document.activeElement === this.input;
    this.input.replaceWith(around);
    around.append(this.input, this.list, this.status);
    if (focused) this.input.focus();
  }

  typed() {
    if (this.target) this.target.value = "";
    clearTimeout(this.timer);
    this.asked?.abort();
    const text = this.input.value.trim();
    if (text.length < LEAST_CHARACTERS) {
      this.close();
      return;
    }
    this.timer = setTimeout(() => this.ask(text), WAIT_MILLISECONDS);
  }

  async ask(text) {
    const address = new URL(this.input.dataset.suggest, document.baseURI);
    address.searchParams.set("q", text);
    for (const kind of (this.input.dataset.suggestKind ?? "").split(" ").filter(Boolean)) {
      address.searchParams.append("kind", kind);
    }
    this.asked = new AbortController();
    try {
      const response = await fetch(address, { signal: this.asked.signal, headers: { Accept: "application/json" } });
      this.show(response.ok ? (await response.json()).suggestions : []);
    } catch (error) {
      if (error.name !== "AbortError") this.close();
    }
  }

  show(found) {
    if (document.activeElement !== this.input) return;
    this.found = found;
    this.active = -1;
    this.list.replaceChildren(...found.map((one, place) => this.option(one, place)));
    this.list.hidden = found.length === 0;
    this.input.setAttribute("aria-expanded", String(found.length > 0));
    this.input.removeAttribute("aria-activedescendant");
    this.status.textContent = (this.input.dataset.suggestCount ?? "{count} suggestions").replace("{count}", found.length);
  }

  option(one, place) {
    const option = element(
      "li",
      { role: "option", id: `${this.list.id}-${place}`, "aria-selected": "false", "data-place": place, dir: "auto" },
      one.label,
    );
    const more = [one.kind, one.matched === one.label ? "" : one.matched].filter(Boolean).join(" · ");
    if (more) option.append(element("span", { dir: "auto" }, more));
    return option;
  }

  pressed(event) {
    if (event.isComposing) return;
    const open = !this.list.hidden;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (open) this.move(event.key === "ArrowDown" ? 1 : -1);
      else if (this.found.length > 0) this.show(this.found);
    } else if (event.key === "Enter" && open && this.active >= 0) {
      event.preventDefault();
      this.choose(this.active);
    } else if (event.key === "Escape" && open) {
      event.preventDefault();
      this.close();
    } else if (event.key === "Tab") {
      this.close();
    }
  }

  move(step) {
    const count = this.found.length;
    // One step before the first and behind the last is the input itself.
    this.active = ((this.active + 1 + step + count + 1) % (count + 1)) - 1;
    [...this.list.children].forEach((option, place) => {
      option.setAttribute("aria-selected", String(place === this.active));
    });
    const option = this.list.children[this.active];
    if (option) {
      this.input.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else {
      this.input.removeAttribute("aria-activedescendant");
    }
  }

  choose(place) {
    const one = this.found[place];
    this.close();
    this.input.value = one.label;
    if (!this.target) {
      location.assign(one.href);
      return;
    }
    this.target.value = one.iri;
    this.target.dispatchEvent(new Event("change", { bubbles: true }));
  }

  close() {
    clearTimeout(this.timer);
    this.asked?.abort();
    this.list.hidden = true;
    this.active = -1;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
    this.status.textContent = "";
  }
}

/** Turns the inputs within a part of a page into comboboxes; those that are ones already stay as they are. */
export function suggestIn(part) {
  const inputs = [...part.querySelectorAll("input[data-suggest]")].filter((input) => input.getAttribute("role") !== "combobox");
  if (inputs.length > 0) addStyle();
  return inputs.map((input) => new Combobox(input));
}

suggestIn(document);
