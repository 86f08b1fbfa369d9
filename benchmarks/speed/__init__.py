"""How fast the engine is: a step of it, a recorded day, a start, a board."""
