/** Money of an estimate as the server counts it: whole kopecks, each line rounded half up, the total a sum of lines. Pure. */

/** «2,5», «3 200», «1 234.50» → its digits and how many stand after the point; null when it is no number. @param {string} text @returns {{units: bigint, places: number} | null} */
export function decimal(text) {
  const plain = text.replace(/[\s\u00a0\u202f]/g, "").replace(",", ".");
  const found = /^(\d{1,9})(?:\.(\d{0,6}))?$/.exec(plain);
  if (!found) return null;
  const after = found[2] ?? "";
  return { units: BigInt((found[1] ?? "0") + after), places: after.length };
}

/** Quantity × price in roubles → kopecks, rounded half up. @param {string} quantity @param {string} price @returns {bigint | null} */
export function lineSum(quantity, price) {
  const many = decimal(quantity);
  const each = decimal(price);
  if (!many || !each) return null;
  const scale = 10n ** BigInt(many.places + each.places);
  const kopecks = many.units * each.units * 100n;
  return (2n * kopecks + scale) / (2n * scale);
}

/** @param {bigint} kopecks @param {string} locale */
export function money(kopecks, locale) {
  const digits = kopecks % 100n ? 2 : 0;
  const text = new Intl.NumberFormat(locale === "en" ? "en-GB" : "ru-RU", { minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: true });
  return `${text.format(Number(kopecks) / 100)}\u00a0₽`;
}
