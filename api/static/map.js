// The map: the network drawn once, its vehicles every few seconds.
"use strict";
(() => {
  const EVERY_MS = 10000, BADGE_PX = 26, MARK_PX = 16, RATIO = 2;
  const place = document.getElementById("map"), said = document.getElementById("map-age");
  const texts = JSON.parse(document.getElementById("content").dataset.texts);
  const { root } = document.documentElement.dataset;
  const fill = (key, values) => texts[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const [west, south, east, north] = JSON.parse(place.dataset.bounds);

  const address = new URL(location.href);
  let line = address.searchParams.get("line") ?? "", stop = address.searchParams.get("stop") ?? "", followed = "";
  let lines = {}, known = [], popup; // badges by route, vehicles, what is told of what was chosen

  const ground = { id: "ground", type: "background", paint: { "background-color": color("--ground") } };
  const map = new maplibregl.Map({
    container: place,
    style: { version: 8, sources: {}, layers: [ground] },
    bounds: [[west, south], [east, north]],
    fitBoundsOptions: { padding: 40 },
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
    fadeDuration: 0, // names that fade in have a poor phone draw each picture twenty times
    hash: true,
    locale: JSON.parse(place.dataset.controls),
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  map.addControl(new maplibregl.NavigationControl({ showCompass: false }));
  map.addControl(new maplibregl.GeolocateControl({ trackUserLocation: true }));
  map.addControl(new maplibregl.ScaleControl(), "bottom-right");

  // A line's badge as an image: text on a map would need a server of fonts.
  function badge({ name, color: ground, text }, disturbed) {
    const canvas = document.createElement("canvas"), pen = canvas.getContext("2d");
    const font = `700 ${13 * RATIO}px system-ui, sans-serif`;
    pen.font = font;
    const width = Math.max(pen.measureText(name).width + 12 * RATIO, BADGE_PX * RATIO);
    canvas.width = width + (disturbed ? MARK_PX * RATIO : 0);
    canvas.height = BADGE_PX * RATIO;
    pen.font = font;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.fillStyle = ground;
    pen.strokeStyle = "#fff";
    pen.lineWidth = 2 * RATIO;
    pen.beginPath();
    pen.roundRect(RATIO, RATIO, width - 2 * RATIO, canvas.height - 2 * RATIO, 7 * RATIO);
    pen.fill();
    pen.stroke();
    pen.fillStyle = text;
    pen.fillText(name, width / 2, canvas.height / 2 + RATIO);
    if (disturbed) {
      const middle = width + 5 * RATIO, radius = (MARK_PX - 2) * RATIO / 2;
      pen.beginPath();
      pen.arc(middle, canvas.height / 2, radius, 0, 2 * Math.PI);
      pen.fillStyle = "#ffc53d";
      pen.fill();
      pen.fillStyle = "#1a1300";
      pen.font = `800 ${12 * RATIO}px system-ui, sans-serif`;
      pen.fillText("!", middle, canvas.height / 2 + RATIO);
    }
    return pen.getImageData(0, 0, canvas.width, canvas.height);
  }

  // A name as an image, for the same reason, made when it comes into sight.
  function label(name, look, ink) {
    const canvas = document.createElement("canvas"), pen = canvas.getContext("2d");
    const font = look.replace(/(\d+)px/, (_, size) => `${size * RATIO}px system-ui, sans-serif`);
    pen.font = font;
    canvas.width = Math.ceil(pen.measureText(name).width) + 8 * RATIO;
    canvas.height = 22 * RATIO;
    pen.font = font;
    pen.textBaseline = "middle";
    pen.lineJoin = "round";
    pen.lineWidth = 3.5 * RATIO;
    pen.strokeStyle = color("--ground");
    pen.fillStyle = color(ink);
    pen.strokeText(name, 4 * RATIO, canvas.height / 2);
    pen.fillText(name, 4 * RATIO, canvas.height / 2);
    return pen.getImageData(0, 0, canvas.width, canvas.height);
  }

  function arrow() {
    const canvas = document.createElement("canvas"), pen = canvas.getContext("2d"), middle = 26 * RATIO;
    canvas.width = canvas.height = 2 * middle;
    pen.beginPath();
    pen.moveTo(middle, 2 * RATIO);
    pen.lineTo(middle + 8 * RATIO, 13 * RATIO);
    pen.lineTo(middle - 8 * RATIO, 13 * RATIO);
    pen.closePath();
    pen.fillStyle = color("--ink");
    pen.strokeStyle = color("--ground");
    pen.lineWidth = 1.5 * RATIO;
    pen.fill();
    pen.stroke();
    return pen.getImageData(0, 0, canvas.width, canvas.height);
  }

  const LOOKS = {
    name: ["500 12px", "--soft"], big: ["700 13px", "--ink"], town: ["600 16px", "--ink"],
    quarter: ["600 13px", "--soft"], street: ["400 11px", "--soft"], water: ["italic 500 13px", "--link"],
  };
  map.on("styleimagemissing", ({ id }) => {
    const [, kind, name] = id.match(/^(\w+)-(.*)$/s) ?? [];
    if (LOOKS[kind]) map.addImage(id, label(name, ...LOOKS[kind]), { pixelRatio: RATIO });
  });

  // Of two lines of one name, a tram's and a bus's, each is told by what tells it from the other.
  const apart = new Map([...document.querySelectorAll("[data-apart]")].map(({ dataset }) => [dataset.line, dataset.apart]));
  const named = (route, name) => [name, apart.get(route)].filter(Boolean).join(" ");

  function draw(drawn) {
    lines = drawn.lines;
    map.addImage("arrow", arrow(), { pixelRatio: RATIO });
    for (const [route, { name, ...look }] of Object.entries(lines)) {
      const line = { name: named(route, name), ...look };
      map.addImage(`line-${route}`, badge(line), { pixelRatio: RATIO });
      map.addImage(`disturbed-${route}`, badge(line, true), { pixelRatio: RATIO });
    }
    const isA = (kind) => ["==", ["get", "kind"], kind];
    const byZoom = (...stops) => ["interpolate", ["exponential", 1.5], ["zoom"], ...stops];
    // Lines that share a street lie side by side.
    const lane = ["get", "lane"], aside = byZoom(10, ["*", lane, 2.2], 16, ["*", lane, 7]);
    map.addSource("network", { type: "geojson", data: drawn });
    map.addSource("vehicles", { type: "geojson", data: { type: "FeatureCollection", features: [] } });
    // So that a dark line is seen on dark ground, and a pale one on pale.
    map.addLayer({
      id: "edges", type: "line", source: "network", filter: isA("line"),
      layout: { "line-join": "round", "line-cap": "round" },
      paint: { "line-color": color("--soft"), "line-width": byZoom(10, 3, 16, 8.5), "line-offset": aside, "line-opacity": 0.5 },
    });
    map.addLayer({
      id: "lines", type: "line", source: "network", filter: isA("line"),
      layout: { "line-join": "round", "line-cap": "round" },
      paint: { "line-color": ["get", "color"], "line-width": byZoom(10, 2, 16, 6), "line-offset": aside },
    });
    map.addLayer({
      id: "stops", type: "circle", source: "network", filter: isA("stop"), minzoom: 11.5,
      paint: {
        "circle-radius": byZoom(11.5, 1.8, 16, 7), "circle-color": color("--surface"),
        "circle-stroke-color": color("--soft"), "circle-stroke-width": byZoom(11.5, 1, 16, 2.5),
      },
    });
    map.addLayer({
      id: "names", type: "symbol", source: "network", filter: isA("stop"), minzoom: 10,
      layout: {
        "icon-image": ["step", ["zoom"], ["concat", "big-", ["get", "name"]], 14, ["concat", "name-", ["get", "name"]]],
        "icon-anchor": "left", "icon-offset": [8, 0], "icon-padding": 6,
        "symbol-sort-key": ["-", ["get", "calls"]],
      },
    });
    map.addLayer({
      id: "directions", type: "symbol", source: "vehicles", filter: ["==", ["typeof", ["get", "bearing"]], "number"],
      layout: {
        "icon-image": "arrow", "icon-rotate": ["get", "bearing"], "icon-rotation-alignment": "map",
        "icon-allow-overlap": true, "icon-size": byZoom(10, 0.7, 14, 1),
      },
    });
    map.addLayer({
      id: "vehicles", type: "symbol", source: "vehicles",
      layout: {
        "icon-image": ["concat", ["case", ["get", "disturbed"], "disturbed-", "line-"], ["get", "route_id"]],
        "icon-allow-overlap": true,
        "icon-size": byZoom(10, 0.6, 14, 1),
      },
      paint: { "icon-opacity": ["case", ["get", "old"], 0.45, 1] },
    });
  }

  const lineAddress = (route) => `${root}/lines/${encodeURIComponent(route)}`;
  const age = (seconds) => (seconds < 90 ? fill("seconds", { count: Math.round(seconds) })
    : fill("minutes", { count: Math.round(seconds / 60) }));

  // What is chosen stands out, and stands in the address.
  function choose(next) {
    ({ line = line, stop = stop } = next);
    const url = new URL(location.href);
    for (const [name, value] of [["line", line], ["stop", stop]]) {
      if (value) url.searchParams.set(name, value);
      else url.searchParams.delete(name);
    }
    history.replaceState(history.state, "", url);
    const of = (yes, no) => (line ? ["case", ["==", ["get", "route_id"], line], yes, no] : yes);
    map.setPaintProperty("lines", "line-opacity", of(1, 0.15));
    map.setPaintProperty("edges", "line-opacity", of(0.5, 0.08));
    map.setPaintProperty("vehicles", "icon-opacity", ["*", ["case", ["get", "old"], 0.45, 1], of(1, 0.15)]);
    map.setPaintProperty("directions", "icon-opacity", of(1, 0.1));
    for (const link of document.querySelectorAll("[data-line]")) {
      if (link.dataset.line === line) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
    listVehicles();
  }

  const boundsOf = (features) => features.flatMap(({ geometry }) => geometry.coordinates.flat())
    .reduce((bounds, at) => bounds.extend(at), new maplibregl.LngLatBounds());

  function tripAddress({ trip_id: trip, service_date: date, start_time: start }) {
    return trip ? `${root}/trips/${encodeURIComponent(trip)}?${new URLSearchParams({ date, start })}` : "";
  }

  // The same by keyboard: the vehicles of the chosen line, each with its trip's page.
  function listVehicles() {
    const list = document.getElementById("map-vehicles");
    const on = line ? known.filter(({ properties }) => properties.route_id === line) : [];
    list.hidden = !on.length;
    const open = list.contains(document.activeElement) && document.activeElement.getAttribute("href");
    list.replaceChildren(...on.map(({ properties }) => {
      const item = document.createElement("li"), link = item.appendChild(document.createElement("a"));
      link.href = tripAddress(properties);
      link.textContent = `${properties.line} → ${properties.headsign} · ${placeOf(properties)}`;
      return item;
    }));
    if (open) [...list.querySelectorAll("a")].find((link) => link.getAttribute("href") === open)?.focus();
  }

  const list = document.querySelector(".map-list");
  if (matchMedia("(max-width: 47.99rem)").matches) list.open = false;
  list.addEventListener("click", (event) => {
    const link = event.target.closest("[data-line]");
    if (!link || !map.getLayer("lines")) return;
    event.preventDefault();
    choose({ line: link.dataset.line === line ? "" : link.dataset.line, stop: "" });
    showLine();
  });

  function showLine() {
    const features = network.features.filter(({ properties }) => properties.route_id === line);
    if (line && features.length) map.fitBounds(boundsOf(features), { padding: 60, animate: false });
  }

  let network, stops = new Map(); // where each stop is
  // A station is where one of its platforms is.
  const stopChosen = () => network.features.find(({ properties }) => stop && [properties.stop_id, properties.station].includes(stop));
  async function showStop() {
    const found = stopChosen();
    if (!found) return;
    const asked = new URLSearchParams({ stop, fragment: "board", lang: document.documentElement.lang });
    const answer = await fetch(`${root}/?${asked}`).catch(() => null);
    const rows = answer?.ok && new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(".group");
    const body = say(found.geometry.coordinates, ["a", found.properties.name, `${root}/stops/${encodeURIComponent(stop)}`]);
    if (!rows) return;
    body.replaceChildren(document.adoptNode(rows));
    popup.setLngLat(found.geometry.coordinates); // it finds its place anew
    showWhole(popup.getElement());
  }

  // Rows that came later may reach beyond the map's edge.
  function showWhole(element) {
    const [box, frame] = [element, place].map((each) => each.getBoundingClientRect()), edge = 8;
    const beyond = Math.max(box.bottom + edge - frame.bottom, 0) || Math.min(box.top - edge - frame.top, 0);
    if (beyond) map.panBy([0, beyond], { animate: false });
  }

  function say(at, ...parts) {
    const body = document.createElement("div");
    for (const [tag, text, href] of parts.filter(([, text]) => text)) {
      const made = body.appendChild(document.createElement(tag));
      made.textContent = text;
      if (href) made.href = href;
    }
    popup?.remove();
    popup = new maplibregl.Popup({ maxWidth: "22rem" }).setLngLat(at).setDOMContent(body).addTo(map);
    popup.on("close", () => { followed = ""; });
    return body;
  }

  function onClick(layer, tell) {
    map.on("click", layer, (event) => tell(event.features[0]));
    map.on("mouseenter", layer, () => { map.getCanvas().style.cursor = "pointer"; });
    map.on("mouseleave", layer, () => { map.getCanvas().style.cursor = ""; });
  }

  function placeOf({ cancelled, doubt, at_stop, next_stop_name: stop }) {
    if (cancelled) return texts.trip_cancelled;
    if (doubt === "given_up") return texts.vehicle_given_up;
    if (!stop) return "";
    if (doubt === "overdue") return fill("vehicle_overdue", { stop });
    if (doubt === "held_up") return fill(at_stop ? "vehicle_held_up_at" : "vehicle_held_up", { stop });
    return fill(at_stop ? "vehicle_at" : "vehicle_towards", { stop });
  }

  function crowdingOf({ old, occupancy, occupancy_percentage: share }) {
    const words = texts[`occupancy_${occupancy}`], of = Number.isFinite(share) && fill("occupancy_share", { share });
    return old ? "" : words && of ? `${words} (${of})` : words || of;
  }

  onClick("stops", ({ properties }) => { choose({ stop: properties.stop_id }); showStop(); });
  onClick("vehicles", ({ geometry, properties }) => {
    say(
      geometry.coordinates,
      ["a", `${properties.line} → ${properties.headsign}`, tripAddress(properties) || lineAddress(properties.route_id)],
      ["p", placeOf(properties)],
      ["p", crowdingOf(properties)],
      ["a", properties.disturbed && texts.alerts_of_line, `${root}/alerts?line=${encodeURIComponent(properties.route_id)}`],
      ["p", properties.old && fill("position_old", { age: age(properties.data_age_s) })],
    );
    followed = properties.vehicle_id;
  });

  let timer;
  async function ask(address) {
    const answer = await fetch(address, { signal: AbortSignal.timeout(8000) });
    if (!answer.ok) throw new Error(answer.statusText);
    return answer.json();
  }

  // Many feeds do not tell whither a vehicle drives: to its next stop, then.
  function course([longitude, latitude], { next_stop_id: stop, at_stop: stands }) {
    const to = !stands && stops.get(stop);
    if (!to) return null;
    const east = (to[0] - longitude) * Math.cos(latitude * Math.PI / 180), north = to[1] - latitude;
    return Math.hypot(east, north) > 1e-4 ? Math.atan2(east, north) * 180 / Math.PI : null;
  }

  async function follow() {
    clearTimeout(timer);
    if (document.hidden) return;
    try {
      const [vehicles, told] = await Promise.all([ask(`${root}/v1/vehicles`), ask(`${root}/map/disturbed`)]);
      const disturbed = new Set(told);
      known = vehicles.features.filter(({ properties }) => properties.route).map(({ geometry, properties }) => ({
        type: "Feature", geometry, properties: {
          ...properties, bearing: properties.bearing ?? course(geometry.coordinates, properties), route: null, route_id: properties.route.route_id, line: named(properties.route.route_id, properties.route.short_name),
          disturbed: disturbed.has(properties.route.route_id),
          old: properties.data_age_s > 90 || vehicles.feed_stopped,
        },
      }));
      map.getSource("vehicles").setData({ type: "FeatureCollection", features: known });
      listVehicles();
      const mine = known.find(({ properties }) => properties.vehicle_id === followed);
      if (mine && popup?.isOpen()) {
        popup.setLngLat(mine.geometry.coordinates);
        if (!map.getBounds().contains(mine.geometry.coordinates)) map.panTo(mine.geometry.coordinates);
      }
      const key = vehicles.feed_stopped ? "map_feed_stopped" : "data_age";
      said.textContent = fill(key, { age: age(vehicles.feed_age_s ?? 0) });
      said.classList.toggle("stopped", vehicles.feed_stopped);
    } catch {
      said.textContent = texts.network_gone_title;
    }
    timer = setTimeout(follow, EVERY_MS);
  }

  map.on("load", async () => {
    try {
      const answer = await fetch(place.dataset.network);
      if (!answer.ok) throw new Error(answer.statusText);
      network = await answer.json();
      stops = new Map(network.features.filter(({ properties }) => properties.kind === "stop")
        .map(({ geometry, properties }) => [properties.stop_id, geometry.coordinates]));
      draw(network);
    } catch {
      said.textContent = texts.network_gone_title;
      return;
    }
    choose({});
    if (!address.hash) showLine();
    if (stopChosen() && !address.hash) map.jumpTo({ center: stopChosen().geometry.coordinates, zoom: 15 });
    showStop();
    await follow();
    await map.once("idle");
    place.dataset.drawn = "";
    // Last, so that nothing of the network waits for them.
    if (!place.dataset.tiles) return;
    try {
      await drawStreets(map, place.dataset.tiles, document.documentElement.lang);
      await map.once("idle");
      place.dataset.streets = "";
    } catch (error) {
      console.warn(error); // the network is whole without them
    }
  });
  document.addEventListener("visibilitychange", () => { if (map.getSource("vehicles")) follow(); });
})();
