// Keeps a stop screen alive for months: counts down, listens for changes, says when the network is gone, falls back
// to the timetable, and comes back by itself. The page works without it. Written for the old browsers of panels.
"use strict";
(function () {
  var SILENT_S = 25; // heartbeats come every 10 s
  var STALE_S = 60; // without an answer for so long nothing is live any more
  var RETRY_S = 4, POLL_S = 15, TIMEOUT_S = 8, RENEW_S = 1800;
  var SETTLE_S = 15; // a prediction that moves less than this leaves the countdown alone
  var PASSED_S = 30, CLOCK_FROM_MIN = 60, ROTATE_S = 9, DRIFTS = 8, SHOWN = 3;

  var body = document.body, texts = JSON.parse(body.dataset.texts), speed = Number(body.dataset.speed) || 1;
  var eink = body.classList.contains("eink");
  var board = document.getElementById("board"), wall = document.getElementById("clock");
  var pause = document.getElementById("pause");
  var timetable = JSON.parse(document.getElementById("timetable").textContent);
  var hours = new Intl.DateTimeFormat(body.dataset.hours === "h12" ? "en-US" : "en-GB", { hour: body.dataset.hours === "h12" ? "numeric" : "2-digit", minute: "2-digit", hourCycle: body.dataset.hours, timeZone: body.dataset.zone });

  // Time is the service's, carried on from its last answer by `performance`: a panel without a clock of its own sets
  // `Date` forward by years once it finds the network.
  function mark(service) { return { service: service, performed: performance.now() }; }
  function since(moment) { return (performance.now() - moment.performed) / 1000; }
  function now() { return told.service + since(told) * speed; }
  var told = mark(Number(board.dataset.now));
  var heard = told, heardStream = told, polled = told, renewed = told;
  var fallenBack = false, paused = false, source = null, opening = null, waiting = null, shownMinute = null;
  var dated = Date.now() - performance.now();

  function each(selector, act) { Array.prototype.forEach.call(document.querySelectorAll(selector), act); }
  function put(place, text) { if (place.textContent !== text) place.textContent = text; }

  function element(name, text, kind) {
    var made = document.createElement(name);
    made.textContent = text;
    if (kind) made.className = kind;
    return made;
  }

  function showWait(row) {
    var minutes = Math.max(Math.floor((row.dataset.at - now()) / 60), 0), live = row.classList.contains("live");
    var comes = live || row.classList.contains("scheduled");
    var clock = !row.dataset.at || !comes || row.classList.contains("doubtful") || "stopped" in board.dataset || fallenBack || minutes >= CLOCK_FROM_MIN || (minutes < 1 && !live);
    var kind = clock ? "clock" : minutes < 1 ? "approach" : "minutes";
    var parts = clock ? [row.dataset.day, row.dataset.clock, row.dataset.unit || ""] : minutes < 1 ? ["", texts.panel_approaching, ""] : ["", String(minutes), texts.min];
    var place = row.querySelector(".wait"), shown = kind + parts.join();
    if (place.dataset.shown === shown) return;
    place.dataset.shown = shown;
    place.className = "wait " + kind;
    place.textContent = "";
    if (parts[0]) place.appendChild(element("small", parts[0] + " "));
    place.appendChild(element("b", parts[1]));
    if (parts[2]) place.appendChild(element("small", " " + parts[2]));
  }

  function showMessage(minute) {
    var messages = document.querySelectorAll(".message"), turn = eink ? minute : Math.floor(now() / (ROTATE_S * speed));
    pause.hidden = messages.length < 2 || eink;
    if (paused) turn = paused.turn;
    Array.prototype.forEach.call(messages, function (message, i) {
      var hidden = i !== turn % messages.length;
      if (message.hidden !== hidden) message.hidden = hidden;
    });
    return turn;
  }

  function showNotice() {
    var notice = board.querySelector(".notice"), silent = since(heard) > SILENT_S;
    if (!notice.dataset.own) notice.dataset.own = notice.hidden ? "-" : notice.lastChild.textContent;
    var said = fallenBack ? texts.screen_timetable : silent ? texts.screen_offline : notice.dataset.own;
    notice.hidden = said === "-";
    if (!notice.hidden) put(notice.lastChild, said);
  }

  // The timetable in place of the board: what does not run, as far as was known, is still said.
  function fallBack() {
    var off = {};
    each(".departure.cancelled, .departure.skipped", function (call) {
      off[call.dataset.line + call.dataset.scheduled] = call.className;
    });
    fallenBack = true;
    Array.prototype.forEach.call(board.querySelectorAll(".stop"), function (stop, i) {
      var list = stop.querySelector(".rows"), none = stop.querySelector(".none");
      var platforms = {}, times = {};
      list.textContent = "";
      timetable.stops[i].forEach(function (call) {
        var line = timetable.lines[call[1]], way = call.slice(1, 4).join();
        platforms[call[3]] = true;
        if (!times[way]) times[way] = list.appendChild(rowOf(line, timetable.destinations[call[2]], call[3])).lastChild;
        var time = element("li", "", off[line[0] + call[0]] || (call[4] ? "departure scheduled" : "departure cancelled"));
        if (!call[5]) time.dataset.at = call[0]; // it comes every so many minutes
        var clock = call[5] ? [call[5]] : hours.format(call[0] * 1000).split(/\s/);
        time.dataset.clock = clock[0];
        time.dataset.unit = call[5] ? "" : clock[1] || "";
        time.dataset.day = "";
        time.appendChild(element("time", "", "wait"));
        time.appendChild(element("span", time.classList.contains("scheduled") ? texts.scheduled : texts.cancelled, "status"));
        times[way].appendChild(time);
      });
      if (Object.keys(platforms).length < 2) list.classList.add("one-platform");
      if (!none) stop.appendChild(element("p", texts.screen_none, "none"));
    });
  }

  function rowOf(line, destination, platform) {
    var row = element("li", "", "row"), to = element("span", "", "to");
    row.appendChild(element("span", line[0], "badge " + line[1] + (line[0].length > 7 ? " long-name" : "")));
    to.appendChild(element("span", destination, "name"));
    if (line[2]) to.appendChild(element("span", line[2], "facts"));
    if (platform) to.appendChild(element("span", texts.platform.replace("{name}", platform), "platform"));
    row.appendChild(to);
    row.appendChild(element("ol", "", "times"));
    return row;
  }

  // The next few of each row, and the rows in the order of their first ones.
  function arrange(row) {
    var left = 0, first;
    Array.prototype.forEach.call(row.querySelectorAll(".departure"), function (call) {
      var passed = call.dataset.at - now() < -PASSED_S;
      call.classList.toggle("passed", passed);
      call.classList.toggle("later", !passed && left >= SHOWN);
      if (!passed && !first) first = call;
      call.classList.toggle("first", call === first);
      if (passed || ++left > SHOWN) return;
      showWait(call);
    });
    row.classList.toggle("passed", !left);
    if (fallenBack) ["scheduled", "cancelled", "skipped"].forEach(function (status) {
      row.classList.toggle(status, Boolean(first) && first.classList.contains(status));
    });
    return first ? Number(first.dataset.at) || 0 : Infinity;
  }

  function arrangeAll() {
    each(".rows", function (list) {
      var rows = Array.prototype.map.call(list.children, function (row, i) { return { row: row, at: arrange(row), i: i }; });
      if (!fallenBack) return;
      rows.sort(function (one, other) { return one.at - other.at || one.i - other.i; });
      if (rows.some(function (it, i) { return it.i !== i; })) rows.forEach(function (it) { list.appendChild(it.row); });
    });
  }

  function draw() {
    var minute = Math.floor(now() / 60);
    if (eink && minute === shownMinute) return; // a panel of electronic paper blinks at each change
    shownMinute = minute;
    if (waiting) { replaceBoard(waiting); waiting = null; }
    if (!fallenBack && since(heard) > STALE_S) { fallBack(); listenSoon(); }
    put(wall, hours.format(now() * 1000));
    arrangeAll();
    each(".none", function (none) { none.hidden = Boolean(none.parentNode.querySelector(".row:not(.passed)")); });
    showMessage(minute);
    showNotice();
    for (var i = 0; i < DRIFTS; i++) body.classList.toggle("drift-" + i, i === minute % DRIFTS);
  }

  function replaceBoard(next) {
    var before = {};
    each(".departure.live", function (row) { before[row.dataset.key] = row.dataset.at; });
    Array.prototype.forEach.call(next.querySelectorAll(".departure.live"), function (row) {
      var at = before[row.dataset.key];
      if (at && Math.abs(at - row.dataset.at) < SETTLE_S) row.dataset.at = at;
    });
    board.parentNode.replaceChild(document.adoptNode(next), board);
    board = next;
    fallenBack = false;
  }

  function adopt(html) {
    var next = new DOMParser().parseFromString(html, "text/html").getElementById("board");
    if (!next) throw new Error("no board in the answer");
    told = heard = mark(Number(next.dataset.now));
    waiting = next;
    draw();
  }

  function addressOf(part) {
    var address = new URL(location.href);
    address.searchParams.set("only", part);
    return address;
  }

  function listen() {
    heardStream = mark(0);
    source = new EventSource(addressOf("stream"));
    source.addEventListener("board", function (event) { heardStream = mark(0); adopt(event.data); });
    source.addEventListener("heartbeat", function () { heard = heardStream = mark(0); });
    source.onerror = listenSoon;
  }

  // Opened anew by ourselves: a browser gives up for ever on an answer such as 502, and after a fall back the whole
  // board is needed again. Screens that lost the network together must not come back together.
  function listenSoon() {
    heardStream = mark(0); // or the next look at its silence would put the opening off once more, for ever
    if (source) source.close();
    clearTimeout(opening);
    opening = setTimeout(listen, 1000 * RETRY_S * (0.6 + 0.8 * Math.random()));
  }

  function ask(address) {
    var giveUp = new AbortController(), timer = setTimeout(function () { giveUp.abort(); }, TIMEOUT_S * 1000);
    return fetch(address, { cache: "no-store", signal: giveUp.signal }).then(function (answer) {
      clearTimeout(timer);
      if (answer.status === 404) location.reload(); // the new timetable lacks the stop: the page says so and waits
      if (!answer.ok) throw new Error(String(answer.status));
      return answer.text();
    });
  }

  // Where events do not come through, as behind a proxy that holds them back, asking may still work.
  function poll() {
    polled = mark(0);
    ask(addressOf("board")).then(adopt).catch(function () {});
  }

  // The timetable that is carried for bad times, and after an update of the server the page itself.
  function renew() {
    renewed = mark(0);
    ask(location.href).then(function (html) {
      var page = new DOMParser().parseFromString(html, "text/html");
      var same = function (selector, of) { return of(page.querySelector(selector)) === of(document.querySelector(selector)); };
      var address = function (script) { return script.getAttribute("src"); }, content = function (style) { return style.textContent; };
      if (!same("script[src]", address) || !same("style", content)) return location.reload();
      timetable = JSON.parse(page.getElementById("timetable").textContent);
    }).catch(function () {});
  }

  // `performance` stands still while a panel sleeps: what was heard before may be hours old.
  function hasSlept() {
    var before = dated;
    dated = Date.now() - performance.now();
    return Math.abs(dated - before) > 1000 * SILENT_S;
  }

  function tick() {
    if (hasSlept()) { heard = mark(0); heard.performed -= 1000 * STALE_S; }
    draw();
    if (since(heardStream) > STALE_S) listenSoon();
    if (since(heard) > SILENT_S && since(polled) > POLL_S) poll();
    if (since(renewed) > RENEW_S / speed) renew();
  }

  // Read aloud to who presses the button, or a key of the panel that is Enter: each row, the notice, the messages.
  var voice = document.getElementById("voice"), reading = 0;

  function fill(text, values) {
    return text.replace(/\{(\w+)\}/g, function (_, name) { return values[name]; });
  }

  // Names that are to be spoken otherwise than they are written bear that beside them.
  function textOf(place, selector) {
    var found = place.querySelector(selector);
    if (!found) return "";
    found = found.cloneNode(true);
    Array.prototype.forEach.call(found.querySelectorAll("[data-spoken]"), function (name) { name.textContent = name.dataset.spoken; });
    return found.textContent.replace(/\s+/g, " ").trim();
  }

  function spoken(places) {
    var said = Array.prototype.map.call(places, function (place) { return place.textContent.replace(/\s+/g, " ").trim(); });
    return said.filter(Boolean);
  }

  function waitAloud(call, notes) {
    var wait = call.querySelector(".wait"), time = textOf(call, ".wait"), day = call.dataset.day, said;
    if (wait.classList.contains("approach")) said = texts.voice_due;
    else if (wait.classList.contains("words")) said = time;
    else if (wait.classList.contains("clock")) {
      var later = day && time.indexOf(day) === 0;
      said = (later ? day + " " : "") + fill(texts.voice_at, { time: later ? time.slice(day.length).trim() : time });
    } else {
      var count = Number(textOf(call, ".wait b")), form = new Intl.PluralRules(document.documentElement.lang).select(count);
      said = fill(texts.voice_minutes[form] || texts.voice_minutes.other, { count: count });
    }
    said = [said].concat(spoken(notes)).join(", ");
    var off = /\b(cancelled|skipped|doubtful)\b/.test(call.className);
    return off ? fill(texts.voice_off, { status: textOf(call, ".status"), wait: said }) : said;
  }

  function sentences() {
    var said = [], several = board.querySelectorAll(".stop").length > 1;
    each(".stop", function (stop) {
      said.push(several ? textOf(stop, "h2") : textOf(document, "h1"));
      Array.prototype.forEach.call(stop.querySelectorAll(".row:not(.passed)"), function (row) {
        var calls = row.querySelectorAll(".departure:not(.passed):not(.later)");
        // What there is to know of the next one stands beside its destination.
        var waits = Array.prototype.map.call(calls, function (call, k) {
          return waitAloud(call, k ? call.querySelectorAll(".note") : row.querySelectorAll(".facts > *"));
        }).join(texts.voice_then);
        said.push(fill(texts.voice_row, { line: textOf(row, ".badge"), destination: textOf(row, ".name"), waits: waits }));
      });
      if (!stop.querySelector(".row:not(.passed)")) said.push(textOf(stop, ".none") || texts.screen_none);
    });
    if (!board.querySelector(".notice").hidden) said.push(textOf(board, ".notice"));
    each(".message p", function (message) { said.push(textOf(message, "strong"), message.lastChild.textContent.trim()); });
    return said.filter(Boolean);
  }

  function hush() {
    reading = 0;
    speechSynthesis.cancel();
    voice.textContent = texts.voice_read;
  }

  if (voice && "speechSynthesis" in window) {
    voice.hidden = false;
    voice.focus(); // a panel with one key has no other to get here
    voice.addEventListener("click", function () {
      if (reading) return hush();
      speechSynthesis.cancel(); // what a browser may have left unsaid
      voice.textContent = texts.voice_stop;
      // One by one: browsers break off what takes longer than a quarter of a minute.
      sentences().forEach(function (text) {
        var part = new SpeechSynthesisUtterance(text);
        part.lang = document.documentElement.lang;
        part.onend = part.onerror = function () { if (reading && !--reading) hush(); };
        reading++;
        speechSynthesis.speak(part);
      });
    });
  }

  pause.addEventListener("click", function () {
    paused = paused ? false : { turn: showMessage(shownMinute) };
    pause.textContent = paused ? texts.screen_resume : texts.screen_pause;
  });
  setInterval(tick, 1000);
  addEventListener("online", poll);
  tick();
  listen();
})();
