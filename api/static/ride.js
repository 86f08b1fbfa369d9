// On a trip's page: says when the vehicle is five minutes away, and on board when to get off. While the page is open.
"use strict";
(() => {
  const EARLY_S = 300;
  const main = document.getElementById("content"), ride = document.getElementById("ride");
  if (!ride) return;
  const texts = JSON.parse(main.dataset.texts), speed = Number(main.dataset.speed) || 1;
  const fill = (key, values) => texts[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const [tell, aboard, choice, said] = ["tell", "aboard", "my-stop", "ride-said"].map((id) => document.getElementById(id));
  let seen = "", mark = 0, waiting = false, riding = false, warned = false, sound;

  function now() {
    const at = document.getElementById("board").dataset.now;
    if (at !== seen) [seen, mark] = [at, performance.now()];
    return Number(at) + ((performance.now() - mark) / 1000) * speed;
  }

  const calls = () => [...document.querySelectorAll("#board li[data-at]")];
  // A run may come to a stop again.
  const visitOf = ({ dataset: { stop, visit } }) => (visit ? `${stop} ${visit}` : stop);
  const rows = () => [...document.querySelectorAll("#board li.at")];
  // Its own text alone: long names have places to break in them, and marks after them.
  const nameOf = (call) => [...call.querySelector(".stop-name").childNodes]
    .map((node) => (node.nodeType === Node.TEXT_NODE ? node.data : "")).join("").trim();

  // Browsers let a page sound and notify only after its reader has touched it.
  async function permit() {
    sound ??= new AudioContext();
    if ("Notification" in window && Notification.permission === "default") await Notification.requestPermission().catch(() => {});
  }

  // So that the rider is told when the page is closed too. Where there is no Web Push the page has to stay open.
  async function subscription() {
    const worker = ride.dataset.push && "PushManager" in window && Notification.permission === "granted"
      && await navigator.serviceWorker?.getRegistration();
    if (!worker) return null;
    const key = Uint8Array.from(atob(ride.dataset.push.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
    const kept = await worker.pushManager.getSubscription();
    const known = kept && new Uint8Array(kept.options.applicationServerKey ?? []);
    if (kept && known.join() === key.join()) return kept;
    await kept?.unsubscribe(); // it is bound to keys of before
    return worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  }

  async function remind(method) {
    const to = await subscription();
    const body = to && JSON.stringify({ ...to.toJSON(), ...JSON.parse(ride.dataset.run) });
    const answer = to && await fetch(ride.dataset.reminders, { method, body, headers: { "Content-Type": "application/json" } });
    return Boolean(answer?.ok);
  }

  function announce(text, tag = "") {
    said.textContent = text;
    navigator.vibrate?.([300, 150, 300]);
    if (sound) {
      const tone = sound.createOscillator(), loud = sound.createGain();
      tone.connect(loud).connect(sound.destination);
      tone.frequency.value = 880;
      loud.gain.setValueAtTime(0.25, sound.currentTime);
      loud.gain.exponentialRampToValueAtTime(0.001, sound.currentTime + 0.8);
      tone.start();
      tone.stop(sound.currentTime + 0.8);
    }
    if (!("Notification" in window) || Notification.permission !== "granted") return;
    navigator.serviceWorker?.getRegistration().then((worker) =>
      worker ? worker.showNotification(document.title, { body: text, tag, data: location.href }) : new Notification(document.title, { body: text })).catch(() => {});
    // A push message of the same bus takes this one's place.
  }

  function list() {
    const open = calls().filter((call) => !call.classList.contains("passed"));
    const ids = open.map(visitOf).join("\n");
    ride.hidden = !open.length && !said.textContent;
    if (choice.dataset.shown === ids) return;
    choice.dataset.shown = ids;
    const last = open.length ? visitOf(open.at(-1)) : "", kept = choice.value || last;
    choice.replaceChildren(...open.map((call) => new Option(nameOf(call), visitOf(call))));
    choice.value = open.some((call) => visitOf(call) === kept) ? kept : last;
  }

  function cancelled(name, id) {
    announce(fill("ride_cancelled", { stop: name }), `ride:${id}`);
  }

  function tick() {
    const open = calls().filter((call) => !call.classList.contains("passed"));
    const place = open.findIndex((call) => visitOf(call) === choice.value);
    // Before the list is made anew, which has no stop behind any more, nor one that is not served.
    if (riding && place < 0) {
      const id = choice.value, name = choice.selectedOptions[0]?.text;
      const there = rows().filter((row) => visitOf(row) === id).some((row) => row.classList.contains("passed"));
      stop(there ? texts.ride_there : "");
      if (!there) cancelled(name, id);
    }
    list();
    // A run may come there twice.
    const visits = calls().filter((call) => call.classList.contains("yours"));
    const yours = visits.find((call) => !call.classList.contains("passed")) ?? visits.at(-1);
    const gone = !yours && rows().find((row) => row.matches(".yours:is(.cancelled, .skipped)"));
    tell.hidden = !yours || yours.classList.contains("passed") || riding;
    if (waiting && yours && Number(yours.dataset.low || yours.dataset.at) - now() <= EARLY_S) {
      waiting = false;
      tell.setAttribute("aria-pressed", false);
      const minutes = Math.max(Math.floor((yours.dataset.at - now()) / 60), 0);
      announce(fill("ride_comes", { stop: nameOf(yours), minutes }), `ride:${yours.dataset.stop}`);
    } else if (waiting && gone) {
      waiting = false;
      tell.setAttribute("aria-pressed", false);
      cancelled(nameOf(gone), gone.dataset.stop);
    }
    if (!riding) return;
    // Who gets off does not wait until it goes on.
    const { arrives, at } = open[place].dataset;
    const minutes = Math.max(Math.floor(((arrives || at) - now()) / 60), 0);
    const values = { stop: nameOf(open[place]), minutes };
    if (place === 0 && !warned) { warned = true; announce(fill("ride_next", values)); }
    else if (place > 0) said.textContent = fill("ride_minutes", values);
  }

  function stop(text) {
    riding = warned = false;
    aboard.setAttribute("aria-pressed", false);
    said.textContent = text;
  }

  tell.addEventListener("click", async () => {
    const permitted = permit();
    waiting = !waiting;
    tell.setAttribute("aria-pressed", waiting);
    said.textContent = waiting ? texts.ride_waiting : "";
    tick();
    await permitted;
    const pushed = await remind(waiting ? "POST" : "DELETE").catch(() => false);
    if (pushed && waiting) said.textContent = texts.ride_waiting_push;
  });
  aboard.addEventListener("click", () => {
    permit();
    if (riding) return stop("");
    riding = true;
    aboard.setAttribute("aria-pressed", true);
    tick();
  });
  setInterval(tick, 1000);
  tick();
})();
