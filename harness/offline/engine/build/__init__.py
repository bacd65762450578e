"""``docker build`` with the classic builder: Dockerfiles are obeyed, but RUN lines are recorded, not executed."""
