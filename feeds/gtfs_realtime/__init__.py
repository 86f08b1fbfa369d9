"""GTFS-Realtime out: what a snapshot and the alerts say, as messages."""
