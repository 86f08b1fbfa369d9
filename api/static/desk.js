// Makes the desk quicker: the preview follows what is typed, the overview keeps itself up to date.
// Every page works without it.
"use strict";
(() => {
  const SETTLE_MS = 250, EVERY_MS = 10000;

  // Puts the parts marked data-live of a new page in the place of those shown, but never where somebody is typing.
  function adopt(html) {
    const next = new DOMParser().parseFromString(html, "text/html");
    for (const part of next.querySelectorAll("[data-live]")) {
      const shown = document.getElementById(part.id);
      if (!shown || shown.innerHTML === part.innerHTML) continue;
      const active = shown.contains(document.activeElement) ? document.activeElement : null;
      if (active && active.matches("input:not([type=checkbox]), textarea")) continue;
      const open = new Map([...shown.querySelectorAll("details[data-key]")].map((one) => [one.dataset.key, one.open]));
      for (const one of part.querySelectorAll("details[data-key]")) if (open.has(one.dataset.key)) one.open = open.get(one.dataset.key);
      shown.replaceChildren(...document.adoptNode(part).childNodes);
      if (active) {
        const same = (one) => one.name === active.name && one.value === active.value && one.getAttribute("href") === active.getAttribute("href");
        const again = [...shown.querySelectorAll(active.tagName)].find(same);
        (again || shown.querySelector("input, a, button, summary"))?.focus({ preventScroll: true });
      }
    }
    return next;
  }

  const form = document.getElementById("disruption");
  if (form) {
    let timer, asked = 0;
    async function preview() {
      const mine = ++asked, content = new URLSearchParams(new FormData(form));
      content.set("do", "preview");
      const answer = await fetch(form.action, { method: "POST", body: content, redirect: "error" }).catch(() => null);
      if (!answer || !answer.ok || mine !== asked) return;
      const next = adopt(await answer.text());
      // Where the lines or the phrase decide who sees it, the choice follows until the officer makes it.
      if (!form.dataset.chosen) {
        const checked = next.querySelector("#shown-on input:checked");
        if (checked) for (const one of form.querySelectorAll("#shown-on input")) one.checked = one.value === checked.value;
      }
    }
    const soon = (event) => {
      if (event.target.name === "shown_on") form.dataset.chosen = "1";
      clearTimeout(timer);
      timer = setTimeout(preview, event.type === "change" && event.target.type !== "text" ? 0 : SETTLE_MS);
    };
    form.addEventListener("input", soon);
    form.addEventListener("change", soon);
    form.addEventListener("submit", (event) => {
      clearTimeout(timer);
      asked++;
      const button = event.submitter;
      if (button) setTimeout(() => { button.disabled = true; });
    });
    addEventListener("pageshow", () => { for (const one of form.querySelectorAll("button")) one.disabled = false; });
  }

  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const field = document.getElementById(button.dataset.copy);
      // Over plain HTTP browsers have no clipboard but the old one.
      try { await navigator.clipboard.writeText(field.value); } catch { field.select(); document.execCommand("copy"); }
      document.getElementById("said").textContent = button.dataset.done;
      button.firstChild.textContent = button.dataset.done;
    });
  }

  if (document.getElementById("live")) {
    setInterval(async () => {
      if (document.hidden) return;
      const answer = await fetch(location.pathname, { cache: "no-store", redirect: "manual" }).catch(() => null);
      if (answer && answer.type === "opaqueredirect") location.reload(); // the session is over
      else if (answer && answer.ok) adopt(await answer.text());
    }, EVERY_MS);
  }
})();
