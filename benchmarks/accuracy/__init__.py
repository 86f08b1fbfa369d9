"""The judge: recorded days through the engine, its predictions against the passages that then happened."""
