"""Facts of the account: who works, with which rights, keys and commands."""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.evidence import Evidence

MANAGED = re.compile(r"^arn:aws[\w-]*:iam::aws:policy/(?:.*/)?(?P<name>[^/]+)$")


@dataclass(frozen=True)
class Caller:
    """Who STS says is calling."""

    arn: str
    account: str

    @property
    def is_root(self) -> bool:
        """Say whether this is the account's root."""
        return self.arn.endswith(":root")

    @property
    def user_name(self) -> str | None:
        """Return the IAM user's name without its path, or ``None`` for root and for roles."""
        resource = self.arn.split(":", 5)[-1]
        return resource.rsplit("/", 1)[-1] if resource.startswith("user/") else None

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        return (Evidence("api", "sts get-caller-identity", self.arn),)


@dataclass(frozen=True)
class AccessKey:
    """An access key; ``id`` shows its first and last four characters only."""

    id: str
    is_active: bool


@dataclass(frozen=True)
class UserGroup:
    """An IAM group with the ARNs of the policies attached to it."""

    name: str
    policies: tuple[str, ...]

    def carries(self, policy: str) -> bool:
        """Say whether AWS's own policy of that name is attached; a homonym made in the account does not count."""
        return any(match["name"] == policy for arn in self.policies if (match := MANAGED.match(arn)))


@dataclass(frozen=True)
class User:
    """An IAM user; ``policies`` are those attached to the user itself."""

    name: str
    arn: str
    has_console_access: bool
    keys: tuple[AccessKey, ...]
    groups: tuple[UserGroup, ...]
    policies: tuple[str, ...]

    @property
    def has_active_key(self) -> bool:
        """Say whether an access key of the user can be used."""
        return any(key.is_active for key in self.keys)

    def is_granted_by_a_group(self, policy: str) -> bool:
        """Say whether one of the user's groups carries AWS's policy of that name."""
        return any(group.carries(policy) for group in self.groups)

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        console = "console access" if self.has_console_access else "no console access"
        keys = ", ".join(f"{key.id} {'active' if key.is_active else 'inactive'}" for key in self.keys)
        groups = "; ".join(f"{group.name}: {', '.join(group.policies) or 'no policy'}" for group in self.groups)
        return (
            Evidence("api", f"iam get-login-profile {self.name}", console),
            Evidence("api", f"iam list-access-keys {self.name}", keys or "no access key"),
            Evidence("api", f"iam list-groups-for-user {self.name}", groups or "no group"),
        )


@dataclass(frozen=True)
class Cli:
    """What the ``aws`` command answered; ``arn`` and ``region`` are ``None`` where it gave none.

    ``boto3_arn`` and ``boto3_region`` are what the library says, to compare with.
    """

    arn: str | None
    region: str | None
    identity_exit_code: int
    region_exit_code: int
    errors: str
    boto3_arn: str
    boto3_region: str

    @property
    def agrees_with_boto3(self) -> bool:
        """Say whether command and library are the same identity in the same region."""
        return (self.arn, self.region) == (self.boto3_arn, self.boto3_region)

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        identity = self.arn or f"exit code {self.identity_exit_code}: {self.errors}"
        return (
            Evidence("api", "aws sts get-caller-identity", identity),
            Evidence("api", "aws configure get region", self.region or f"exit code {self.region_exit_code}, no region"),
        )


@dataclass(frozen=True)
class PrivateKey:
    """A private key file; never its content.

    ``fingerprints`` are all the forms in which EC2 may show this key; ``public_key`` is the public half as
    ``TYPE BASE64``. Where the file cannot be used, ``problem`` says why and the rest of it is empty.
    """

    path: str
    type: str
    fingerprints: tuple[str, ...]
    public_key: str
    problem: str = ""


@dataclass(frozen=True)
class KeyPair:
    """An EC2 key pair and the private key that is at hand for it."""

    name: str
    id: str
    type: str
    fingerprint: str
    private_key: PrivateKey

    @property
    def is_at_hand(self) -> bool:
        """Say whether the private key file is this key pair's, by the fingerprint."""
        return _bare(self.fingerprint) in {_bare(form) for form in self.private_key.fingerprints}

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        local = ", ".join(self.private_key.fingerprints) or self.private_key.problem
        return (
            Evidence("api", f"ec2 describe-key-pairs {self.name}", f"{self.type} {self.fingerprint}"),
            Evidence("file", f"fingerprints of {self.private_key.path}", local),
        )


def _bare(fingerprint: str) -> str:
    """Return a fingerprint without what tools add or leave out: prefix, base64 padding, upper case of hex digits."""
    fingerprint = fingerprint.removeprefix("SHA256:").removeprefix("MD5:").rstrip("=")
    return fingerprint.lower() if ":" in fingerprint else fingerprint


@dataclass(frozen=True)
class KeyFile:
    """Who may read the private key file: ``mode`` are its permission bits.

    ``open_copy_refused`` is the twin: a copy of the file with mode 0644 was offered to OpenSSH.
    """

    path: str
    mode: int
    owner_is_caller: bool
    open_copy_refused: bool
    open_copy_answer: str

    @property
    def octal(self) -> str:
        """Return the mode as ``chmod`` takes it."""
        return f"{self.mode:04o}"

    @property
    def is_private(self) -> bool:
        """Say whether the owner may read the file and nobody else may do anything with it."""
        return self.owner_is_caller and bool(self.mode & 0o400) and not self.mode & 0o077

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        whose = "the caller's" if self.owner_is_caller else "another user's"
        return (
            Evidence("file", f"mode of {self.path}", f"{self.octal}, {whose}"),
            Evidence("file", "ssh-keygen -y with a copy of mode 0644", self.open_copy_answer),
        )


@dataclass(frozen=True)
class Agent:
    """The public keys that the ssh agent lists, each as ``TYPE BASE64``; ``remark`` says whose agent, where need be."""

    keys: tuple[str, ...]
    exit_code: int
    errors: str
    remark: str = ""

    def holds(self, public_key: str) -> bool:
        """Say whether the agent lists the public half of a key."""
        return bool(public_key) and public_key in self.keys

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        listed = "; ".join(f"{key[:24]}…{key[-8:]}" for key in self.keys)
        seen = Evidence("ssh", "ssh-add -L", listed or f"exit code {self.exit_code}: {self.errors}")
        return (seen, *([Evidence("ssh", "which agent", self.remark)] if self.remark else []))


@dataclass(frozen=True)
class Watch:
    """Something that watches the spend: a budget or a billing alarm; ``notifies`` says whether anybody is told.

    ``problem`` says why it does not watch the spend, in words that follow its name.
    """

    kind: str
    name: str
    limit: str
    notifies: bool
    problem: str = ""


@dataclass(frozen=True)
class Watches:
    """All that is to watch the account's spend."""

    all: tuple[Watch, ...]

    @property
    def working(self) -> tuple[Watch, ...]:
        """Return those that do watch it."""
        return tuple(watch for watch in self.all if not watch.problem)

    @property
    def anyone_is_told(self) -> bool:
        """Say whether one of them sends a message."""
        return any(watch.notifies for watch in self.working)

    def __str__(self) -> str:
        others = "; ".join(f"{watch.kind} {watch.name} {watch.problem}" for watch in self.all)
        return others or "the account has neither a cost budget nor a billing alarm"

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        seen = ", ".join(f"{watch.kind} {watch.name} ({watch.limit})" for watch in self.all)
        return (Evidence("api", "budgets describe-budgets, cloudwatch describe-alarms", seen or "none"),)
