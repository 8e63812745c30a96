/** Puts a newer server-rendered fragment in the place of an older one without taking anything from the person:
 * typed text, what was said of a form, open folds, focus and scroll stay. */
import { $$ } from "./dom.js";

/** @typedef {HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement} Control */

/** @param {Element} element @returns {element is Control} */
function isControl(element) {
  return element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement || element instanceof HTMLSelectElement;
}

/** @param {Control} control */
function changed(control) {
  if (control instanceof HTMLSelectElement) return [...control.options].some(option => option.selected !== option.defaultSelected);
  if (control instanceof HTMLInputElement && /checkbox|radio/.test(control.type)) return control.checked !== control.defaultChecked;
  return control.value !== control.defaultValue;
}

/** A control's place that survives a new rendering. @param {Control} control */
function address(control) {
  return [formName(control.form), control.name, control.type === "radio" ? control.value : ""].join(" ");
}

/** @param {HTMLFormElement | null} form */
function formName(form) {
  const to = form?.querySelector("[name=to],[name=decision],[name=after]");
  return `${form?.getAttribute("action") ?? ""} ${to instanceof HTMLInputElement ? to.value : ""}`;
}

/** What was said of a decision on one version is not said of the next. @param {HTMLFormElement | null} form */
function formAbout(form) {
  const version = form?.querySelector("[name=version]");
  return `${formName(form)} ${version instanceof HTMLInputElement ? version.value : ""}`;
}

/** What the person has done inside. @param {HTMLElement} root */
function remember(root) {
  const controls = [...root.querySelectorAll("input, textarea, select")].filter(isControl);
  const active = document.activeElement;
  return {
    values: new Map(controls.filter(changed).map(control => [address(control), control])),
    said: new Map($$(root, "[data-error]").map(slot => [formAbout(slot.closest("form")), [...slot.childNodes]])),
    folds: $$(root, "details").filter(fold => fold.hasAttribute("open")).map(foldName),
    focus: active && root.contains(active) ? focusName(active) : "",
    caret: active instanceof HTMLTextAreaElement || (active instanceof HTMLInputElement && active.type === "text") ? active.selectionStart : null,
    scroll: root.scrollTop,
  };
}

/** @param {Element} fold */
function foldName(fold) {
  const part = fold.closest("[data-part]");
  return `${part instanceof HTMLElement ? part.dataset.part : ""} ${fold.className} ${fold.querySelector("summary")?.textContent?.trim()}`;
}

/** @param {Element} element */
function focusName(element) {
  if (isControl(element)) return `control ${address(element)}`;
  return `${element.tagName} ${element.id} ${element.textContent?.trim()}`;
}

/** @param {HTMLElement} root @param {ReturnType<typeof remember>} was */
function restore(root, was) {
  for (const control of root.querySelectorAll("input, textarea, select")) {
    if (!isControl(control)) continue;
    const old = was.values.get(address(control));
    if (old instanceof HTMLInputElement && control instanceof HTMLInputElement && /checkbox|radio/.test(control.type)) control.checked = old.checked;
    else if (old && control.type !== "hidden") control.value = old.value;
    if (was.focus === focusName(control)) focus(control, was.caret);
  }
  for (const slot of $$(root, "[data-error]")) slot.append(...(was.said.get(formAbout(slot.closest("form"))) ?? []));
  for (const fold of $$(root, "details")) if (was.folds.includes(foldName(fold))) fold.setAttribute("open", "");
  if (was.focus && !was.focus.startsWith("control")) $$(root, "a, button, summary").find(one => focusName(one) === was.focus)?.focus({ preventScroll: true });
  root.scrollTop = was.scroll;
}

/** @param {Control} control @param {number | null} caret */
function focus(control, caret) {
  control.focus({ preventScroll: true });
  if (caret !== null && (control instanceof HTMLTextAreaElement || control instanceof HTMLInputElement)) control.setSelectionRange(caret, caret);
}

/**
 * Swaps the children of `live` for those of `next`.
 * @param {HTMLElement} live @param {HTMLElement} next @param {{unbind: (root: ParentNode) => void, bind: (root: ParentNode) => Promise<void>}} page
 */
export function swap(live, next, page) {
  const was = remember(live);
  for (const child of live.children) page.unbind(child);
  live.replaceChildren(...next.childNodes);
  for (const name of ["state"]) if (next.dataset[name] !== undefined) live.dataset[name] = next.dataset[name];
  restore(live, was);
  void page.bind(live);
}
