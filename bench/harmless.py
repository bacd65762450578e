"""Harmless edits of the project's own document, drawn from a seed: the same homework, written otherwise."""

from __future__ import annotations

import random
import re
import textwrap
from collections.abc import Iterator

from bench.edits import Edit

REWORDINGS = (
    ("Plan for three to four\nhours.", "Three to four hours\nare what it takes."),
    ("Work as an IAM user, not as the account's root.", "Do everything as an IAM user and leave the account's root alone."),
    ("Check that it is the user who works, and where:", "Make sure that you work as that user, and in which region:"),
    ("Let ssh into the public group from anywhere, and into the private group from members of the public one:", "Open ssh: in the public group for everybody, in the private group for members of the public one:"),
    ("Ask for the newest of Ubuntu 24.04:", "Look up the newest one of Ubuntu 24.04:"),
    ("It goes into the private group and gets no public address:", "Its group is the private one, and it has no public address:"),
    ("It has served its purpose; the bastion keeps running until you clean up.", "Nobody needs it any longer, whereas the bastion keeps running until you clean up."),
    ("Log in again; only a new login belongs to the new group:", "A login that was there before does not belong to the new group, so log in once more:"),
    ("Now one to stay in.", "The next one is there to stay in."),
    ("Your prompt has changed: you are inside the container. Look around:", "The prompt looks different now, because you are inside the container. Look around:"),
    ("Start the server.", "Bring the server up."),
    ("Nobody reaches the server yet.", "So far the server is out of everybody's reach."),
    ("Build the image; it takes some minutes. Then it is listed:", "Building the image takes a few minutes. After that it is in the list:"),
    ("A container is a process with a file system and a network of its own; it shares the kernel of its host.", "Containers share the kernel of their host; each is a process with its own file system and network."),
    ("A new role takes some seconds to be known everywhere.", "It takes some seconds before a new role is known everywhere."),
    ("Launch an instance with these options:", "Use these options to launch an instance:"),
    ("The endpoint costs money until it is deleted.", "As long as the endpoint is there it costs money."),
    ("If it is denied, open a case in the Support Center and say what you need it for.", "Should it be denied, open a case in the Support Center and explain what it is for."),
)  # fmt: skip
"""Sentences of the project's own document, said in other words."""

PLACEHOLDERS = (
    ("YOUR_KEY_NAME", "MY_KEY_PAIR"),
    ("YOUR_BASTION_ID", "YOUR_BASTION_INSTANCE_ID"),
    ("YOUR_PUBLIC_GROUP_ID", "YOUR_PUBLIC_SG_ID"),
    ("YOUR_TOKEN", "YOUR_ACCESS_TOKEN"),
    ("YOUR_IMAGE_ID", "YOUR_AMI_ID"),
)
PORTS = (("8003", "8005"), ("8800", "8899"), ("8003", "9003"))
SECTIONS = (("Raise the quota", "Spot price"), ("Docker images", "Run containers"), ("Questions", "Raise the quota"))
"""Sections that do not build on one another: each first one may stand before the second one."""


WRITTEN = (
    ("positional", 'deploy(initial_instance_count=1, instance_type="ml.m4.xlarge")', 'deploy(1, "ml.m4.xlarge")'),
    ("joined text", 'f"s3://{bucket}/kmeans_example/output"', '"s3://" + bucket + "/kmeans_example/output"'),
    ("joined text", 'f"s3://{bucket}/kmeans_example/output"', '"s3://{}/kmeans_example/output".format(bucket)'),
    ("imports", "import numpy as np\nfrom sklearn.datasets import load_digits\n", "from sklearn.datasets import load_digits\nimport numpy as np\n"),
    ("slice", "train[:100]", "train[0:100]"),
    ("shown value", "print(answers[0])", "answers[0]"),
    ("jupyter's port", '"--allow-root"]', '"--allow-root", "--port=8888"]'),
    ("jupyter's options", '"--ip=0.0.0.0", "--allow-root"]', '"--allow-root", "--ip=0.0.0.0"]'),
    ("a release's name", "FROM ubuntu:24.04", "FROM ubuntu:noble"),
    ("PATH", "ENV PATH=/opt/course/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 'ENV PATH="/opt/course/bin:$PATH"'),
    ("a directory", "docker build -t test notebook-image", "docker build --tag test ./notebook-image/"),
    ("what is shown", "docker build -t test notebook-image", "docker build --progress=plain -t test notebook-image"),
    ("a tag", "-p 8800:8888 test", "-p 8800:8888 test:latest"),
    ("an address", "-p 8800:8888 test", "-p 0.0.0.0:8800:8888/tcp test"),
    ("a mount", '-v "$PWD":/usr', "-v ./:/usr"),
    ("a shell's path", "-ti ubuntu bash", "-ti ubuntu:latest /bin/bash"),
    ("a new directory", "mkdir -p site", "mkdir site"),
    ("a file here", "ssh-add YOUR_KEY_NAME.pem", "ssh-add ./YOUR_KEY_NAME.pem"),
    ("a mode", "chmod 400 YOUR", "chmod go-rwx YOUR"),
    ("an agent", "ssh-add YOUR_KEY_NAME.pem", 'eval "$(ssh-agent -s)"\nssh-add YOUR_KEY_NAME.pem'),
    ("a look", "aws configure\n", "aws --version\naws configure\n"),
    ("another look", "uname -a", "cat /etc/os-release"),
    ("part of a log", "docker logs jupyter", "docker logs jupyter 2>&1 | grep token"),
    ("one instance", "--instance-type t2.large", "--count 1 --instance-type t2.large"),
    ("an option first", "s3 rb s3://YOUR_BUCKET --force", "s3 rb --force s3://YOUR_BUCKET"),
    ("this moment", '"$(date +%s)"', '"$(date -u +%Y-%m-%dT%H:%M:%SZ)"'),
    ("a picture", "### Launch the bastion\n", "### Launch the bastion\n\n![The console](https://example.org/console.png)\n"),
    ("optional reading", "### Turn in\n", "### Further reading (optional)\n\n- <https://docs.aws.amazon.com/sagemaker/latest/dg/k-means.html>\n\n### Turn in\n"),
    ("a comment", "## SageMaker\n", "<!-- prices of 2026 -->\n\n## SageMaker\n"),
    ("a heading", "## Prices and quotas", "## Preise und Kontingente"),
    ("two commands in a line", "mkdir -p site\ncd site\n", "mkdir -p site && cd site\n"),
    ("a line in several", "docker run -d --name jupyter -p 8800:8888 test", "docker run --detach \\\n  --name jupyter \\\n  --publish 8800:8888 \\\n  test"),
)  # fmt: skip
"""One deed in two ways: what kind, how the document has it, and how it may have it as well."""


class Harmless:
    """Harmless edits of the project's own document."""

    def __init__(self, text: str, seed: int) -> None:
        self.text = text
        self.random = random.Random(seed)

    def edits(self, count: int) -> Iterator[Edit]:
        """Yield so many different edits, drawn from all there are, and from two at a time when that is not enough."""
        single = list(self.all())
        self.random.shuffle(single)
        yield from single[:count]

    def all(self) -> Iterator[Edit]:
        """Yield every harmless edit that there is."""
        for old, new in REWORDINGS:
            yield self._swapped("rewording", old, new)
        for width in (60, 80, 100, 2000):
            yield Edit("reflow", f"paragraphs at {width} columns", self._reflowed(width))
        yield Edit("fence style", "tildes", re.sub(r"(?m)^```", "~~~", self.text))
        yield Edit("fence style", "four marks", re.sub(r"(?m)^```", "````", self.text))
        yield Edit("fence style", "bash for sh", re.sub(r"(?m)^```sh ", "```bash ", self.text))
        yield Edit("fence style", "blank after the marks", re.sub(r"(?m)^```(?=\w)", "``` ", self.text))
        for old, new in PLACEHOLDERS:
            yield Edit("placeholder", f"{old} → {new}", self.text.replace(old, new))
        for old, new in PORTS:
            yield Edit("port", f"{old} → {new} with the catalogue", self.text.replace(old, new), ((old, new),))
        for kind, old, new in WRITTEN:
            yield Edit("written otherwise", kind, self.text.replace(old, new, 1))
        yield Edit("renamed", "a virtual environment", self.text.replace("/opt/course", "/opt/venv"))
        for first, second in SECTIONS:
            yield Edit("sections", f"{first} before {second}", self._moved(first, second))
        yield from self._style()

    def _style(self) -> Iterator[Edit]:
        yield Edit("style", "bullets in another way", re.sub(r"(?m)^(\d)\. ", r"\1) ", self.text))
        yield Edit(
            "style",
            "closed headings",
            re.sub(r"(?m)^(#+) (.+)$", lambda m: m[0] if self._is_code(m.start()) else f"{m[0]} {m[1]}", self.text),
        )
        yield Edit("style", "underscores for strong", re.sub(r"\*\*(.+?)\*\*", r"__\1__", self.text))
        yield Edit("style", "more blank lines", re.sub(r"\n\n(?=#)", "\n\n\n", self.text))
        yield Edit("style", "line ends of Windows", self.text.replace("\n", "\r\n"))
        yield Edit("style", "links with a text", re.sub(r"<(https://hub[^>]+)>", r"[Docker Hub](\1)", self.text))
        yield Edit("style", "a byte order mark", "\ufeff" + self.text)
        yield Edit("style", "no line end at the end", self.text.rstrip("\n"))
        yield Edit("style", "single quotes", self.text.replace('"Linux/UNIX"', "'Linux/UNIX'"))
        yield Edit(
            "style",
            "options in another order",
            self.text.replace("--protocol tcp --port 22 ", "--port 22 --protocol tcp "),
        )
        yield Edit(
            "background",
            "a sentence more",
            self.text.replace(
                "starts in a moment and needs little memory.",
                "starts in a moment and needs little memory. Virtual machines take much longer.",
            ),
        )

    def _is_code(self, position: int) -> bool:
        return self.text.count("\n```", 0, position) % 2 == 1

    def _swapped(self, kind: str, old: str, new: str) -> Edit:
        """Replace a sentence, wherever its lines break."""
        pattern = r"\s+".join(map(re.escape, old.split()))
        return Edit(kind, f"{' '.join(old.split())[:40]!r}", re.sub(pattern, lambda _: new, self.text, count=1))

    def _reflowed(self, width: int) -> str:
        parts = re.split(r"(?ms)(^```.*?^```$)", self.text)
        return "".join(part if part.startswith("```") else self._filled(part, width) for part in parts)

    def _filled(self, part: str, width: int) -> str:
        paragraphs = part.split("\n\n")
        return "\n\n".join(
            p if re.match(r"\s*(?:#|\d\.|-|$)", p) or "\n#" in p else self._wrapped(p, width) for p in paragraphs
        )

    @staticmethod
    def _wrapped(paragraph: str, width: int) -> str:
        lead, tail = re.match(r"\n*", paragraph), re.search(r"\n*$", paragraph)
        assert lead
        assert tail
        body = textwrap.fill(" ".join(paragraph.split()), width, break_long_words=False, break_on_hyphens=False)
        return lead[0] + body + tail[0]

    def _moved(self, first: str, second: str) -> str:
        """Move the section called ``first`` to stand right before the one called ``second``."""
        pieces = re.split(r"(?m)^(?=#{2,3} )", self.text)
        one = next(piece for piece in pieces if piece.startswith(f"### {first}\n"))
        rest = [piece for piece in pieces if piece is not one]
        at = next(i for i, piece in enumerate(rest) if piece.startswith(f"### {second}\n"))
        return "".join([*rest[:at], one, *rest[at:]])
