"""No secret and nothing invisible passes the mask; what only looks a little like a secret does."""

from __future__ import annotations

import random
import string

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from harness.grading.masking import LIMIT, mask, shorten, visible, without_secrets

BASE64 = string.ascii_letters + string.digits + "+/"
AWS_SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
JUPYTER_TOKEN = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a6978"
SESSION_TOKEN = "IQoJb3JpZ2luX2VjEHoaCXVzLWVhc3QtMSJHMEUCIQD3" + "x7Kd/9aQ" * 40
SHORT = "hunter2"


def canary(seed: int, length: int, alphabet: str = BASE64) -> str:
    return "".join(random.Random(seed).choices(alphabet, k=length))


def pem(kind: str) -> str:
    key = ed25519.Ed25519PrivateKey.generate() if kind == "openssh" else rsa.generate_private_key(65537, 2048)
    form = serialization.PrivateFormat.OpenSSH if kind == "openssh" else serialization.PrivateFormat.TraditionalOpenSSL
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"aws_secret_access_key = {AWS_SECRET}", AWS_SECRET),
        (f"the caller printed {AWS_SECRET}.", AWS_SECRET),
        (f"\x1b[1m{AWS_SECRET}\x1b[0m", AWS_SECRET),
        ('{"SecretAccessKey": "short1"}', "short1"),
        (f"export AWS_SESSION_TOKEN={SESSION_TOKEN}", SESSION_TOKEN),
        (f"got {SESSION_TOKEN} back", SESSION_TOKEN[:60]),
        (f"http://127.0.1.1:8888/tree?token={JUPYTER_TOKEN}", JUPYTER_TOKEN),
        (f"[I ServerApp] \x1b[32m{JUPYTER_TOKEN}\x1b[0m", JUPYTER_TOKEN),
        ("jupyter notebook --NotebookApp.token='letmein'", "letmein"),
        ("JUPYTER_TOKEN=letmein", "letmein"),
        ("Authorization: token abc", "abc"),
        ("> Authorization: Basic dXNlcjpwYXNz\r\n> Host: x", "dXNlcjpwYXNz"),
        ("{'Authorization': 'token abc'}", "token abc"),
        ("Set-Cookie: username-8800=2|1:0|10:1700000000|abc; HttpOnly", "2|1:0"),
        ("https://b.s3.amazonaws.com/k?X-Amz-Date=1&X-Amz-Signature=deadbeefdeadbeef&x=1", "deadbeef"),
        ("https://b.s3.amazonaws.com/k?AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Signature=vjbyPx%2FabF=", "vjbyPx"),
        ("https://n.notebook.us-east-1.sagemaker.aws?authToken=eyJhbGciOiJIUzI1NiJ9.eyJh", "eyJhbGci"),
        ("AWS4-HMAC-SHA256 Credential=AKIA/x, Signature=fe5f80f77d5fa3be", "fe5f80f7"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N", "eyJzdWIi"),
        (f"Password: {SHORT}", SHORT),
        (f"https://user:{SHORT}@example.org/", SHORT),
        ("AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE"),
        ("sent bearer abcdef-0123456789-ghij on", "abcdef-0123456789"),
        ('{"token": "letmein99"}', "letmein99"),
    ],
)
def test_a_secret_is_masked_wherever_it_stands(text: str, secret: str) -> None:
    shown = mask(text)
    assert secret not in shown
    assert "[masked" in shown or "…" in shown


@pytest.mark.parametrize("kind", ["openssh", "rsa"])
def test_a_private_key_is_masked_whole_in_half_and_quoted(kind: str) -> None:
    key = pem(kind)
    lines = key.splitlines()
    quoted = key.replace("\n", "\\n")
    in_a_diff = "\n".join(f"E     {line}" for line in lines)
    beheaded = "\n".join(lines[1:-1])
    cut_off = "\n".join(lines[: len(lines) // 2 + 1])
    for text in (key, quoted, in_a_diff, beheaded, cut_off):
        shown = mask(f"before {text}")
        assert not [line for line in lines[1:-1] if len(line) >= 40 and line in shown]
        assert shown.startswith("before ")
    for text in (key, quoted, cut_off):
        assert mask(text).strip("\n\\n") == "[masked: private key]"


def test_random_secrets_of_awss_form_are_masked() -> None:
    secrets = [canary(seed, 40) for seed in range(3000)]
    assert not [secret for secret in secrets if secret in without_secrets(f"it said {secret} once")]


def test_random_lines_of_a_key_are_masked() -> None:
    lines = [canary(seed, 64) for seed in range(3000)]
    assert not [line for line in lines if line in without_secrets(f"\n{line}\n")]


@pytest.mark.parametrize(
    "text",
    [
        "bastion i-0abc: port 22 open to 203.0.113.7/32 only, expected 0.0.0.0/0",
        "image sha256:" + "0123456789abcdef" * 4,
        "SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl",
        "commit 0b4c27d0b4c27d0b4c27d0b4c27d0b4c27d0b4c2",
        "/opt/Course/homework2/Reports/of/all/Students/in/2026/K3f9qz/x.json",
        "jupyter notebook --NotebookApp.token='' --no-browser",
        "Leave token authentication on; its log must show a URL with ?token=.",
        "token: authentication is off",
        "arn:aws:sagemaker:us-east-1:123456789012:training-job/kmeans-2026-11-23-09-30-00-123",
        "AmazonSageMakerFullAccessExecutionRoleForHomework",
        "Zeichen wie ü, 日本 and — stay",
        "two\nlines\tand a tab",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert mask(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mmet\x1b[0m", "\\x1b[31mmet\\x1b[0m"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("100\r  0", "100\\r  0"),
        ("a\r\nb", "a\nb"),
        ("\u202etem ton\u202c", "\\u202etem ton\\u202c"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("\ud800", "\\ud800"),
        ("\x00\x85\u2028", "\\x00\\x85\\u2028"),
    ],
)
def test_what_cannot_be_seen_is_shown(text: str, shown: str) -> None:
    assert visible(text) == mask(text) == shown


def test_masking_twice_changes_nothing_more() -> None:
    text = f"token={JUPYTER_TOKEN} {pem('rsa')} password: {SHORT}\x1b[0m\nAuthorization:  token x\n" + "long " * 2000
    assert mask(mask(text)) == mask(text)


def test_a_long_text_is_cut_in_its_middle_with_a_note() -> None:
    text = "begin " + "x" * 10_000 + " end"
    shown = mask(text)
    assert len(shown) <= LIMIT
    assert shown.startswith("begin ")
    assert shown.endswith(" end")
    kept = len(shown.replace(" … [6050 characters cut] … ", ""))
    assert kept + 6050 == len(text)


def test_a_secret_is_masked_before_the_text_is_cut() -> None:
    for position in range(2600, 2720):
        text = "x" * position + " " + AWS_SECRET + " " + "y" * 5000
        assert AWS_SECRET[:12] not in mask(text)


def test_a_text_within_the_limit_is_not_cut() -> None:
    assert shorten("x" * LIMIT) == "x" * LIMIT
