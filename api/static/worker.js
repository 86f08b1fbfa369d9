// Service worker: the last pages seen, for when there is no network. What it gives back says how old it is.
"use strict";
const root = new URL(registration.scope).pathname.replace(/\/$/, "");
// Several networks of one host keep theirs apart.
const PAGES = `pages-1${root}`, FILES = `files-1${root}`, OFFLINE = `${root}/offline`;
const MOST_PAGES = 40, PATIENCE_MS = 6000;

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(FILES).then((files) => files.add(OFFLINE)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) {
      if (/^\w+-\d+(.*)$/.exec(name)?.[1] === root && ![PAGES, FILES].includes(name)) await caches.delete(name);
    }
    await self.clients.claim();
  })());
});

self.addEventListener("message", (event) => {
  event.waitUntil(Promise.all(event.data.map(async (address) => {
    const answer = await fetch(address);
    if (!answer.ok) return;
    await (isFile(new URL(address)) ? caches.open(FILES).then((files) => files.put(address, answer)) : keep(address, answer));
  })));
});

self.addEventListener("fetch", (event) => {
  const address = new URL(event.request.url);
  if (event.request.method !== "GET" || address.origin !== location.origin) return;
  if (isFile(address)) event.respondWith(file(event.request));
  else if (event.request.mode === "navigate" && isPage(address)) event.respondWith(page(event));
});

const isFile = (address) => address.pathname.startsWith(`${root}/static/`);
const isPage = (address) => /^\/(?:$|(?:stops|lines|trips)\/)/.test(address.pathname.slice(root.length));

// A file's address changes with its content: what is kept is right for ever.
async function file(request) {
  const files = await caches.open(FILES);
  const kept = await files.match(request);
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok) await files.put(request, answer.clone());
  return answer;
}

async function page(event) {
  const kept = await (await caches.open(PAGES)).match(event.request.url);
  try {
    const answer = await (kept ? inTime(fetch(event.request)) : fetch(event.request));
    if (answer.ok) event.waitUntil(keep(event.request.url, answer.clone()));
    return kept && answer.status >= 502 ? saidOld(kept) : answer;
  } catch {
    return kept ? saidOld(kept) : caches.match(OFFLINE);
  }
}

function inTime(promise) {
  const late = new Promise((_, refuse) => setTimeout(() => refuse(new Error("no answer")), PATIENCE_MS));
  return Promise.race([promise, late]);
}

async function keep(address, answer) {
  const headers = new Headers(answer.headers);
  headers.set("Kept-At", Date.now());
  headers.delete("Content-Encoding");
  const pages = await caches.open(PAGES);
  // Put anew, it is the youngest: the oldest go first.
  await pages.delete(address);
  await pages.put(address, new Response(await answer.text(), { headers }));
  const addresses = await pages.keys();
  for (const old of addresses.slice(0, -MOST_PAGES)) await pages.delete(old);
}

async function saidOld(kept) {
  const ageS = Math.max((Date.now() - Number(kept.headers.get("Kept-At"))) / 1000, 0);
  const html = (await kept.text()).replace("<html ", `<html data-kept-s="${ageS.toFixed(1)}" `);
  return new Response(html, { headers: kept.headers });
}

// A rider who closed the page is told all the same, and led back to it.
self.addEventListener("push", (event) => {
  const { title, body, tag, address } = event.data.json();
  event.waitUntil(self.registration.showNotification(title, { body, tag, data: address, vibrate: [300, 150, 300] }));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil((async () => {
    const address = new URL(event.notification.data ?? "", self.registration.scope);
    const open = (await self.clients.matchAll({ type: "window" })).find(({ url }) => new URL(url).pathname === address.pathname);
    await (open ? open.focus() : self.clients.openWindow(address.href));
  })());
});
