// Streets, water and names beneath the network, out of a PMTiles file of our own. Layers and kinds go by the names of
// Protomaps' basemap and of OpenMapTiles: what a file does not have is not drawn.
"use strict";
const drawStreets = (() => {
  const GROUND = {
    light: { green: "#dfead9", water: "#bcd7ea", street: "#ffffff", edge: "#d9dee6", path: "#e3e7ed", rail: "#c5ccd6" },
    dark: { green: "#16241c", water: "#16304a", street: "#27303d", edge: "#1c232d", path: "#212934", rail: "#3a4453" },
  };
  const BIG = ["highway", "major_road", "motorway", "trunk", "primary", "secondary"];
  const SMALL = ["minor_road", "medium_road", "tertiary", "minor", "street", "residential", "service", "busway"];
  const GREEN = [
    "park", "forest", "wood", "grass", "grassland", "nature_reserve", "national_park", "cemetery", "golf_course", "garden",
    "recreation_ground", "village_green", "meadow", "scrub", "allotments", "pitch", "playground", "zoo",
  ];
  const TOWNS = ["locality", "city", "town", "village"], QUARTERS = ["neighbourhood", "macrohood", "suburb", "quarter", "hamlet"];

  const kind = ["coalesce", ["get", "kind"], ["get", "pmap:kind"], ["get", "class"], ""]; // the second: Protomaps until 2023
  const isOf = (...kinds) => ["in", kind, ["literal", kinds]];
  const isShape = (...shapes) => ["in", ["geometry-type"], ["literal", shapes.flatMap((shape) => [shape, `Multi${shape}`])]];
  const byZoom = (...stops) => ["interpolate", ["exponential", 1.6], ["zoom"], ...stops];

  const nameIn = (language) => ["coalesce", ["get", `name:${language}`], ["get", `name_${language}`], ["get", "name"], ""];

  function layersOf(language) {
    const ground = GROUND[matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"];
    const name = nameIn(language);
    const image = (look) => ["concat", `${look}-`, name];
    const named = ["!=", name, ""];
    const fill = (of, color, filter) => ({ of, type: "fill", filter, paint: { "fill-color": color } });
    const line = (of, color, width, filter, minzoom = 0) => ({
      of, type: "line", filter, minzoom,
      layout: { "line-join": "round", "line-cap": "round" }, paint: { "line-color": color, "line-width": width },
    });
    const label = (of, look, filter, minzoom, layout = {}) => ({
      of, type: "symbol", filter: ["all", named, filter], minzoom, named: true,
      layout: { "icon-image": image(look), "icon-padding": 4, ...layout },
    });
    const streets = ["roads", "transportation"], names = ["roads", "transportation_name"];
    const along = { "symbol-placement": "line", "icon-rotation-alignment": "map", "icon-keep-upright": true, "symbol-spacing": 400 };
    return [
      fill(["landuse", "landcover", "park"], ground.green, ["all", isShape("Polygon"), ["any", isOf(...GREEN), ["==", kind, ""]]]),
      fill(["water"], ground.water, isShape("Polygon")),
      line(["water", "waterway"], ground.water, byZoom(9, 0.6, 16, 5), ["all", isShape("LineString"), isOf("river", "canal", "stream")]),
      line(streets, ground.path, byZoom(14, 0.8, 18, 4), isOf("path", "track", "pedestrian"), 14.5),
      line(streets, ground.edge, byZoom(11, 0.8, 18, 18), isOf(...SMALL), 10.5),
      line(streets, ground.edge, byZoom(9, 1.4, 18, 26), isOf(...BIG)),
      line(streets, ground.rail, byZoom(9, 0.6, 18, 3), isOf("rail", "transit"), 10),
      line(streets, ground.street, byZoom(12, 0.8, 18, 15), isOf(...SMALL), 12),
      line(streets, ground.street, byZoom(9, 0.8, 18, 22), isOf(...BIG)),
      label(names, "street", isOf(...BIG, ...SMALL, "pedestrian"), 14.5, along),
      label(["water", "water_name"], "water", isShape("Point"), 11),
      label(["water", "waterway", "water_name"], "water", isShape("LineString"), 12, along),
      label(["places", "place"], "quarter", isOf(...QUARTERS), 12),
      { ...label(["places", "place"], "town", isOf(...TOWNS), 0, { "icon-overlap": "cooperative" }), town: true },
    ];
  }

  // Vehicles stand on the middle of a town all day: its name moves to where the fewest of them hide it.
  const ASIDE = [0, -24, 24, -48, 48, -72, 72], TOWN_PX = { letter: 9, high: 22, vehicle: 12 };
  function moveTowns(map, language, layers) {
    const vehicles = map.querySourceFeatures("vehicles").map(({ geometry }) => map.project(geometry.coordinates));
    const moved = new Map();
    for (const { id, part, filter } of layers) {
      for (const { geometry, properties } of map.querySourceFeatures("streets", { sourceLayer: part, filter })) {
        const name = properties[`name:${language}`] ?? properties[`name_${language}`] ?? properties.name;
        const { x, y } = map.project(geometry.coordinates);
        const hidden = (aside) => vehicles.filter((at) => Math.abs(at.y - y - aside) < TOWN_PX.high / 2 + TOWN_PX.vehicle
          && Math.abs(at.x - x) < (name.length * TOWN_PX.letter) / 2 + TOWN_PX.vehicle).length;
        moved.set(name, ASIDE.reduce((best, aside) => (hidden(aside) < hidden(best) ? aside : best)));
      }
      const aside = [...moved].filter(([, y]) => y).flatMap(([name, y]) => [name, ["literal", [0, y]]]);
      map.setLayoutProperty(id, "icon-offset", aside.length ? ["match", nameIn(language), ...aside, ["literal", [0, 0]]] : [0, 0]);
    }
  }

  return async function drawStreets(map, address, language) {
    const archive = new pmtiles.PMTiles(new URL(address, location.href).href), protocol = new pmtiles.Protocol();
    protocol.add(archive);
    maplibregl.addProtocol("pmtiles", protocol.tile);
    const [header, said] = await Promise.all([archive.getHeader(), archive.getMetadata()]);
    const known = said.vector_layers && new Set(said.vector_layers.map(({ id }) => id));
    map.addSource("streets", {
      type: "vector", tiles: [`pmtiles://${archive.source.getKey()}/{z}/{x}/{y}`],
      minzoom: header.minZoom, maxzoom: header.maxZoom,
      bounds: [header.minLon, header.minLat, header.maxLon, header.maxLat],
    });
    // Ground lies under the network, names above it, but under the vehicles.
    const towns = [];
    layersOf(language).forEach(({ of, named, town, ...layer }, number) => {
      for (const part of of.filter((each) => !known || known.has(each))) {
        const id = `streets-${number}-${part}`;
        if (town) towns.push({ id, part, filter: layer.filter });
        map.addLayer(
          { id, source: "streets", "source-layer": part, ...layer },
          named ? map.getLayer("directions") && "directions" : "edges",
        );
      }
    });
    const settle = () => map.once("idle", () => moveTowns(map, language, towns));
    settle();
    map.on("moveend", settle);
    if (said.attribution) map.addControl(new maplibregl.AttributionControl({ customAttribution: said.attribution }));
  };
})();
