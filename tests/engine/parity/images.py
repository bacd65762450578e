"""Cases: images and builds."""

from __future__ import annotations

import io
import json
import tarfile
from typing import Any

from tests.engine.parity.bench import Bench, case

FULL = """# a comment
ARG BASE=ubuntu
FROM $BASE AS first
ENV A=1 B="two words"
ENV C $A/c
LABEL one=1 "two"="2 3"
WORKDIR /work
WORKDIR sub
COPY note /copied/
COPY note renamed
EXPOSE 8888 9999/udp
VOLUME ["/data", "/more"]
USER root
STOPSIGNAL SIGINT
HEALTHCHECK --interval=5s CMD test -e /work
ENTRYPOINT ["cat"]
CMD ["/copied/note", "renamed"]
"""


def context(dockerfile: str | None, **files: str) -> io.BytesIO:
    buffer = io.BytesIO()
    entries = {**({"Dockerfile": dockerfile} if dockerfile is not None else {}), **files}
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, text in entries.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(text.encode()), 0o644
            tar.addfile(member, io.BytesIO(text.encode()))
    buffer.seek(0)
    return buffer


def build(e: Bench, dockerfile: str | None, files: dict[str, str] | None = None, **options: Any) -> Any:
    image, _ = e.client.images.build(
        fileobj=context(dockerfile, **(files or {})),
        custom_context=True,
        tag=e.name("image"),
        rm=True,
        forcerm=True,
        **options,
    )
    return image


@case()
def image_inspected(e: Bench) -> Any:
    found = e.client.images.get("ubuntu").attrs
    told = ["ubuntu:latest" in found["RepoTags"], found["Id"].startswith("sha256:"), found["Size"] > 0]
    return [*told, found["Os"], found["Architecture"], found["Config"]["Cmd"], found["RootFS"]["Type"]]


@case(404, r"No such image: nope-nope:latest")
def image_missing(e: Bench) -> Any:
    return e.client.images.get("nope-nope")


@case()
def image_by_beginning_of_id(e: Bench) -> Any:
    whole = e.client.images.get("ubuntu").id
    return e.client.images.get(whole[7:19]).id == whole


@case()
def image_tagged(e: Bench) -> Any:
    return [
        e.client.images.get("ubuntu").tag(e.name("copy"), "v1"),
        e.client.images.get(f"{e.name('copy')}:v1").id == e.client.images.get("ubuntu").id,
    ]


@case(400, r"invalid reference format", differs="status 500 up to 20.10")
def image_bad_tag(e: Bench) -> Any:
    return e.client.images.get("ubuntu").tag("Not/Allowed")


@case(404, r"No such image: nope-nope:latest")
def image_tag_missing(e: Bench) -> Any:
    return e.client.api.tag("nope-nope", e.name("copy"))


@case()
def image_untagged(e: Bench) -> Any:
    e.client.images.get("ubuntu").tag(e.name("copy"))
    return e.plain(json.dumps(e.client.api.remove_image(e.name("copy"))))


@case(404, r"No such image: nope-nope:latest")
def image_remove_missing(e: Bench) -> Any:
    return e.client.images.remove("nope-nope")


@case(
    409,
    r'conflict: unable to remove repository reference "PREFIX-image" \(must force\) - '
    r"container ID12 is using its referenced image ID12",
)
def image_in_use(e: Bench) -> Any:
    build(e, f"FROM ubuntu\nLABEL own={e.prefix}\n")
    e.create(image=e.name("image"))
    return e.client.images.remove(e.name("image"))


@case()
def image_list_by_reference(e: Bench) -> Any:
    e.client.images.get("ubuntu").tag(e.name("copy"), "v1")
    found = e.client.images.list(name=e.name("copy"))
    return [[e.plain(tag) for tag in image.tags if e.prefix in tag] for image in found]


@case()
def image_history(e: Bench) -> Any:
    image = build(e, "FROM ubuntu\nENV A=1\nCMD true\n")
    newest = image.history()[0]
    return [newest["Id"] == image.id, newest["CreatedBy"], newest["Size"], [e.plain(t) for t in newest["Tags"]]]


# Build


@case()
def build_everything(e: Bench) -> Any:
    config = build(e, FULL, {"note": "noted"}).attrs["Config"]
    keys = ("WorkingDir", "ExposedPorts", "Volumes", "User", "StopSignal", "Entrypoint", "Cmd", "Labels", "Healthcheck")
    return [{key: config[key] for key in keys}, [line for line in config["Env"] if not line.startswith("PATH=")]]


@case()
def build_and_run(e: Bench) -> Any:
    build(e, FULL, {"note": "noted"})
    return e.ended(None, image=e.name("image")).logs()


@case()
def build_shell_forms(e: Bench) -> Any:
    config = build(e, "FROM ubuntu\nCMD echo $HOME && true\n").attrs["Config"]
    other = build(e, 'FROM ubuntu\nSHELL ["/bin/bash", "-c"]\nENTRYPOINT echo two\n').attrs["Config"]
    return [config["Cmd"], config["Entrypoint"], other["Cmd"], other["Entrypoint"]]


@case()
def build_arguments(e: Bench) -> Any:
    dockerfile = "FROM ubuntu\nARG WHO=nobody\nARG OTHER=${WHO:-x}-${NONE:-default}\nENV WHO=$WHO OTHER=$OTHER\n"
    default = build(e, dockerfile).attrs["Config"]["Env"][-2:]
    return [default, build(e, dockerfile, buildargs={"WHO": "somebody"}).attrs["Config"]["Env"][-2:]]


@case()
def build_stages(e: Bench) -> Any:
    dockerfile = "FROM ubuntu AS made\nCOPY note /a/note\nFROM ubuntu\nCOPY --from=made /a/note /b/\nCMD cat /b/note\n"
    build(e, dockerfile, {"note": "through"})
    return e.ended(None, image=e.name("image")).logs()


@case()
def build_target(e: Bench) -> Any:
    return build(e, "FROM ubuntu AS one\nLABEL is=one\nFROM one AS two\nLABEL is=two\n", target="one").labels


@case()
def build_labels_and_cache(e: Bench) -> Any:
    dockerfile = f"FROM ubuntu\nENV OWN={e.prefix}\n"
    first, second = build(e, dockerfile), build(e, dockerfile)
    return [
        first.id == second.id,
        build(e, dockerfile, labels={"x": "y"}).labels,
        build(e, dockerfile, nocache=True).id == first.id,
    ]


@case()
def build_steps(e: Bench) -> Any:
    _, log = e.client.images.build(
        fileobj=context("FROM ubuntu\nLABEL a=b\n"), custom_context=True, tag=e.name("image"), rm=True
    )
    text = "".join(entry.get("stream", "") for entry in log)
    return [line for line in e.plain(text).splitlines() if line.startswith(("Step", "Successfully tagged"))]


@case(400, r"dockerfile parse error (on )?line 2: unknown instruction: RNU")
def build_unknown_instruction(e: Bench) -> Any:
    return build(e, "FROM ubuntu\nRNU true\n")


@case(400, r"dockerfile parse error (on )?line 3: WORKDIR requires exactly one argument", differs="no line up to 20.10")
def build_missing_argument(e: Bench) -> Any:
    return build(e, "FROM ubuntu\n\nWORKDIR\n")


@case(400, r"the Dockerfile \(Dockerfile\) cannot be empty|file with no instructions")
def build_empty(e: Bench) -> Any:
    return build(e, "\n")


@case(500, r"[Cc]annot locate specified Dockerfile: Dockerfile")
def build_without_dockerfile(e: Bench) -> Any:
    return build(e, None, {"note": "x"})


@case(0, r"COPY failed: .*stat nothing: file does not exist")
def build_copies_nothing(e: Bench) -> Any:
    return build(e, "FROM ubuntu\nCOPY nothing /x\n")


@case(0, r"[Ii]nvalid containerPort: many")
def build_bad_port(e: Bench) -> Any:
    return build(e, "FROM ubuntu\nEXPOSE many\n")


@case(0, r"failed to reach build target three in Dockerfile", differs="told by stream or status")
def build_unknown_target(e: Bench) -> Any:
    return build(e, "FROM ubuntu AS one\n", target="three")


@case(0, r"The command '/bin/sh -c echo \"open' returned a non-zero code: 2")
def build_shell_error(e: Bench) -> Any:
    return build(e, 'FROM ubuntu\nRUN echo "open\n')


@case(0, r"The command '/bin/sh -c pip3 install x' returned a non-zero code: 127")
def build_command_not_found(e: Bench) -> Any:
    return build(e, "FROM ubuntu\nRUN pip3 install x\n")


@case(400, r"invalid reference format", differs="status 500 up to 20.10")
def build_bad_tag(e: Bench) -> Any:
    data = context("FROM ubuntu\n").read()
    e.client.api._raise_for_status(
        e.raw("/build", params={"t": "Not/Allowed"}, data=data, headers={"Content-Type": "application/x-tar"})
    )


@case()
def commit(e: Bench) -> Any:
    c = e.ended(["sh", "-c", "echo written > /root/file"])
    c.commit(e.name("image"), "v1", conf={"Cmd": ["cat", "/root/file"]})
    return e.ended(None, "two", image=f"{e.name('image')}:v1").logs()
