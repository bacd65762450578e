"""The kill test: a run is killed at every call that changes something, swept, and looked for."""
