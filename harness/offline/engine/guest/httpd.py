"""The web server of an embedded httpd container: ``python -I -S httpd.py [-DFOREGROUND] [-f FILE] [-v]``.

Serves the document root as Apache httpd does in its Docker image: ``index.html``, a listing where there is none, 403
for what others may not read (its workers run as ``www-data``), 404, conditional and range requests; access log on
standard output, error log on standard error. Standard library only, and as little of it as starts quickly.
"""

# Pathlib would double the time that a container takes to start.
# ruff: noqa: PTH112, PTH113, PTH116, PTH118, PTH119, PTH123, PTH208

from __future__ import annotations

import html
import os
import re
import signal
import socket
import stat
import sys
import threading
import time
from urllib.parse import quote, unquote

VERSION = os.environ.get("HTTPD_VERSION", "2.4")
SERVER = f"Apache/{VERSION} (Unix)"
PREFIX = os.environ.get("HTTPD_PREFIX", "/usr/local/apache2")
INSIDE = os.environ.get("EMBEDDED_ROOT", "")
ROOT = INSIDE + PREFIX + "/htdocs"
PORT = 80
IDLE_SECONDS = 5
TYPES = {
    "html": "text/html", "htm": "text/html", "txt": "text/plain", "css": "text/css", "js": "text/javascript",
    "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif", "svg": "image/svg+xml",
    "json": "application/json", "pdf": "application/pdf", "xml": "application/xml", "ico": "image/vnd.microsoft.icon",
    "md": "text/markdown", "ipynb": "", "tar": "application/x-tar", "gz": "application/x-gzip",
    "zip": "application/zip",
}  # fmt: skip
REASONS = {
    200: "OK", 206: "Partial Content", 301: "Moved Permanently", 304: "Not Modified", 400: "Bad Request",
    403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 416: "Requested Range Not Satisfiable",
    501: "Not Implemented",
}  # fmt: skip
SAYINGS = {
    400: "Your browser sent a request that this server could not understand.<br />\n",
    403: "You don't have permission to access this resource.",
    404: "The requested URL was not found on this server.",
    405: "The requested method {method} is not allowed for this URL.",
    416: (
        "None of the range-specifier values in the Range\nrequest-header field overlap the current extent\n"
        "of the selected resource."
    ),
    501: "{method} not supported for current URL.<br />\n",
}
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
OTHERS_READ, OTHERS_SEARCH = stat.S_IROTH, stat.S_IXOTH


def http_date(moment: float) -> str:
    """Return a moment as HTTP writes it, whatever the locale."""
    t = time.gmtime(moment)
    clock = f"{t.tm_hour:02}:{t.tm_min:02}:{t.tm_sec:02}"
    return f"{DAYS[t.tm_wday]}, {t.tm_mday:02} {MONTHS[t.tm_mon - 1]} {t.tm_year} {clock} GMT"


def read_date(text: str) -> float | None:
    """Read such a moment."""
    found = re.fullmatch(r"\w{3}, (\d\d) (\w{3}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT", text.strip())
    if found is None or found[2] not in MONTHS:
        return None
    import calendar

    day, month, year, hour, minute, second = found.groups()
    return calendar.timegm((int(year), MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second)))


class Answer:
    """A response: status, headers, and either a body or a file's range."""

    def __init__(
        self, status: int, headers: dict[str, str], body: bytes = b"", file: str = "", start: int = 0, length: int = 0
    ) -> None:
        self.status, self.headers, self.body, self.file, self.start, self.length = (
            status,
            headers,
            body,
            file,
            start,
            length,
        )


class Refused(Exception):
    """Carries the status of an error page, and the error log's line."""

    def __init__(self, status: int, logged: str = "") -> None:
        super().__init__(logged)
        self.status, self.logged = status, logged


def error_page(status: int, method: str) -> Answer:
    """Return httpd's own page for an error."""
    reason = REASONS[status]
    text = (
        '<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">\n<html><head>\n'
        f"<title>{status} {reason}</title>\n</head><body>\n<h1>{reason}</h1>\n"
        f"<p>{SAYINGS[status].format(method=html.escape(method))}</p>\n</body></html>\n"
    )
    return Answer(status, {"Content-Type": "text/html; charset=iso-8859-1"}, text.encode())


def locate(target: str) -> tuple[str, str]:
    """Return the decoded path of a request and the file that it means; raises for what must not be served."""
    path = unquote(target.partition("?")[0], errors="surrogateescape")
    if "\0" in path or not path.startswith("/"):
        raise Refused(400)
    parts: list[str] = []
    for part in path.split("/"):
        if part == ".." and not parts:
            raise Refused(400)
        if part == "..":
            parts.pop()
        elif part not in {"", "."}:
            parts.append(part)
    check_permissions(parts, path)
    return path, "/".join([ROOT, *parts])


def check_permissions(parts: list[str], path: str) -> None:
    """Raise 403 where ``www-data``, one of the others, may not come by."""
    here = ROOT
    for part in ["", *parts]:
        here = f"{here}/{part}" if part else here
        try:
            mode = os.stat(here).st_mode
        except PermissionError:
            raise Refused(403, f"(13)Permission denied: AH00035: access to {path} denied") from None
        except OSError:
            raise Refused(404) from None
        if stat.S_ISDIR(mode) and not mode & OTHERS_SEARCH:
            raise Refused(
                403, f"(13)Permission denied: AH00035: access to {path} denied because search permissions are missing"
            )


def answer(method: str, target: str, headers: dict[str, str]) -> Answer:
    """Answer one request."""
    if method not in {"GET", "HEAD", "OPTIONS", "POST"}:
        raise Refused(405 if method in {"PUT", "DELETE", "PATCH", "TRACE"} else 501)
    if method == "OPTIONS":
        return Answer(200, {"Allow": "GET,POST,OPTIONS,HEAD,TRACE", "Content-Type": "httpd/unix-directory"})
    path, file = locate(target)
    if os.path.isdir(file):
        if not path.endswith("/"):
            return moved(path, headers)
        if not os.path.isfile(f"{file}/index.html"):
            return listing(path, file)
        file = f"{file}/index.html"
    elif path.endswith("/"):
        raise Refused(404)
    if not os.stat(file).st_mode & OTHERS_READ:
        raise Refused(403, f"(13)Permission denied: AH00132: file permissions deny server access: {file}")
    return content(file, headers)


def moved(path: str, headers: dict[str, str]) -> Answer:
    """Send the client to the directory's own URL."""
    place = f"http://{headers.get('host', 'localhost')}{quote(path)}/"
    text = (
        '<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">\n<html><head>\n<title>301 Moved Permanently</title>\n'
        "</head><body>\n<h1>Moved Permanently</h1>\n"
        f'<p>The document has moved <a href="{html.escape(place)}">here</a>.</p>\n</body></html>\n'
    )
    return Answer(301, {"Location": place, "Content-Type": "text/html; charset=iso-8859-1"}, text.encode())


def listing(path: str, folder: str) -> Answer:
    """List a directory, as mod_autoindex does without fancy indexing."""
    if not os.stat(folder).st_mode & OTHERS_READ:
        raise Refused(403, f"AH01276: Cannot serve directory {folder}/: no matching DirectoryIndex (index.html) found")
    names = [name for name in sorted(os.listdir(folder)) if not name.startswith(".") and visible(f"{folder}/{name}")]
    names = [f"{name}/" if os.path.isdir(f"{folder}/{name}") else name for name in names]
    up = ['<li><a href="/"> Parent Directory</a></li>'] if path != "/" else []
    if up:
        parent = path.rstrip("/").rpartition("/")[0] + "/"
        up = [f'<li><a href="{quote(parent)}"> Parent Directory</a></li>']
    rows = up + [
        f'<li><a href="{quote(name, errors="surrogateescape")}"> {html.escape(name)}</a></li>' for name in names
    ]
    title = html.escape("Index of " + (path.rstrip("/") or "/"))
    text = (
        '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 3.2 Final//EN">\n<html>\n <head>\n'
        f"  <title>{title}</title>\n </head>\n <body>\n<h1>{title}</h1>\n<ul>"
        + "\n".join(rows)
        + "\n</ul>\n</body></html>\n"
    )
    return Answer(200, {"Content-Type": "text/html;charset=ISO-8859-1"}, text.encode(errors="replace"))


def visible(file: str) -> bool:
    """Tell whether a listing shows an entry: not what cannot be read."""
    try:
        return bool(os.stat(file).st_mode & OTHERS_READ)
    except OSError:
        return False


def content(file: str, headers: dict[str, str]) -> Answer:
    """Serve a file, the whole of it, a range, or the news that it did not change."""
    found = os.stat(file)
    tag = f'"{found.st_size:x}-{int(found.st_mtime * 1_000_000):x}"'
    own = {"Last-Modified": http_date(found.st_mtime), "ETag": tag, "Accept-Ranges": "bytes"}
    kind = TYPES.get(file.rpartition(".")[2].lower(), "") if "." in os.path.basename(file) else ""
    if unchanged(headers, tag, found.st_mtime):
        return Answer(304, {key: own[key] for key in ("Last-Modified", "ETag", "Accept-Ranges")})
    if kind:
        own["Content-Type"] = kind
    wanted = byte_range(headers, found.st_size, tag)
    if wanted is None:
        return Answer(200, own, file=file, length=found.st_size)
    first, last = wanted
    own["Content-Range"] = f"bytes {first}-{last}/{found.st_size}"
    return Answer(206, own, file=file, start=first, length=last - first + 1)


def unchanged(headers: dict[str, str], tag: str, changed: float) -> bool:
    """Tell whether the client has the file already."""
    if "if-none-match" in headers:
        known = [one.strip().removeprefix("W/") for one in headers["if-none-match"].split(",")]
        return "*" in known or tag in known
    since = read_date(headers.get("if-modified-since", ""))
    return since is not None and int(changed) <= since


def byte_range(headers: dict[str, str], size: int, tag: str) -> tuple[int, int] | None:
    """Return the first and last byte asked for; several ranges at once are answered with the whole file."""
    found = re.fullmatch(r"bytes=(\d*)-(\d*)", headers.get("range", "").replace(" ", ""))
    if found is None or found[0] == "bytes=-" or headers.get("if-range", tag) != tag:
        return None
    if not found[1]:
        first, last = max(0, size - int(found[2])), size - 1
    else:
        first, last = int(found[1]), min(int(found[2] or size - 1), size - 1)
    if first >= size or last < first:
        raise Refused(416)
    return first, last


class Client(threading.Thread):
    """One connection."""

    def __init__(self, connection: socket.socket, address: str) -> None:
        super().__init__(daemon=True)
        self.connection, self.address = connection, address
        self.buffer = b""

    def run(self) -> None:
        self.connection.settimeout(IDLE_SECONDS)
        try:
            while self.serve():
                pass
        except OSError:
            pass
        self.connection.close()

    def serve(self) -> bool:
        """Serve one request; tells whether another may follow."""
        head = self.head()
        if head is None:
            return False
        lines = head.decode("latin-1").split("\r\n")
        first = lines[0].split(" ")
        headers = {
            name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])
        }
        if len(first) != 3 or not first[2].startswith("HTTP/"):
            self.send("GET", lines[0], error_page(400, ""), False)
            return False
        method, target, version = first
        self.skip_body(headers)
        keep = headers.get("connection", "keep-alive" if version == "HTTP/1.1" else "close").lower() == "keep-alive"
        try:
            if version == "HTTP/1.1" and "host" not in headers:
                raise Refused(400)
            found = answer(method, target, headers)
        except Refused as refused:
            found, keep = error_page(refused.status, method), keep and refused.status != 400
            if refused.logged:
                log_error(refused.logged, self.address)
        self.send(method, lines[0], found, keep)
        return keep

    def head(self) -> bytes | None:
        """Read up to the empty line."""
        while b"\r\n\r\n" not in self.buffer:
            data = self.connection.recv(65536)
            if not data or len(self.buffer) > 65536:
                return None
            self.buffer += data
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        return head

    def skip_body(self, headers: dict[str, str]) -> None:
        left = int(headers.get("content-length") or 0) - len(self.buffer)
        self.buffer = self.buffer[int(headers.get("content-length") or 0) :]
        while left > 0:
            left -= len(self.connection.recv(min(left, 65536)) or b" " * left)

    def send(self, method: str, line: str, found: Answer, keep: bool) -> None:
        """Send a response and log it."""
        length = found.length if found.file else len(found.body)
        head = [
            f"HTTP/1.1 {found.status} {REASONS[found.status]}",
            f"Date: {http_date(time.time())}",
            f"Server: {SERVER}",
        ]
        head += [f"{name}: {value}" for name, value in found.headers.items() if name != "Content-Type"]
        if found.status != 304:
            head.append(f"Content-Length: {length}")
        head.append("Connection: Keep-Alive" if keep else "Connection: close")
        head += [f"{name}: {value}" for name, value in found.headers.items() if name == "Content-Type"]
        self.connection.sendall("\r\n".join([*head, "", ""]).encode("latin-1"))
        sent = 0 if method == "HEAD" or found.status == 304 else length
        if sent and found.file:
            with open(found.file, "rb") as file:
                file.seek(found.start)
                self.connection.sendfile(file, found.start, found.length)
        elif sent:
            self.connection.sendall(found.body)
        log_access(self.address, line, found.status, sent)


LOGGING = threading.Lock()


def log_access(address: str, line: str, status: int, sent: int) -> None:
    """Write one line in the common log format."""
    t = time.gmtime()
    moment = f"{t.tm_mday:02}/{MONTHS[t.tm_mon - 1]}/{t.tm_year}:{t.tm_hour:02}:{t.tm_min:02}:{t.tm_sec:02} +0000"
    shown = line.replace("\\", "\\\\").replace('"', '\\"')
    with LOGGING:
        sys.stdout.write(f'{address} - - [{moment}] "{shown}" {status} {sent or "-"}\n')
        sys.stdout.flush()


def log_error(text: str, client: str = "", module: str = "core:error") -> None:
    """Write one line of the error log."""
    now = time.time()
    t = time.gmtime(now)
    moment = (
        f"{DAYS[t.tm_wday]} {MONTHS[t.tm_mon - 1]} {t.tm_mday:02} {t.tm_hour:02}:{t.tm_min:02}:{t.tm_sec:02}."
        f"{int(now % 1 * 1e6):06} {t.tm_year}"
    )
    who = f" [client {client}]" if client else ""
    with LOGGING:
        sys.stderr.write(f"[{moment}] [{module}] [pid {os.getpid()}:tid {threading.get_ident()}]{who} {text}\n")
        sys.stderr.flush()


def listening() -> tuple[str, int]:
    """Return where to listen: on a host without namespaces the engine says at which address and port."""
    ports = dict(pair.split(":") for pair in os.environ.get("EMBEDDED_PORTS", "").split())
    address = os.environ.get("EMBEDDED_ADDRESS")
    return (address, int(ports.get(str(PORT), 0))) if address else ("0.0.0.0", PORT)  # noqa: S104 - of a network of its own


def at_once(arguments: list[str]) -> None:
    """Do what an option asks for, and end; so does a server without its configuration."""
    path = os.path.join(PREFIX, arguments[arguments.index("-f") + 1] if "-f" in arguments[:-1] else "conf/httpd.conf")
    if {"-v", "-V"} & {*arguments}:
        sys.stdout.write(f"Server version: {SERVER}\n")
        raise SystemExit(0)
    if not os.path.isfile(INSIDE + path):
        raise SystemExit(f"httpd: Could not open configuration file {path}: No such file or directory")


def main() -> None:
    """Serve until told to stop."""
    at_once(sys.argv[1:])
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGWINCH):
        signal.signal(number, lambda *_: os._exit(0))
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(listening())
        server.listen(511)
        own = os.environ.get("HOSTNAME") or socket.gethostname()
        sys.stderr.write(
            "AH00558: httpd: Could not reliably determine the server's fully qualified domain name, using "
            f"{own}. Set the 'ServerName' directive globally to suppress this message\n"
        )
        log_error(f"AH00489: {SERVER} configured -- resuming normal operations", module="mpm_event:notice")
        log_error("AH00094: Command line: 'httpd -D FOREGROUND'", module="core:notice")
        while True:
            connection, address = server.accept()
            Client(connection, address[0]).start()


if __name__ == "__main__":
    main()
