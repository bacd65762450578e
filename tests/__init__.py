"""The homework's tests (`homework`) and the project's own; a package, so that no other one of this name is found first."""
