// Picks lines and stops of a disruption on a map, beside the list: a click ticks what the list has, and back.
"use strict";
(() => {
  const pick = document.getElementById("map-pick"), form = document.getElementById("disruption");
  if (!pick || !form) return;
  const place = document.getElementById("pick-map"), said = document.getElementById("pick-said");
  const texts = JSON.parse(place.dataset.texts), RATIO = 2;
  const fill = (key, values) => texts[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  let map, network;
  pick.hidden = false;

  const added = (tag, values) => new Promise((done, failed) => {
    document.head.append(Object.assign(document.createElement(tag), { onload: done, onerror: failed, ...values }));
  });
  const boxes = (name) => [...form.querySelectorAll(`input[name=${name}]`)];
  const idsOf = (box) => JSON.parse(box.value);
  const pickedStops = () => boxes("stops").filter((box) => box.checked).flatMap(idsOf);
  const pickedLines = () => boxes("line").filter((box) => box.checked).map((box) => box.value);

  function label(name, ink) {
    const canvas = document.createElement("canvas"), pen = canvas.getContext("2d"), font = `500 ${12 * RATIO}px system-ui, sans-serif`;
    pen.font = font;
    canvas.width = Math.ceil(pen.measureText(name).width) + 8 * RATIO;
    canvas.height = 20 * RATIO;
    Object.assign(pen, { font, textBaseline: "middle", lineJoin: "round", lineWidth: 3.5 * RATIO, strokeStyle: color("--ground"), fillStyle: color(ink) });
    pen.strokeText(name, 4 * RATIO, canvas.height / 2);
    pen.fillText(name, 4 * RATIO, canvas.height / 2);
    return pen.getImageData(0, 0, canvas.width, canvas.height);
  }

  function draw() {
    const isA = (kind) => ["==", ["get", "kind"], kind];
    const byZoom = (...stops) => ["interpolate", ["exponential", 1.5], ["zoom"], ...stops];
    const round = { "line-join": "round", "line-cap": "round" };
    map.addSource("network", { type: "geojson", data: network });
    map.addLayer({ id: "edges", type: "line", source: "network", filter: isA("line"), layout: round,
      paint: { "line-color": color("--soft"), "line-width": byZoom(10, 3.5, 16, 9), "line-opacity": 0.5 } });
    map.addLayer({ id: "lines", type: "line", source: "network", filter: isA("line"), layout: round,
      paint: { "line-color": ["get", "color"], "line-width": byZoom(10, 2.5, 16, 6.5) } });
    map.addLayer({ id: "stops", type: "circle", source: "network", filter: isA("stop"), minzoom: 11,
      paint: { "circle-radius": byZoom(11, 2.5, 16, 9), "circle-color": color("--surface"),
        "circle-stroke-color": color("--soft"), "circle-stroke-width": byZoom(11, 1, 16, 3) } });
    map.addLayer({ id: "picked", type: "circle", source: "network", filter: isA("stop"),
      paint: { "circle-radius": byZoom(10, 5, 16, 12), "circle-color": color("--link"),
        "circle-stroke-color": color("--surface"), "circle-stroke-width": 2.5 } });
    map.addLayer({ id: "names", type: "symbol", source: "network", filter: isA("stop"), minzoom: 12.5,
      layout: { "icon-image": ["concat", "name-", ["get", "name"]], "icon-anchor": "left", "icon-offset": [13, 0],
        "icon-padding": 6, "symbol-sort-key": ["-", ["get", "calls"]] } });
  }

  // What is ticked in the list stands out.
  function show() {
    if (!map?.getLayer("picked")) return;
    const lines = pickedLines(), among = (name, values) => ["in", ["get", name], ["literal", values]];
    map.setFilter("picked", ["all", ["==", ["get", "kind"], "stop"], among("stop_id", pickedStops())]);
    const strength = (full, faint) => (lines.length ? ["case", among("route_id", lines), full, faint] : full);
    map.setPaintProperty("lines", "line-opacity", strength(1, 0.3));
    map.setPaintProperty("edges", "line-opacity", strength(0.5, 0.1));
    place.dataset.picked = JSON.stringify({ lines, stops: pickedStops() });
  }

  function tick(box, name, on = !box.checked) {
    box.checked = on;
    said.textContent = fill(on ? "map_picked" : "map_unpicked", { name });
    box.dispatchEvent(new Event("change", { bubbles: true }));
    show();
  }

  function pickStop({ stop_id: id, name }) {
    const box = boxes("stops").find((one) => one.checked && idsOf(one).includes(id));
    if (!box) {
      // The preview that follows lists it among those chosen.
      const made = Object.assign(document.createElement("input"), { type: "checkbox", name: "stops", value: JSON.stringify([id]), hidden: true });
      document.getElementById("stops").append(made);
      return tick(made, name, true);
    }
    const others = idsOf(box).filter((one) => one !== id);
    box.value = JSON.stringify(others);
    tick(box, name, others.length > 0);
    said.textContent = fill("map_unpicked", { name });
  }

  function pickLine(route) {
    const box = boxes("line").find((one) => one.value === route);
    if (box) tick(box, fill("line_title", { name: network.lines[route].name }));
  }

  // Where lines share a street, which is meant is asked.
  function askWhich(at, routes) {
    const body = document.createElement("div"), popup = new maplibregl.Popup({ maxWidth: "18rem" });
    body.className = "chips";
    for (const route of routes) {
      const button = Object.assign(document.createElement("button"), { type: "button", className: "button", textContent: network.lines[route].name });
      button.addEventListener("click", () => { popup.remove(); pickLine(route); });
      body.append(button);
    }
    popup.setLngLat(at).setDOMContent(body).addTo(map);
  }

  function around({ x, y }, layers) {
    const shown = layers.filter((layer) => map.getLayer(layer));
    return map.queryRenderedFeatures([[x - 8, y - 8], [x + 8, y + 8]], { layers: shown });
  }

  function onClick({ point, lngLat }) {
    const away = ({ geometry }) => { const at = map.project(geometry.coordinates); return Math.hypot(at.x - point.x, at.y - point.y); };
    const [stop] = around(point, ["picked", "stops"]).sort((one, other) => away(one) - away(other));
    if (stop) return pickStop(stop.properties);
    const routes = [...new Set(around(point, ["lines"]).map(({ properties }) => properties.route_id))];
    if (routes.length === 1) pickLine(routes[0]);
    else if (routes.length) askWhich(lngLat, routes);
  }

  async function open() {
    try {
      const [answer] = await Promise.all([
        fetch(place.dataset.network), added("script", { src: place.dataset.library }), added("link", { rel: "stylesheet", href: place.dataset.sheet }),
      ]);
      network = await answer.json();
      for (const src of place.dataset.streets?.split(" ") ?? []) await added("script", { src });
    } catch {
      said.textContent = texts.network_gone_title;
      map = undefined;
      return;
    }
    const [west, south, east, north] = JSON.parse(place.dataset.bounds);
    map = new maplibregl.Map({
      container: place, bounds: [[west, south], [east, north]], fitBoundsOptions: { padding: 20 }, attributionControl: false,
      style: { version: 8, sources: {}, layers: [{ id: "ground", type: "background", paint: { "background-color": color("--ground") } }] },
      dragRotate: false, pitchWithRotate: false, fadeDuration: 0, locale: JSON.parse(place.dataset.controls),
    });
    map.touchZoomRotate.disableRotation();
    map.addControl(new maplibregl.NavigationControl({ showCompass: false }));
    map.on("styleimagemissing", ({ id }) => {
      const name = id.replace(/^\w+-/, "");
      if (name !== id) map.addImage(id, label(name, id.startsWith("name-") ? "--ink" : "--soft"), { pixelRatio: RATIO });
    });
    map.on("click", onClick);
    map.on("mousemove", ({ point }) => { map.getCanvas().style.cursor = around(point, ["picked", "stops", "lines"]).length ? "pointer" : ""; });
    map.on("load", async () => {
      draw();
      // Without the streets lines and stops can be picked all the same.
      if (place.dataset.tiles) await drawStreets(map, place.dataset.tiles, document.documentElement.lang).catch(() => {});
      show();
      await map.once("idle");
      place.dataset.drawn = "";
      said.textContent = "";
    });
    // What the list changes is changed here too: by hand, and when the preview lists it anew.
    form.addEventListener("change", show);
    new MutationObserver(show).observe(document.getElementById("stops"), { childList: true });
  }

  pick.addEventListener("toggle", () => {
    if (!pick.open || map !== undefined) return;
    map = null;
    said.textContent = texts.map_loading;
    open();
  });
})();
