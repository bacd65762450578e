"""Calls of the docker SDK that are made to the embedded engine and, where there is one, to a real engine."""
