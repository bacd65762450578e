"""Commands of an embedded host: small programs that stand for Ubuntu's own, run by ``python -I -S``."""
