"""A demo city that runs by itself: timetable, live feeds, incidents, and the truth to judge predictions by."""

from feeds.simulator.city import Simulator
from feeds.simulator.incidents import BREAKDOWN, CANCELLED_TRIPS, DETOUR, FEED_GAP, KINDS, SHORT_TURN, Incident

__all__ = ["BREAKDOWN", "CANCELLED_TRIPS", "DETOUR", "FEED_GAP", "KINDS", "SHORT_TURN", "Incident", "Simulator"]
