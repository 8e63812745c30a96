/** The only script of a page: finds elements that ask for a behaviour and gives it to them. What didn't come is asked for until it does,
 * hence no `import` from the start: a page whose network went while it opened comes alive when it is back. */

const FIRST = 500;
const LONGEST = 10_000;
const WRITING = "form[data-behaviour~=composer], form[data-behaviour~=draft]";
const { me = "" } = document.body.dataset;

/**
 * A browser may remember for good that a module failed, and what it imports likewise. One more slash is another address of the same files.
 * @param {string} path @param {() => void} [missed] called when it has to be asked for again @returns {Promise<any>}
 */
async function bring(path, missed) {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await import(`./${"/".repeat(attempt)}${path}.js`);
    } catch (trouble) {
      if (!(trouble instanceof TypeError)) throw trouble; // it came, and is broken
      missed?.();
      await again(Math.min(LONGEST, FIRST * 2 ** attempt) * (0.5 + Math.random() / 2));
    }
  }
}

/** @param {number} ms @returns {Promise<unknown>} */
function again(ms) {
  return new Promise(resolve => {
    setTimeout(resolve, ms);
    addEventListener("online", resolve, { once: true });
  });
}

/** Who writes before the page is alive: the text is kept on this device, what was sent leaves as soon as it can. */
class Early {
  /** Forms somebody wanted to send. @type {Set<HTMLFormElement>} */
  #held = new Set();
  /** Fields written in. @type {Set<HTMLInputElement | HTMLTextAreaElement>} */
  #written = new Set();

  constructor() {
    for (const field of document.querySelectorAll(`:is(${WRITING}) :is(textarea, input)`)) if (typed(field)) this.#bring(field);
    document.addEventListener("input", event => { if (typed(event.target)) this.#keep(event.target); }, true);
    document.addEventListener("submit", event => this.#hold(event), true);
    document.addEventListener("keydown", event => this.#enter(event), true);
    document.addEventListener("journal:bound", event => { if (event.target instanceof HTMLFormElement) this.#over(event.target); });
  }

  /** Kept in an earlier visit that never came alive. @param {HTMLInputElement | HTMLTextAreaElement} field */
  #bring(field) {
    const kept = localStorage.getItem(place(field));
    if (!kept || field.value !== field.defaultValue) return;
    field.value = kept;
    this.#written.add(field);
  }

  /** @param {HTMLInputElement | HTMLTextAreaElement} field */
  #keep(field) {
    if (field.form) this.#busy(field.form, false); // it is written on: no longer what was sent
    this.#written.add(field);
    try {
      localStorage.setItem(place(field), field.value);
    } catch { /* a full disk: it stands in the box */ }
  }

  /** @param {SubmitEvent} event */
  #hold(event) {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || !waits(form)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    this.#busy(form, true);
  }

  /** @param {KeyboardEvent} event */
  #enter(event) {
    const { target, key, shiftKey, altKey, isComposing } = event;
    if (key !== "Enter" || shiftKey || altKey || isComposing || matchMedia("(pointer: coarse)").matches) return;
    if (!(target instanceof HTMLTextAreaElement) || !target.form?.matches("[data-behaviour~=composer]") || !waits(target.form)) return;
    event.preventDefault();
    target.form.requestSubmit();
  }

  /** @param {HTMLFormElement} form @param {boolean} yes */
  #busy(form, yes) {
    if (this.#held.has(form) === yes) return;
    if (yes) this.#held.add(form);
    else this.#held.delete(form);
    for (const button of document.querySelectorAll("button:not([type=button])")) {
      if (button instanceof HTMLButtonElement && button.form === form) button.ariaBusy = String(yes);
    }
  }

  /** It is alive: its own draft takes the words over. @param {HTMLFormElement} form */
  #over(form) {
    if (waits(form)) return;
    const held = this.#held.has(form);
    this.#busy(form, false);
    for (const field of this.#written) {
      if (field.form !== form) continue;
      this.#written.delete(field);
      field.dispatchEvent(new Event("input", { bubbles: true }));
      localStorage.removeItem(place(field));
    }
    if (held) form.requestSubmit();
  }
}

/** Whether the behaviour that keeps and sends it has yet to come. @param {HTMLFormElement} form */
function waits(form) {
  const bound = (form.dataset.bound ?? "").split(" ");
  return form.matches(WRITING) && (form.dataset.behaviour ?? "").split(" ").some(name => !bound.includes(name));
}

/** @param {EventTarget | null} field @returns {field is HTMLInputElement | HTMLTextAreaElement} */
function typed(field) {
  const text = field instanceof HTMLTextAreaElement || (field instanceof HTMLInputElement && field.type === "text");
  return text && me !== "" && field.name !== "" && field.form !== null && waits(field.form);
}

/** @param {HTMLInputElement | HTMLTextAreaElement} field */
function place(field) {
  return `journal:${me}:early:${location.pathname} ${field.name}`;
}

document.documentElement.classList.add("js");
new Early();
const { Page } = await bring("lib/page");
const page = new Page(document.body, (/** @type {string} */ name, /** @type {() => void} */ missed) => {
  if (!/^[a-z]+$/.test(name)) throw new Error(`no behaviour ${name}`);
  return bring(`behaviours/${name}`, missed);
});
await page.bind(document);
page.begin();
document.documentElement.dataset.ready = "yes"; // tests and styles wait for it
navigator.serviceWorker?.register(`/sw.js?lang=${page.locale}`).catch(() => {}); // where it is forbidden, there is no page «Нет связи»
export {};
