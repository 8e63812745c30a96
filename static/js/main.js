/** The only script of a page: finds elements that ask for a behaviour and gives it to them. */
import { Page } from "./lib/page.js";

const page = new Page(document.body, name => {
  if (!/^[a-z]+$/.test(name)) throw new Error(`no behaviour ${name}`);
  return import(`./behaviours/${name}.js`);
});
document.documentElement.classList.add("js");
await page.bind(document);
page.begin();
document.documentElement.dataset.ready = "yes"; // tests and styles wait for it
navigator.serviceWorker?.register(`/sw.js?lang=${page.locale}`).catch(() => {}); // where it is forbidden, there is no page «Нет связи»
