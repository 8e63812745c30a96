/** Times of the log in the viewer's zone and language. Pure but for `paintTimes`. */

/** @typedef {{locale: string, zone?: string}} Clock */

/** @param {Clock} clock @param {Intl.DateTimeFormatOptions} options @param {number | string | Date} at */
function format(clock, options, at) {
  return new Intl.DateTimeFormat(clock.locale === "en" ? "en-GB" : "ru-RU", { timeZone: clock.zone || undefined, ...options }).format(new Date(at));
}

/** «10:05» @param {Clock} clock @param {number | string | Date} at */
export function clockTime(clock, at) {
  return format(clock, { hour: "2-digit", minute: "2-digit" }, at);
}

/** «24.11.2026» @param {Clock} clock @param {number | string | Date} at */
export function date(clock, at) {
  return format(clock, { day: "2-digit", month: "2-digit", year: "numeric" }, at).replaceAll("/", ".");
}

/** The key of a day in the viewer's zone, «2026-11-24». @param {Clock} clock @param {number | string | Date} at */
export function dayKey(clock, at) {
  return new Intl.DateTimeFormat("en-CA", { timeZone: clock.zone || undefined, dateStyle: "short" }).format(new Date(at));
}

/** @param {Clock} clock @param {number | string | Date} at @param {number} now @returns {"today" | "yesterday" | "tomorrow" | "other"} */
export function nearDay(clock, at, now) {
  const key = dayKey(clock, at);
  const day = 86_400_000;
  if (key === dayKey(clock, now)) return "today";
  if (key === dayKey(clock, now - day)) return "yesterday";
  return key === dayKey(clock, now + day) ? "tomorrow" : "other";
}

/** «24 ноября», with the year when it isn't this one. @param {Clock} clock @param {number | string | Date} at @param {number} now */
export function longDay(clock, at, now) {
  const other = dayKey(clock, at).slice(0, 4) !== dayKey(clock, now).slice(0, 4);
  return format(clock, { day: "numeric", month: "long", ...(other ? { year: "numeric" } : {}) }, at).replace(/ г\.$/, "");
}

/** «Сегодня, 24 ноября» @param {Clock} clock @param {number | string | Date} at @param {number} now */
export function dayTitle(clock, at, now) {
  const near = relativeDay(clock, at, now);
  const long = longDay(clock, at, now);
  return near ? `${near[0]?.toUpperCase()}${near.slice(1)}, ${long}` : long;
}

/** «сегодня», «вчера», «завтра» or nothing, in the language's own words. @param {Clock} clock @param {number | string | Date} at @param {number} now */
export function relativeDay(clock, at, now) {
  const near = nearDay(clock, at, now);
  if (near === "other") return "";
  const words = new Intl.RelativeTimeFormat(clock.locale, { numeric: "auto" });
  return words.format(near === "today" ? 0 : near === "yesterday" ? -1 : 1, "day");
}

/**
 * The forms of the templates' `when` filter: `clock` 10:05 · `day` 24 ноября · `short` 24 нояб. · `list` 10:05 today, «вчера», else `short` ·
 * `full` 24 ноября, 10:05 · and three that only a browser can tell: `since` 10:05 today, else `short` · `near` «сегодня в 10:05», else `full` ·
 * `stamp` 24.11.2026, 10:05.
 * @param {Clock} clock @param {string} form @param {number | string | Date} at @param {number} now
 */
export function tell(clock, form, at, now) {
  const near = relativeDay(clock, at, now);
  const today = nearDay(clock, at, now) === "today";
  const time = clockTime(clock, at);
  const long = longDay(clock, at, now);
  const short = format(clock, { day: "numeric", month: "short" }, at);
  switch (form) {
    case "clock": return time;
    case "day": return long;
    case "short": return short;
    case "list": return today ? time : near || short;
    case "since": return today ? time : short;
    case "near": return near ? near + joint(clock) + time : `${long}, ${time}`;
    case "stamp": return `${date(clock, at)}, ${time}`;
    default: return `${long}, ${time}`;
  }
}

/** What the language puts between a day and a time: « в », « at ». @param {Clock} clock */
function joint(clock) {
  const parts = new Intl.DateTimeFormat(clock.locale === "en" ? "en-GB" : "ru-RU", { dateStyle: "long", timeStyle: "short" }).formatToParts(0);
  const before = parts[parts.findIndex(part => part.type === "hour") - 1]?.value ?? "";
  return /^(?: г\.)?( \p{L}+ )$/u.exec(before)?.[1] ?? ", ";
}

/** Rewrites every `<time datetime data-when>` below root into the viewer's zone; a bare day of the calendar has none. @param {ParentNode} root @param {Clock} clock */
export function paintTimes(root, clock) {
  const now = Date.now();
  for (const time of root.querySelectorAll("time[data-when]")) {
    if (!(time instanceof HTMLTimeElement) || Number.isNaN(Date.parse(time.dateTime))) continue;
    const text = tell(clock, time.dataset.when ?? "full", time.dateTime, now);
    if (time.textContent !== text) time.textContent = text;
    time.title = tell(clock, "stamp", time.dateTime, now);
  }
}
