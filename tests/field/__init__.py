"""Situations as riders meet them, on tiny networks, from the bytes of the feeds to every face. One file a kind.

A test in five lines, named by what a rider must see, with its public source where there is one:

    def test_a_late_bus_counts_down_to_its_own_time() -> None:  # owner/repo#number
        city = City(network("A B C", trips=[Trip("t1", "08:00")]))
        city.vehicle_positions(bus("v1", "t1", late_s=90)).at("08:02")
        assert city.board("B")[0] == "08:03 t1 live"
        assert city.trip_state("t1") == "followed"

- `network` and `Network` declare a feed (`benchmarks/field/network.py`): `Stop`, `Pattern`, `Trip` with `Call`s,
  `Frequency`, `Service`, `Route`, `Agency`, shapes, the zone, or whole tables as text (`tables={"trips": "…"}`).
  `timetable_of` is the timetable alone.
- `bus`, `update` (with `StopUpdate`, `skipped`, `no_data`), `cancelled` and `alert` are entities of the operator's
  messages (`benchmarks/field/messages.py`). `City.vehicle_positions`, `.trip_updates` and `.alerts` say what the feeds
  say from now on, encoded anew for each step; they take a message as bytes as well. `bus(…, late_s=0)` drives its trip
  by the timetable; `at=`, `between=` and `place=` let it stand where it was, and `fresh=True` go on reporting from
  there.
  A live time leans early by up to half a minute: a bus two minutes late where 08:04 is due is told for 08:05.
- `City.at("08:05")` lets time pass, stepping on the way; "28:10" is ten past four in the morning after.
- `City.board(stop)` is what every face says of a stop: it fails where two of them differ
  (`benchmarks/field/agreement.py`). Single faces are `departures`, `panel`, `panel_text`, `stop_page`, `screen`,
  `trip`, `trip_page`, `line_page`, `our_trip_updates`, `our_vehicle_positions`, `our_alerts`, `vehicles`, `messages`,
  `desk` and `readyz`. They give
  rows; `texts(rows)` makes them easy to compare, `row.told` is all that the face said.

`test_the_faces_agree.py` plays days that nobody thought of (`any_day.py` draws them); with
`FIELD_EXAMPLES=500` in the environment as many, other ones each time.

Only `benchmarks/field/city.py` knows where in `api/` things lie.
"""
