"""``docker build`` with the classic builder: Dockerfiles are read and obeyed, RUN lines checked and recorded, not executed."""
