/** Keeps one page, «Нет связи», and what it is made of. Pages of people are never kept: without a network there is that page, or nothing.
 * The server puts KEPT {version, page, files} before these lines; another version is another script, and the browser takes it by itself. */
const { version, page, files } = KEPT;
const lost = new Set(); // who was answered from here

self.addEventListener("install", event => event.waitUntil(keep().then(() => self.skipWaiting())));
self.addEventListener("activate", event => event.waitUntil(tidy()));
self.addEventListener("fetch", event => {
  const { request } = event;
  if (request.method !== "GET") return;
  if (request.mode === "navigate") event.respondWith(visit(event));
  else if (lost.has(event.clientId)) event.respondWith(piece(request));
});

async function keep() {
  const cache = await caches.open(version);
  await cache.addAll([page, ...files].map(path => new Request(path, { credentials: "omit" }))); // as a stranger sees it
}

async function tidy() {
  for (const name of await caches.keys()) if (name !== version) await caches.delete(name);
  await self.registration.navigationPreload?.enable(); // a worker that wakes up slowly keeps nobody waiting
}

async function visit(event) {
  try {
    return (await event.preloadResponse) ?? (await fetch(event.request));
  } catch {
    lost.add(event.resultingClientId);
    return (await caches.match(page)) ?? Response.error();
  }
}

async function piece(request) {
  const path = new URL(request.url).pathname;
  return (files.includes(path) && (await caches.match(path))) || fetch(request);
}
