"""The operator's TripUpdates, from bytes to what the core takes."""
