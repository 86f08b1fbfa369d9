// Finds stops while their name is typed, and those near the reader. Without it the form does.
"use strict";
(() => {
  const PAUSE_MS = 150, FEWEST_LETTERS = 2;

  const field = document.getElementById("q");
  if (!field) return;
  const texts = JSON.parse(document.getElementById("content").dataset.texts);
  const { root } = document.documentElement.dataset;
  const form = field.form, found = document.getElementById("suggestions");
  const near = document.getElementById("near"), said = document.getElementById("near-said");

  near.addEventListener("click", () => {
    said.textContent = texts.near_me_wait;
    const refused = () => { said.textContent = texts.near_me_refused; };
    if (!navigator.geolocation) return refused();
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => location.assign(`${root}/?near=${coords.latitude.toFixed(5)},${coords.longitude.toFixed(5)}`),
      refused, { enableHighAccuracy: true, timeout: 10000, maximumAge: 60000 });
  });

  let timer, asked;
  function close() {
    clearTimeout(timer);
    asked?.abort();
    found.hidden = true;
  }

  async function suggest() {
    asked?.abort();
    asked = new AbortController();
    try {
      const answer = await fetch(`${root}/?q=${encodeURIComponent(field.value)}&fragment=1`, { signal: asked.signal });
      if (!answer.ok) return close();
      found.innerHTML = await answer.text();
      found.hidden = !found.querySelector("a");
      said.textContent = found.querySelector("[data-count]")?.dataset.count ?? "";
    } catch {
      // A newer question, or no network: the form still asks.
    }
  }

  field.addEventListener("input", () => {
    clearTimeout(timer);
    if (field.value.trim().length < FEWEST_LETTERS) return close();
    timer = setTimeout(suggest, PAUSE_MS);
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { close(); field.focus(); }
    if (found.hidden || !["ArrowDown", "ArrowUp"].includes(event.key)) return;
    const places = [field, ...found.querySelectorAll("a")];
    const step = event.key === "ArrowDown" ? 1 : -1;
    const next = places[(places.indexOf(document.activeElement) + step + places.length) % places.length];
    event.preventDefault();
    next.focus();
  });
  form.addEventListener("focusout", (event) => { if (!form.contains(event.relatedTarget)) close(); });
  form.addEventListener("submit", close);
})();
