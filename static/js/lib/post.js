/** Forms posted by fetch: the same routes as without JavaScript, answered in JSON. Shows what was wrong beside the field it belongs to. */
import { $, $$, fill } from "./dom.js";

/** @typedef {{ok: boolean, status: number, body: any}} Answer `status` 0: the network is away */

/** @param {string} url @param {RequestInit} how @returns {Promise<Answer>} */
async function call(url, how) {
  try {
    const headers = { Accept: "application/json", "X-Requested-With": "journal", ...how.headers };
    const response = await fetch(url, { ...how, headers, credentials: "same-origin" });
    const type = response.headers.get("Content-Type") ?? "";
    return { ok: response.ok, status: response.status, body: type.includes("json") ? await response.json() : await response.text() };
  } catch {
    return { ok: false, status: 0, body: null };
  }
}

/** @param {string} url @returns {Promise<Answer>} */
export function get(url) {
  return call(url, { method: "GET" });
}

/** @param {string} url @param {FormData | Record<string, any>} values @param {RequestInit} [how] */
export function post(url, values, how = {}) {
  if (values instanceof FormData) return call(url, { method: "POST", body: values, ...how });
  return call(url, { method: "POST", body: JSON.stringify(values), headers: { "Content-Type": "application/json" }, ...how });
}

/** @param {HTMLFormElement} form */
export function clearErrors(form) {
  for (const field of $$(form, "[aria-invalid=true]")) mended(field);
  for (const shown of $$(form, "[data-was-wrong]")) shown.remove();
}

/**
 * Writes a problem into the form: each error beside its field, the rest above the buttons; focuses the first.
 * @param {HTMLFormElement} form @param {Answer} answer @param {string} otherwise what to say when the server said nothing
 */
export function showErrors(form, answer, otherwise) {
  clearErrors(form);
  /** @type {{field: string, detail: string}[]} */
  const errors = answer.body?.errors ?? [];
  const homeless = [];
  /** @type {HTMLElement | null} */
  let first = null;
  for (const error of errors) {
    const field = fieldOf(form, error.field);
    if (!field || field.getAttribute("type") === "hidden") {
      homeless.push(error.detail);
      continue;
    }
    wrong(field, error.detail);
    first ??= field;
  }
  const detail = homeless.join(" ") || (errors.length ? "" : answer.body?.detail || otherwise);
  if (detail) place(form, detail);
  first?.focus();
}

/** `comment`, or `lines.2.price` for the third `line_price`, `lines` for where the first begins. @param {HTMLFormElement} form @param {string} name @returns {HTMLElement | null} */
function fieldOf(form, name) {
  if (name === "lines") return $(form, "[name=line_text]");
  const [, place, part] = /^lines\.(\d+)\.(\w+)$/.exec(name) ?? [];
  if (part) return $$(form, `[name="line_${CSS.escape(part)}"]`)[Number(place)] ?? null;
  return $(form, `[name="${CSS.escape(name)}"]`);
}

/** @param {HTMLElement} field @param {string} detail */
export function wrong(field, detail) {
  const note = fill("form-error", { text: detail });
  note.dataset.wasWrong = "";
  note.id = `wrong-${Math.random().toString(36).slice(2)}`; // a count would be one for each copy of this module
  field.dataset.wrong = note.id;
  field.setAttribute("aria-invalid", "true");
  field.setAttribute("aria-describedby", `${field.getAttribute("aria-describedby") ?? ""} ${note.id}`.trim());
  field.after(note);
  return field;
}

/** The person is mending it: what was said about this field no longer holds. @param {EventTarget | null} field */
export function mended(field) {
  if (!(field instanceof HTMLElement) || field.getAttribute("aria-invalid") !== "true") return;
  field.removeAttribute("aria-invalid");
  const { wrong: id } = field.dataset;
  if (!id) return;
  const others = (field.getAttribute("aria-describedby") ?? "").split(" ").filter(one => one && one !== id).join(" ");
  if (others) field.setAttribute("aria-describedby", others);
  else field.removeAttribute("aria-describedby");
  document.getElementById(id)?.remove();
  delete field.dataset.wrong;
}

/** @param {HTMLFormElement} form @param {string} detail */
function place(form, detail) {
  const note = fill("form-error", { text: detail });
  note.dataset.wasWrong = "";
  note.setAttribute("role", "alert");
  const slot = $(form, "[data-error]");
  if (slot) slot.append(note);
  else form.append(note);
}
