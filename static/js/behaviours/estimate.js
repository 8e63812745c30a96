/** The estimate form: lines come and go, sums are counted as the server counts them, what was typed waits on this device. */
import { $, $$ } from "../lib/dom.js";
import { decimal, lineSum, money } from "../lib/sums.js";

/** @param {HTMLElement} root @param {import("../lib/page.js").Page} page */
export function bind(root, page) {
  if (!(root instanceof HTMLFormElement)) return;
  const form = new EstimateForm(root, page);
  return () => form.end();
}

class EstimateForm {
  /** @param {HTMLFormElement} form @param {import("../lib/page.js").Page} page */
  constructor(form, page) {
    this.form = form;
    this.page = page;
    this.key = `journal:${page.me}:estimate:${form.dataset.ticket}:${form.dataset.version}`; // what was begun before a newer version is not laid over it
    this.body = /** @type {HTMLElement} */ ($(form, "[data-lines]"));
    this.blank = /** @type {HTMLElement} */ (this.body.lastElementChild?.cloneNode(true));
    this.oninput = () => { this.count(); this.keep(); };
    form.addEventListener("input", this.oninput);
    $(form, "[data-add]")?.addEventListener("click", () => this.add().querySelector("textarea")?.focus());
    // Before `act` reads the form: the server leaves empty lines out and counts the others.
    form.addEventListener("submit", () => this.tidy(), { capture: true });
    form.addEventListener("done", () => localStorage.removeItem(this.key));
    this.restore();
    this.count();
  }

  end() {
    this.form.removeEventListener("input", this.oninput);
  }

  /** @returns {HTMLElement} */
  add() {
    const line = /** @type {HTMLElement} */ (this.blank.cloneNode(true));
    for (const control of line.querySelectorAll("textarea, input:not([type=hidden])")) {
      if (control instanceof HTMLTextAreaElement || control instanceof HTMLInputElement) control.value = control.defaultValue = "";
    }
    this.body.append(line);
    return line;
  }

  count() {
    let total = 0n;
    let hours = 0;
    for (const line of $$(this.body, "[data-line]")) {
      const [quantity, price] = [value(line, "line_quantity"), value(line, "line_price")];
      const sum = lineSum(quantity, price);
      const output = $(line, "[data-sum]");
      if (output) output.textContent = sum === null ? "" : money(sum, this.page.locale);
      const many = decimal(quantity);
      if (many && value(line, "line_unit") === "hour") hours += Number(many.units) / 10 ** many.places;
      total += sum ?? 0n;
    }
    const output = $(this.form, "[data-total]");
    if (output) output.textContent = money(total, this.page.locale);
    const sum = $(this.form, "[data-hours]");
    if (sum) sum.textContent = hours ? new Intl.NumberFormat(this.page.locale, { style: "unit", unit: "hour", unitDisplay: "short" }).format(hours) : "";
  }

  /** Empty lines go to the end, so that what is wrong with the third line is said beside the third. */
  tidy() {
    const empty = (/** @type {HTMLElement} */ line) => !["line_text", "line_quantity", "line_price"].some(name => value(line, name).trim());
    this.body.append(...$$(this.body, "[data-line]").filter(empty));
  }

  keep() {
    const lines = $$(this.body, "[data-line]").map(line => ["line_text", "line_quantity", "line_unit", "line_price"].map(name => value(line, name)));
    localStorage.setItem(this.key, JSON.stringify({ lines, due: value(this.form, "due"), vat: value(this.form, "vat"), comment: value(this.form, "comment") }));
    const note = $(this.form, "[data-saved]");
    if (note) note.hidden = false;
  }

  restore() {
    const kept = JSON.parse(localStorage.getItem(this.key) ?? "null");
    if (!kept) return;
    while (this.body.children.length < kept.lines.length) this.add();
    $$(this.body, "[data-line]").forEach((line, n) => {
      ["line_text", "line_quantity", "line_unit", "line_price"].forEach((name, m) => write(line, name, kept.lines[n]?.[m] ?? value(line, name)));
    });
    write(this.form, "due", kept.due);
    write(this.form, "comment", kept.comment);
    write(this.form, "vat", kept.vat ?? value(this.form, "vat"));
  }
}

/** @param {ParentNode} root @param {string} name */
function control(root, name) {
  return /** @type {HTMLInputElement | null} */ (root.querySelector(`[name="${name}"]`));
}

/** @param {ParentNode} root @param {string} name */
function value(root, name) {
  return control(root, name)?.value ?? "";
}

/** @param {ParentNode} root @param {string} name @param {string} text */
function write(root, name, text) {
  const field = control(root, name);
  if (field) field.value = text;
}
