// The map: the network drawn once, its vehicles every few seconds.
"use strict";
(() => {
  const EVERY_MS = 10000, BADGE_PX = 26, MARK_PX = 16, RATIO = 2;
  const place = document.getElementById("map"), said = document.getElementById("map-age");
  const texts = JSON.parse(document.getElementById("content").dataset.texts);
  const fill = (key, values) => texts[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const [west, south, east, north] = JSON.parse(place.dataset.bounds);

  const ground = { id: "ground", type: "background", paint: { "background-color": color("--ground") } };
  const map = new maplibregl.Map({
    container: place,
    style: { version: 8, sources: {}, layers: [ground] },
    bounds: [[west, south], [east, north]],
    fitBoundsOptions: { padding: 40 },
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
  });
  map.touchZoomRotate.disableRotation();
  map.addControl(new maplibregl.NavigationControl({ showCompass: false }));
  map.addControl(new maplibregl.GeolocateControl({ trackUserLocation: true }));

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
      const middle = width + RATIO, radius = (MARK_PX - 2) * RATIO / 2;
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

  function draw(network) {
    for (const [route, line] of Object.entries(network.lines)) {
      map.addImage(`line-${route}`, badge(line), { pixelRatio: RATIO });
      map.addImage(`disturbed-${route}`, badge(line, true), { pixelRatio: RATIO });
    }
    const isA = (kind) => ["==", ["get", "kind"], kind];
    const byZoom = (...stops) => ["interpolate", ["exponential", 1.5], ["zoom"], ...stops];
    map.addSource("network", { type: "geojson", data: network });
    map.addSource("vehicles", { type: "geojson", data: { type: "FeatureCollection", features: [] } });
    // So that a dark line is seen on dark ground, and a pale one on pale.
    map.addLayer({
      id: "edges", type: "line", source: "network", filter: isA("line"),
      layout: { "line-join": "round", "line-cap": "round" },
      paint: { "line-color": color("--soft"), "line-width": byZoom(10, 3, 16, 8.5), "line-opacity": 0.5 },
    });
    map.addLayer({
      id: "lines", type: "line", source: "network", filter: isA("line"),
      layout: { "line-join": "round", "line-cap": "round" },
      paint: { "line-color": ["get", "color"], "line-width": byZoom(10, 2, 16, 6) },
    });
    map.addLayer({
      id: "stops", type: "circle", source: "network", filter: isA("stop"), minzoom: 11.5,
      paint: {
        "circle-radius": byZoom(11.5, 1.8, 16, 7), "circle-color": color("--surface"),
        "circle-stroke-color": color("--soft"), "circle-stroke-width": byZoom(11.5, 1, 16, 2.5),
      },
    });
    map.addLayer({
      id: "vehicles", type: "symbol", source: "vehicles",
      layout: {
        "icon-image": ["concat", ["case", ["get", "disturbed"], "disturbed-", "line-"], ["get", "route_id"]], "icon-allow-overlap": true,
        "icon-size": byZoom(10, 0.6, 14, 1),
      },
      paint: { "icon-opacity": ["case", ["get", "old"], 0.45, 1] },
    });
  }

  const towards = (place) => (/(^|\s)(to|towards?|vers)\s/i.test(place) ? place : fill("towards", { place }));
  const lineAddress = (route) => `/lines/${encodeURIComponent(route)}`;
  const age = (seconds) => (seconds < 90 ? fill("seconds", { count: Math.round(seconds) })
    : fill("minutes", { count: Math.round(seconds / 60) }));

  function say(at, ...parts) {
    const body = document.createElement("div");
    for (const [tag, text, href] of parts.filter(([, text]) => text)) {
      const made = body.appendChild(document.createElement(tag));
      made.textContent = text;
      if (href) made.href = href;
    }
    new maplibregl.Popup({ maxWidth: "18rem" }).setLngLat(at).setDOMContent(body).addTo(map);
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

  onClick("stops", ({ geometry, properties }) =>
    say(geometry.coordinates, ["a", properties.name, `/stops/${encodeURIComponent(properties.stop_id)}`]));
  onClick("vehicles", ({ geometry, properties }) => say(
    geometry.coordinates,
    ["a", `${properties.line} ${towards(properties.headsign)}`, lineAddress(properties.route_id)],
    ["p", placeOf(properties)],
    ["p", crowdingOf(properties)],
    ["a", properties.disturbed && texts.alerts_of_line, `/alerts?line=${encodeURIComponent(properties.route_id)}`],
    ["p", properties.old && fill("position_old", { age: age(properties.data_age_s) })],
  ));

  let timer;
  async function ask(address) {
    const answer = await fetch(address, { signal: AbortSignal.timeout(8000) });
    if (!answer.ok) throw new Error(answer.statusText);
    return answer.json();
  }

  async function follow() {
    clearTimeout(timer);
    if (document.hidden) return;
    try {
      const [vehicles, told] = await Promise.all([ask("/v1/vehicles"), ask("/map/disturbed")]);
      const disturbed = new Set(told);
      const known = vehicles.features.filter(({ properties }) => properties.route).map(({ geometry, properties }) => ({
        type: "Feature", geometry, properties: {
          ...properties, route: null, route_id: properties.route.route_id, line: properties.route.short_name,
          disturbed: disturbed.has(properties.route.route_id),
          old: properties.data_age_s > 90 || vehicles.feed_stopped,
        },
      }));
      map.getSource("vehicles").setData({ type: "FeatureCollection", features: known });
      const key = vehicles.feed_stopped ? "map_feed_stopped" : "data_age";
      said.textContent = fill(key, { age: age(vehicles.feed_age_s ?? 0) });
    } catch {
      said.textContent = texts.network_gone_title;
    }
    timer = setTimeout(follow, EVERY_MS);
  }

  map.on("load", async () => {
    try {
      const answer = await fetch(place.dataset.network);
      if (!answer.ok) throw new Error(answer.statusText);
      draw(await answer.json());
    } catch {
      said.textContent = texts.network_gone_title;
      return;
    }
    await follow();
    await map.once("idle");
    place.dataset.drawn = "";
  });
  document.addEventListener("visibilitychange", () => { if (map.getSource("vehicles")) follow(); });
})();
