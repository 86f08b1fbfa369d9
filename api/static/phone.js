// What this phone keeps, and tells nobody: favourite and recent stops, and the last pages for when there is no network.
"use strict";
(() => {
  const MOST_RECENT = 5, MOST_ASKED = 12;
  const texts = JSON.parse(document.getElementById("content").dataset.texts);
  const { root } = document.documentElement.dataset;

  function read(name) {
    try {
      const kept = JSON.parse(localStorage.getItem(root + name));
      return Array.isArray(kept) ? kept.filter((stop) => typeof stop?.id === "string") : [];
    } catch {
      return [];
    }
  }

  function write(name, stops) {
    try {
      localStorage.setItem(root + name, JSON.stringify(stops));
    } catch {
      // Private windows may keep nothing: the page does without.
    }
  }

  const star = document.getElementById("favourite");
  if (star) {
    const here = { id: star.dataset.id, name: star.dataset.name, facts: star.dataset.facts };
    const kind = star.dataset.kind, others = (name) => read(name).filter((kept) => kept.id !== here.id);
    const show = () => {
      const is = others(kind).length < read(kind).length;
      star.setAttribute("aria-pressed", is);
      star.title = is ? texts.favourite_remove : texts.favourite_add;
    };
    star.addEventListener("click", () => {
      const is = star.getAttribute("aria-pressed") === "true";
      write(kind, is ? others(kind) : [...others(kind), here]);
      show();
    });
    if (kind === "favourites") write("recent", [here, ...others("recent")].slice(0, MOST_RECENT));
    show();
  }

  function list(name, stops) {
    const section = document.getElementById(name), row = document.getElementById("kept-stop");
    if (!section) return;
    section.hidden = stops.length === 0;
    section.querySelector("ul").replaceChildren(...stops.map((stop) => {
      const made = row.content.cloneNode(true);
      made.querySelector("a").href = `${root}/stops/${encodeURIComponent(stop.id)}`;
      made.querySelector(".stop-name").textContent = stop.name;
      made.querySelector(".stop-facts").textContent = stop.facts ?? "";
      return made;
    }));
  }

  function listAll() {
    const favourites = read("favourites"), known = new Set(favourites.map((stop) => stop.id));
    list("favourites", favourites);
    list("recent", read("recent").filter((stop) => !known.has(stop.id)));
  }

  document.getElementById("forget")?.addEventListener("click", () => {
    write("recent", []);
    listAll();
  });
  listAll();
  addEventListener("pageshow", (event) => { if (event.persisted) { listAll(); askForMine(); } });

  // On the home page the favourites, and where one's place may be known the nearest stops, stand in for the busiest.
  let place = "";
  function askForMine() {
    const board = document.getElementById("board"), lists = [["stop", "favourites"], ["line", "favourite_lines"]];
    if (!document.getElementById("favourites") || !board) return;
    const asked = lists.flatMap(([name, kept]) => read(kept).slice(0, MOST_ASKED).map(({ id }) => [name, id]));
    if (place) asked.push(["near", place]);
    if (!asked.length && !board.matches("[data-mine]")) return;
    asked.push(["fragment", "board"], ["lang", document.documentElement.lang]);
    board.dataset.ask = `${root}/?${new URLSearchParams(asked)}`;
    board.dispatchEvent(new Event("ask"));
  }

  async function locate() {
    const allowed = await navigator.permissions?.query({ name: "geolocation" });
    if (allowed?.state !== "granted" || !document.getElementById("favourites")) return;
    navigator.geolocation.getCurrentPosition(({ coords }) => {
      place = `${coords.latitude.toFixed(4)},${coords.longitude.toFixed(4)}`;
      askForMine();
    }, () => {}, { enableHighAccuracy: true, timeout: 10000, maximumAge: 60000 });
  }

  askForMine();
  locate().catch(() => {});

  const keptS = Number(document.documentElement.dataset.keptS) || 0, old = document.getElementById("kept-page");
  if (old && keptS) old.hidden = false;

  const share = document.getElementById("share");
  if (share && (navigator.share || navigator.clipboard)) {
    share.hidden = false;
    share.addEventListener("click", async () => {
      const address = `${location.origin}${location.pathname}`;
      try {
        if (navigator.share) return await navigator.share({ title: document.title, url: address });
        await navigator.clipboard.writeText(address);
        share.textContent = texts.copied;
      } catch {
        // Whoever closes the sheet wants nothing shared.
      }
    });
  }

  const print = document.getElementById("print");
  if (print) {
    print.hidden = false;
    print.addEventListener("click", () => window.print());
  }

  // This page and its scripts came before the worker was there to keep them.
  navigator.serviceWorker?.register(`${root}/worker.js`).then(() => navigator.serviceWorker.ready).then(({ active }) => {
    if (!navigator.serviceWorker.controller) {
      active.postMessage([location.href, ...[...document.scripts].map((script) => script.src)]);
    }
  }).catch(() => {});
})();
