/** Initials and colour of a person, as the server's templates make them. */

/** «Дмитрий Лапин» → «ДЛ» @param {string} name */
export function initials(name) {
  return name.split(/\s+/).filter(Boolean).slice(0, 2).map(word => [...word][0]).join("").toUpperCase();
}

/** One of six tints that stays with a person. @param {string | number} id */
export function tint(id) {
  return /^\d+$/.test(String(id)) ? (Number(id) % 6) + 1 : 1;
}

/** Puts a person into an `.av`: round for clients, squared for ours. @param {HTMLElement} face @param {{id: string | number, name: string, roles?: string[]}} person */
export function paint(face, person) {
  const staff = (person.roles ?? []).some(role => role !== "client");
  face.className = `av a${tint(person.id)}${staff ? " staff" : ""}`;
  face.textContent = initials(person.name);
}
