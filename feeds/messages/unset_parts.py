"""What is read in the place of parts that a message does not have.

protobuf makes a map, with memory of its own, for each object that is asked for a part it does not have; once 10,000 of
them are gone it has the C library give all free memory back to the system, which whatever runs next has to ask for page
by page. So parts are only asked for where they are.
"""

from __future__ import annotations

from google.transit import gtfs_realtime_pb2

NO_TRIP = gtfs_realtime_pb2.TripDescriptor()
NO_MODIFIED_TRIP = gtfs_realtime_pb2.TripDescriptor.ModifiedTripSelector()
NO_VEHICLE = gtfs_realtime_pb2.VehicleDescriptor()
NO_POSITION = gtfs_realtime_pb2.Position()
NO_TRIP_PROPERTIES = gtfs_realtime_pb2.TripUpdate.TripProperties()
NO_EVENT = gtfs_realtime_pb2.TripUpdate.StopTimeEvent()
NO_STOP_PROPERTIES = gtfs_realtime_pb2.TripUpdate.StopTimeUpdate.StopTimeProperties()
