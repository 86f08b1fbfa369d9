// Makes a board live: counts down and keeps it up to date, by an event stream where there is one, else by polling.
// Without it the page reloads itself.
"use strict";
(() => {
  const main = document.getElementById("content");
  const texts = JSON.parse(main.dataset.texts);
  const speed = Number(main.dataset.speed) || 1;
  const fill = (key, values) => texts[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);

  // Where the network's clock runs fast (a demo, a recorded day), so does what follows from the age of an answer.
  const EVERY_S = Math.max(15 / speed, 1), RETRY_S = Math.max(5 / speed, 1), TIMEOUT_S = 8;
  const GONE_AFTER_S = Math.max(22 / speed, 3); // without an answer: say so
  const STALE_AFTER_S = Math.max(60 / speed, 4); // without an answer: nothing is live any more
  const STREAM_SILENT_S = Math.min(12, 0.8 * GONE_AFTER_S); // a stream that tells nothing for longer is not relied on
  const SETTLE_S = 15; // a prediction that moves less than this leaves the countdown alone
  const PASSED_S = 30, CLOCK_FROM_MIN = 60, WIDE_MIN = 3, WIDE_SHARE = 0.4;

  let board = document.getElementById("board");
  if (!board) return;
  const goneBanner = document.getElementById("gone");
  const goneAge = document.getElementById("gone-age");
  const said = document.getElementById("said");

  // Time is the service's, carried on from its last answer. `performance` stands still while a phone sleeps and
  // `Date` may be set back by hand: the larger of the two is never behind.
  const mark = (service, performed = performance.now()) =>
    ({ service, performed, dated: Date.now() - (performance.now() - performed) });
  const elapsed = () => Math.max(performance.now() - heard.performed, Date.now() - heard.dated, 0) / 1000;
  const now = () => heard.service + elapsed() * speed;
  const [visit] = performance.getEntriesByType("navigation");
  // A page that the service worker kept says how long ago it came.
  const keptS = Number(document.documentElement.dataset.keptS) || 0;
  delete document.documentElement.dataset.keptS;
  let heard = mark(Number(board.dataset.now), (visit ? visit.responseStart : performance.now()) - keptS * 1000);
  let offline = keptS > 0;

  const clockWait = (row) => ["clock", row.dataset.clock, row.dataset.unit ?? "", row.dataset.day ?? ""];

  function waitOf(row, live, clockOnly) {
    const minutes = Math.max(Math.floor((row.dataset.at - now()) / 60), 0);
    if (clockOnly || "doubtful" in row.dataset || minutes >= CLOCK_FROM_MIN || (minutes < 1 && !live)) return clockWait(row);
    return minutes < 1 ? ["approach", "here" in row.dataset ? texts.here : texts.approaching, "", ""] : ["minutes", String(minutes), texts.min, ""];
  }

  function element(name, text) {
    const made = document.createElement(name);
    made.textContent = text;
    return made;
  }

  function showWait(place, [kind, value, unit, day]) {
    const shown = [kind, value, day].join();
    if (place.dataset.shown === shown) return;
    place.dataset.shown = shown;
    place.className = `wait ${kind}`;
    place.replaceChildren(...[day && element("small", `${day} `), element("b", value), unit && element("small", ` ${unit}`)]
      .filter(Boolean));
  }

  function rangeOf(row) {
    const minutes = (at) => Math.max(Math.floor((at - now()) / 60), 0);
    const low = minutes(row.dataset.p10), high = minutes(row.dataset.p90);
    return high - low < Math.max(WIDE_MIN, WIDE_SHARE * high) || high >= CLOCK_FROM_MIN ? "" : fill("range", { low, high });
  }

  function age(seconds) {
    if (seconds < 90) return fill("seconds", { count: Math.max(Math.floor(seconds), 0) });
    if (seconds < 5400) return fill("minutes", { count: Math.round(seconds / 60) });
    return fill("hours", { count: Math.round(seconds / 3600) });
  }

  function put(place, text) {
    if (place && place.textContent !== text) place.textContent = text;
  }

  function degrade(row) {
    row.classList.replace("live", "scheduled");
    row.querySelector(".status use").setAttribute("href", "#i-scheduled");
    put(row.querySelector(".status span"), texts.estimated);
    put(row.querySelector(".range"), "");
    delete row.dataset.live;
    delete row.dataset.p10;
  }

  function tick() {
    const silence = elapsed(), stale = silence > STALE_AFTER_S;
    // A stream that resumes where it broke off would not bring again what stands here as live no more.
    if (stale && stream && board.querySelector("[data-live]")) { hangUp(); listen(); }
    for (const row of board.querySelectorAll("[data-at]")) {
      // A row that has the focus stays until the next answer: hidden it would lose it.
      row.classList.toggle("passed", row.dataset.at - now() < -PASSED_S && !row.contains(document.activeElement));
      const place = row.querySelector("time.wait");
      if (!place || place.closest("s")) continue;
      if (stale && "live" in row.dataset) degrade(row);
      showWait(place, waitOf(row, "live" in row.dataset, stale || "stopped" in board.dataset));
      if ("p10" in row.dataset) put(row.querySelector(".range"), rangeOf(row));
    }
    if (board.dataset.alive) {
      const key = "stopped" in board.dataset ? "feed_stopped" : "data_age";
      for (const place of board.querySelectorAll(".feed-age")) put(place, fill(key, { age: age(now() - board.dataset.alive) }));
    }
    const gone = silence > GONE_AFTER_S || offline;
    if (gone === goneBanner.hidden) {
      goneBanner.hidden = !gone;
      said.textContent = gone ? texts.network_gone_title : texts.network_back;
    }
    put(goneAge, gone ? fill("network_last", { age: age(silence) }) : "");
    document.getElementById("gone-stale").hidden = !stale;
  }

  // Whoever goes by keyboard stays where they were; where that has left, at what has taken its place.
  function refocus(href, place) {
    const links = [...board.querySelectorAll("a")].filter((link) => getComputedStyle(link).visibility === "visible");
    const same = links.find((link) => link.getAttribute("href") === href) ?? links[Math.min(place, links.length - 1)];
    same?.focus({ preventScroll: true });
  }

  function adopt(html) {
    const next = new DOMParser().parseFromString(html, "text/html").getElementById("board");
    if (!next) throw new Error("no board in the answer");
    const before = new Map();
    for (const row of board.querySelectorAll("[data-key][data-live]")) before.set(row.dataset.key, row.dataset.at);
    for (const row of next.querySelectorAll("[data-key][data-live]")) {
      const at = before.get(row.dataset.key);
      if (at && Math.abs(at - row.dataset.at) < SETTLE_S) row.dataset.at = at;
    }
    const links = [...board.querySelectorAll("a")], focused = links.indexOf(document.activeElement);
    if ("stopped" in next.dataset && !("stopped" in board.dataset)) said.textContent = next.querySelector(".banner").textContent;
    for (const open of board.querySelectorAll("details[open]")) next.querySelector(`details.${open.className}`)?.toggleAttribute("open", true);
    board.replaceWith(document.adoptNode(next));
    board = next;
    board.addEventListener("ask", askAnew);
    heard = mark(Number(board.dataset.now));
    offline = false;
    tick();
    if (focused >= 0) refocus(links[focused].getAttribute("href"), focused);
  }

  let stream;
  function listen() {
    if (stream || document.hidden || !board.dataset.stream) return;
    stream = new EventSource(board.dataset.stream);
    stream.addEventListener("board", (event) => adopt(event.data));
    stream.addEventListener("heartbeat", (event) => hear(JSON.parse(event.data)));
    // The browser opens a lost stream again by itself; one that was refused is left to polling.
    stream.addEventListener("error", () => { if (stream?.readyState === EventSource.CLOSED) stream = undefined; });
  }

  function hangUp() {
    stream?.close();
    stream = undefined;
  }

  function hear(beat) {
    heard = mark(Date.parse(beat.generated_at) / 1000);
    if (beat.feed_age_s !== null) board.dataset.alive = heard.service - beat.feed_age_s;
    offline = false;
    tick();
  }

  async function ask() {
    const address = new URL(board.dataset.ask ?? location.href, location.href);
    if (!board.dataset.ask) address.searchParams.set("fragment", "1");
    const answer = await fetch(address, { cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_S * 1000) });
    if (answer.status === 404) return location.reload(); // a new timetable may lack what is shown here
    if (!answer.ok) throw new Error(answer.statusText);
    adopt(await answer.text());
  }

  // What is asked for anew while an answer is on its way is asked after it: that would take its place.
  let timer, polling = false, next = "";
  function askAnew() {
    if (polling) next = board.dataset.ask;
    else poll();
  }

  async function poll() {
    clearTimeout(timer);
    if (document.hidden || polling) return;
    polling = true;
    let pause = EVERY_S;
    try {
      const streamed = stream?.readyState === EventSource.OPEN && elapsed() < STREAM_SILENT_S;
      if (!streamed) await ask();
    } catch {
      pause = RETRY_S;
      tick();
    } finally {
      polling = false;
      if (next) { board.dataset.ask = next; next = ""; pause = 0; }
    }
    // Screens that were opened together must not ask together.
    timer = setTimeout(poll, pause * 1000 * (0.9 + 0.2 * Math.random()));
  }

  const wake = () => {
    tick();
    if (document.hidden) return hangUp();
    listen();
    poll();
  };
  document.addEventListener("visibilitychange", wake);
  board.addEventListener("ask", askAnew);
  addEventListener("pageshow", (event) => { if (event.persisted) wake(); });
  addEventListener("online", wake);
  addEventListener("offline", () => { offline = true; hangUp(); tick(); });
  setInterval(tick, 1000);
  addEventListener("pagehide", hangUp);
  tick();
  listen();
  timer = setTimeout(poll, offline ? 0 : EVERY_S * 1000);
})();
