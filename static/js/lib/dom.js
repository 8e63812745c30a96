/** Elements from the server's fragments and from `<template>`s. The only place where text becomes markup: it came from our own escaping templates. */

/** @param {string} html @param {Element} [within] where it will stand: a table's row is only read as one inside a table @returns {DocumentFragment} */
export function fragment(html, within = document.body) {
  const range = document.createRange();
  range.selectNodeContents(within);
  return range.createContextualFragment(html);
}

/** The first element of a rendered row. @param {string} html @returns {HTMLElement | null} */
export function element(html) {
  const first = fragment(html).firstElementChild;
  return first instanceof HTMLElement ? first : null;
}

/**
 * Clones `<template id>` and writes text into its `[data-slot]`s; `null` takes the slot away.
 * @param {string} id @param {Record<string, string | number | null>} [slots] @returns {HTMLElement}
 */
export function fill(id, slots = {}) {
  const template = document.getElementById(id);
  if (!(template instanceof HTMLTemplateElement)) throw new Error(`no template ${id}`);
  const copy = /** @type {HTMLElement} */ (template.content.firstElementChild?.cloneNode(true));
  for (const [name, text] of Object.entries(slots)) {
    for (const slot of [copy, ...copy.querySelectorAll("[data-slot]")]) {
      if (!(slot instanceof HTMLElement) || slot.dataset.slot !== name) continue;
      if (text === null) slot.remove();
      else slot.textContent = String(text);
    }
  }
  return copy;
}

/** @param {ParentNode} root @param {string} selector @returns {HTMLElement | null} */
export function $(root, selector) {
  return root.querySelector(selector);
}

/** @param {ParentNode} root @param {string} selector @returns {HTMLElement[]} */
export function $$(root, selector) {
  return [...root.querySelectorAll(selector)].filter(found => found instanceof HTMLElement);
}

/**
 * Listens until the behaviour's signal ends.
 * @param {EventTarget | null} target @param {string} kind @param {(event: any) => void} ear
 * @param {AddEventListenerOptions} [options]
 */
export function on(target, kind, ear, options) {
  target?.addEventListener(kind, ear, options);
}

/** A sentence whose words came from the server: `data-text-new="%(n)s новых"`. @param {string | undefined} words @param {Record<string, string | number>} values */
export function say(words, values = {}) {
  return (words ?? "").replace(/%\((\w+)\)[sd]/g, (whole, name) => String(values[name] ?? whole));
}

/**
 * A plural whose forms came from the server: `data-text-fresh-one`, `-few`, `-many`, `-other`.
 * @param {DOMStringMap} words @param {string} name camelCase stem @param {number} n @param {string} locale
 */
export function plural(words, name, n, locale) {
  const form = new Intl.PluralRules(locale).select(n);
  const key = name + form[0]?.toUpperCase() + form.slice(1);
  return say(words[key] ?? words[name + "Other"] ?? words[name + "Many"], { n });
}
