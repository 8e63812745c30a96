/** The service as a combobox over the plain select: groups, what each is for, who answers. The select keeps the value. */
import { $, $$, on } from "../lib/dom.js";

/** @param {HTMLElement} root holds the form and the aside that shows who answers */
export function bind(root) {
  const picker = new Picker(root);
  const outside = (/** @type {MouseEvent} */ event) => { if (event.target instanceof Node && !picker.control.contains(event.target)) picker.close(); };
  document.addEventListener("mousedown", outside);
  return () => document.removeEventListener("mousedown", outside);
}

class Picker {
  /** @type {HTMLElement | null} */
  active = null;

  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.select = /** @type {HTMLSelectElement} */ ($(root, "[data-part=select]"));
    this.control = /** @type {HTMLElement} */ (this.select.closest(".ctl"));
    this.button = this.#part("open");
    this.search = this.#part("searching");
    this.query = /** @type {HTMLInputElement} */ (this.#part("query"));
    this.list = this.#part("list");
    this.options = $$(this.list, "[role=option]");
    this.button.hidden = false;
    this.select.classList.add("vh");
    this.select.tabIndex = -1;
    this.select.setAttribute("aria-hidden", "true");
    document.getElementById("service-label")?.removeAttribute("for");
    on(this.button, "click", () => this.open());
    on(this.button, "keydown", event => { if (/^Arrow(Down|Up)$/.test(event.key)) { event.preventDefault(); this.open(); } });
    on(this.query, "input", () => this.filter());
    on(this.query, "keydown", event => this.#key(event));
    on(this.list, "mousedown", event => event.preventDefault()); // the focus stays in the field
    on(this.list, "click", event => { const option = event.target.closest("[role=option]"); if (option) this.choose(option); });
    on(this.list, "mousemove", event => { const option = event.target.closest("[role=option]"); if (option) this.mark(option); });
    on(this.select, "change", () => this.paint());
    on(this.select, "focus", () => this.button.focus());
    this.paint();
  }

  /** @param {string} name @returns {HTMLElement} */
  #part(name) {
    return /** @type {HTMLElement} */ ($(this.control, `[data-part=${name}]`));
  }

  open() {
    this.button.hidden = true;
    this.button.setAttribute("aria-expanded", "true");
    this.search.hidden = this.list.hidden = false;
    this.query.value = "";
    this.filter();
    const chosen = this.options.find(option => option.dataset.id === this.select.value);
    if (chosen) this.mark(chosen);
    this.query.focus();
  }

  close() {
    if (this.list.hidden) return;
    const inside = this.control.contains(document.activeElement);
    this.search.hidden = this.list.hidden = true;
    this.button.hidden = false;
    this.button.setAttribute("aria-expanded", "false");
    if (inside) this.button.focus();
  }

  /** Every word typed must stand in the name, the explanation or the person. */
  filter() {
    const words = fold(this.query.value).split(/\s+/).filter(Boolean);
    for (const option of this.options) option.hidden = !words.every(word => fold(option.textContent ?? "").includes(word));
    for (const group of $$(this.list, "[role=group]")) group.hidden = !$$(group, "[role=option]").some(option => !option.hidden);
    const shown = this.#shown();
    this.#part("none").hidden = shown.length > 0;
    this.mark(shown[0] ?? null);
  }

  #shown() {
    return this.options.filter(option => !option.hidden);
  }

  /** @param {HTMLElement | null} option */
  mark(option) {
    this.active?.setAttribute("aria-selected", "false");
    this.active = option;
    option?.setAttribute("aria-selected", "true");
    option?.scrollIntoView({ block: "nearest" });
    if (option) this.query.setAttribute("aria-activedescendant", option.id);
    else this.query.removeAttribute("aria-activedescendant");
  }

  /** @param {HTMLElement} option */
  choose(option) {
    this.select.value = option.dataset.id ?? "";
    this.select.dispatchEvent(new Event("change", { bubbles: true }));
    this.close();
    this.button.focus();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const shown = this.#shown();
    const at = this.active ? shown.indexOf(this.active) : -1;
    if (event.key === "ArrowDown") this.mark(shown[Math.min(at + 1, shown.length - 1)] ?? null);
    else if (event.key === "ArrowUp") this.mark(shown[Math.max(at - 1, 0)] ?? null);
    else if (event.key === "Enter") { if (this.active) this.choose(this.active); }
    else if (event.key === "Escape") this.close();
    else if (event.key === "Tab") return this.close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** The closed control and the aside say what is chosen and who will answer. */
  paint() {
    const option = this.options.find(one => one.dataset.id === this.select.value);
    const face = option && $(option, ".av")?.cloneNode(true);
    if (face instanceof HTMLElement) face.classList.replace("s", "m");
    this.#part("face").replaceChildren(...(face ? [face] : []));
    this.#part("name").textContent = option ? $(option, "[data-part=option-name]")?.textContent ?? "" : this.select.options[0]?.textContent ?? "";
    this.#part("by").textContent = option ? $(option, "[data-by]")?.dataset.by ?? "" : "";
    const who = $(this.root, "[data-part=who]");
    const people = option?.querySelector("template");
    who?.replaceChildren(...(people ? [people.content.cloneNode(true)] : []));
    const nobody = $(this.root, "[data-part=nobody]");
    if (nobody) nobody.hidden = Boolean(option);
    if (!option) return;
    this.button.removeAttribute("aria-invalid");
    document.getElementById("service-error")?.remove();
  }
}

/** @param {string} text */
function fold(text) {
  return text.toLocaleLowerCase("ru").replaceAll("ё", "е");
}
