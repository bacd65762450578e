"""A student's account, graded with ``--subject=student``: containers and SageMaker gone wrong, one thing at a time."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from harness import ndarray
from harness.aws import s3
from harness.waiting import until
from tests.faults.registry import Table
from tests.faults.stages.student import kept
from tests.student.builder import Builder

TABLE = Table("student")
HTTPD = 'docker run -d --name my-apache-app -p{port}:80 -v "$PWD":{root} httpd:2.4'
ROOT = "/usr/local/apache2/htdocs/"


def fault(*breaks: str) -> Any:
    """Enter a change that is wrong while everything is up."""
    return TABLE.change("student", *breaks)


# Docker and the web server.


@TABLE.change("student")
def second_bastion_is_not_used(work: Builder) -> Iterator[None]:
    """A second bastion was launched later, as the first one was, and nothing was done with it."""
    work.launch("second", "t2.large", "public-group")
    work.until_state("second", "running")
    yield
    work.terminate("second")


def lines(wrong: str, back: str) -> Callable[[Builder], Iterator[None]]:
    """Return the change that a line on the bastion makes, and another takes back."""

    def change(work: Builder) -> Iterator[None]:
        work.ssh(wrong)
        yield
        work.ssh(back)

    return change


def web_server(port: int, root: str) -> Callable[[Builder], Iterator[None]]:
    """Return the change that runs the web server otherwise."""
    again = "docker rm -f my-apache-app && cd site && "
    return lines(again + HTTPD.format(port=port, root=root), again + HTTPD.format(port=8003, root=ROOT))


def web_server_with(volumes: str, first: str = "true", last: str = "true") -> Callable[[Builder], Iterator[None]]:
    """Return the change that runs the web server with other volumes; the lines around it are for what is mounted."""
    again = "docker rm -f my-apache-app && cd site && "
    run = f"docker run -d --name my-apache-app -p8003:80 {volumes} httpd:2.4"
    return lines(f"{again}{first} && {run}", f"{last}; {again}" + HTTPD.format(port=8003, root=ROOT))


def other_page(write: str) -> Callable[[Builder], Iterator[None]]:
    """Return the change that something else is the page."""
    return lines(f"mv site/index.html kept && cd site && {write}", "rm -rf site/index.html && mv kept site/index.html")


NOTEBOOK = "--name jupyter -p 8800:8888 test"
ANNOUNCED = "until docker logs jupyter 2>&1 | grep -q token=; do :; done"


def notebook(run: str) -> Callable[[Builder], Iterator[None]]:
    """Return the change that runs the notebook server otherwise."""
    return lines(f"docker rm -f jupyter && {run}", f"docker rm -f jupyter && docker run -d {NOTEBOOK}")


for name, sentence, change, breaks in (
    ("hello-world-image-removed", "The image hello-world was removed.",
     lines("docker rmi -f hello-world", "docker pull -q hello-world"), ("docker.images",)),
    ("ubuntu-with-its-release", "The image ubuntu is there with the tag of its release only.",
     lines("docker pull -q ubuntu:24.04 && docker rmi ubuntu", "docker pull -q ubuntu"), ()),
    ("web-server-renamed", "The web server's container is called web.",
     lines("docker rename my-apache-app web", "docker rename web my-apache-app"), ("httpd.container",)),
    ("web-server-stopped", "The web server's container was stopped.",
     lines("docker stop -t 0 my-apache-app", "docker start my-apache-app"), ("httpd.container", "httpd.reachable")),
    ("web-server-on-8030", "The web server publishes 8030.", web_server(8030, ROOT),
     ("httpd.container", "httpd.reachable")),
    ("web-server-mounts-elsewhere", "The directory is mounted at /var/www.", web_server(8003, "/var/www"),
     ("httpd.container",)),
    ("web-server-paused", "The web server's container was paused.",
     lines("docker pause my-apache-app", "docker unpause my-apache-app"), ("httpd.container", "httpd.reachable")),
    ("page-for-its-owner-only", "Nobody but its owner may read the page.",
     lines("chmod 600 site/index.html", "chmod 644 site/index.html"), ("httpd.reachable",)),
    ("only-the-page-is-mounted", "The page is mounted, and not its directory.",
     web_server_with(f'-v "$PWD"/index.html:{ROOT}index.html'), ("httpd.container",)),
    ("another-page-mounted-over-it", "Another file is mounted over the page.",
     web_server_with(f'-v "$PWD":{ROOT} -v "$PWD"/other:{ROOT}index.html', "echo other > other", "rm -f site/other"),
     ("httpd.reachable",)),
    ("page-leads-out", "The page is a link out of the mounted directory.",
     other_page("ln -s /home/ubuntu/kept index.html"), ("httpd.reachable",)),
    ("page-of-nothing", "The page was made with touch, and is empty.", other_page("touch index.html"),
     ("httpd.reachable",)),
    ("page-of-other-letters", "The page is in the letters of Windows, and large.",
     other_page("printf 'Gr\\374\\337e' > index.html && head -c 2000000 /dev/zero >> index.html"), ()),
    ("directory-with-a-blank", "The mounted directory has a blank in its name.",
     web_server_with(f'-v "$PWD":{ROOT}', "mkdir '../my site' && cp index.html '../my site' && cd '../my site'",
                     "rm -rf 'my site'"), ()),
    ("docker-stopped", "The service docker was stopped.",
     lines("sudo systemctl stop docker",
           f"sudo systemctl start docker && docker start my-apache-app jupyter && {ANNOUNCED}"), ("docker.engine",)),
    ("my-ubuntu-left", "my_ubuntu was left running.",
     lines("docker run -dit --name my_ubuntu ubuntu bash", "docker rm -f my_ubuntu"), ()),
    ("notebook-for-the-bastion-only", "The notebook server's port is published on the bastion's loopback.",
     notebook("docker run -d --name jupyter -p 127.0.0.1:8800:8888 test"), ("jupyter.container", "jupyter.login")),
    ("notebook-served-by-another", "The container was stopped, and one of another name serves its port.",
     lines(f"{ANNOUNCED}; docker stop -t 1 jupyter && docker run -d --name other -p 8800:8888 test",
           "docker rm -f other && docker start jupyter"), ("jupyter.container", "jupyter.login")),
    ("notebook-stopped", "The notebook server's container was stopped.",
     lines(f"{ANNOUNCED}; docker stop -t 1 jupyter", "docker start jupyter"), ("jupyter.container", "jupyter.login")),
    ("notebook-never-started", "The notebook server's container was created, and never started.",
     notebook(f"docker create {NOTEBOOK}"), ("jupyter.container", "jupyter.token", "jupyter.login")),
    ("notebook-with-a-token-of-ones-own", "Jupyter was told its token, which its log then does not show.",
     notebook(f"docker run -d -e JUPYTER_TOKEN=let-me-in-42 {NOTEBOOK}"), ("jupyter.token",)),
    ("notebook-image-built-again", "The image was built again, and the container is of the one before.",
     lines("mkdir -p again && printf 'FROM test\\nLABEL edition=2\\n' > again/Dockerfile && docker tag test before"
           " && docker build -q -t test again", "docker tag before test && docker rmi before"),
     ("jupyter.container",)),
    ("notebook-image-with-a-tag", "The image has the tag v1, and none without.",
     lines("docker tag test test:v1 && docker rmi test", "docker tag test:v1 test && docker rmi test:v1"),
     ("jupyter.image",)),
    ("notebook-restarted", "The notebook server was restarted.", lines("docker restart -t 1 jupyter", "true"), ()),
    ("second-notebook", "A second notebook server runs beside it.",
     lines("docker run -d --name other -p 8801:8888 test", "docker rm -f other"), ()),
    ("pruned", "What no container uses was pruned.",
     lines("docker system prune -af", "docker pull -q hello-world && docker pull -q ubuntu"), ("docker.images",)),
    ("page-renamed", "The page is called home.html.",
     lines("mv site/index.html site/home.html", "mv site/home.html site/index.html"), ("httpd.reachable",)),
    ("notebook-renamed", "The notebook server's container is called notebook.",
     lines("docker rename jupyter notebook", "docker rename notebook jupyter"), ("jupyter.container",)),
    ("notebook-image-renamed", "The image is called my-jupyter.",
     lines("docker tag test my-jupyter && docker rmi test", "docker tag my-jupyter test && docker rmi my-jupyter"),
     ("jupyter.image",)),
    ("other-containers-besides", "There are other containers and images on the bastion.",
     lines("docker run -d --name other httpd:2.4", "docker rm -f other"), ()),
    ("web-server-restarted", "The web server was restarted.", lines("docker restart -t 0 my-apache-app", "true"), ()),
):  # fmt: skip
    TABLE.add_change(name, sentence, change, "student", *breaks)


# SageMaker.


@fault("sagemaker.notebook-instance")
def notebook_instance_stopped(work: Builder) -> Iterator[None]:
    """The notebook instance was stopped overnight."""
    client, name = work.aws.client("sagemaker"), work.notebook

    def settled(status: str) -> None:
        until(
            f"the notebook instance is {status}", lambda: client.describe_notebook_instance(NotebookInstanceName=name),
            timeout=30, is_done=lambda seen: seen["NotebookInstanceStatus"] == status,
        )  # fmt: skip

    settled("InService")
    client.stop_notebook_instance(NotebookInstanceName=name)
    settled("Stopped")
    yield
    client.start_notebook_instance(NotebookInstanceName=name)
    settled("InService")


@fault("sagemaker.notebook-saved")
def notebook_without_outputs(work: Builder) -> Iterator[None]:
    """All outputs of the notebook were cleared before it was saved."""
    path = work.submission / "kmeans.ipynb"
    with kept(path):
        document = json.loads(path.read_text())
        for cell in document["cells"]:
            if cell["cell_type"] == "code":
                cell.update(execution_count=None, outputs=[])
        path.write_text(json.dumps(document))
        yield


@contextlib.contextmanager
def without_object(work: Builder, place: s3.Location) -> Iterator[None]:
    """Have an object of S3 deleted."""
    client, named = work.aws.client("s3"), {"Bucket": place.bucket, "Key": place.key}
    body = client.get_object(**named)["Body"].read()
    client.delete_object(**named)
    yield
    client.put_object(**named, Body=body)


@fault("kmeans.training-data")
def manifest_deleted(work: Builder) -> Iterator[None]:
    """The manifest of the training data was deleted."""
    job = work.aws.client("sagemaker").describe_training_job(TrainingJobName=work.job)
    with without_object(work, s3.Location.parse(job["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"])):
        yield


@fault("kmeans.trained")
def artifact_deleted(work: Builder) -> Iterator[None]:
    """The model artifact was deleted from S3 while the endpoint serves it."""
    job = work.aws.client("sagemaker").describe_training_job(TrainingJobName=work.job)
    with without_object(work, s3.Location.parse(job["ModelArtifacts"]["S3ModelArtifacts"])):
        yield


@fault("kmeans.trained")
def model_of_no_numbers(work: Builder) -> Iterator[None]:
    """The model artifact was overwritten with one whose centroids are NaN, as training on NaN leaves them."""
    job = work.aws.client("sagemaker").describe_training_job(TrainingJobName=work.job)
    place = s3.Location.parse(job["ModelArtifacts"]["S3ModelArtifacts"])
    with without_object(work, place):
        content = ndarray.pack_model(np.full((10, 784), np.nan, np.float32))
        work.aws.client("s3").put_object(Bucket=place.bucket, Key=place.key, Body=content)
        yield


@fault("kmeans.training-data")
def manifest_of_brackets(work: Builder) -> Iterator[None]:
    """The manifest was overwritten with a hundred thousand brackets."""
    job = work.aws.client("sagemaker").describe_training_job(TrainingJobName=work.job)
    place = s3.Location.parse(job["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"])
    with without_object(work, place):
        work.aws.client("s3").put_object(Bucket=place.bucket, Key=place.key, Body=b"[" * 100_000)
        yield


@fault("kmeans.resources")
def model_deleted(work: Builder) -> Iterator[None]:
    """The model was deleted while its endpoint serves it."""
    client = work.aws.client("sagemaker")
    seen = client.describe_model(ModelName=work.endpoint)
    work.delete_model()
    yield
    again = {name: seen[name] for name in ("ModelName", "PrimaryContainer", "ExecutionRoleArn")}
    client.create_model(**again)


# Endpoints of other kinds.


def deploy(work: Builder, config: str) -> None:
    """Have an endpoint of a configuration in the place of any other, under its name."""
    client = work.aws.client("sagemaker")

    def until_settled() -> Any:
        return until(
            "the endpoints are settled", lambda: client.list_endpoints()["Endpoints"], timeout=30,
            is_done=lambda seen: all(one["EndpointStatus"] in ("InService", "Failed") for one in seen),
        )  # fmt: skip

    for one in until_settled():
        client.delete_endpoint(EndpointName=one["EndpointName"])
    until("no endpoint is left", lambda: not client.list_endpoints()["Endpoints"], timeout=30)
    client.create_endpoint(EndpointName=config, EndpointConfigName=config)
    until_settled()


@contextlib.contextmanager
def served_by(work: Builder, variant: dict[str, Any], **given: Any) -> Iterator[None]:
    """Have another endpoint than the homework's serve its model."""
    client = work.aws.client("sagemaker")
    variants = [{"VariantName": "all", "ModelName": work.endpoint, **variant}]
    client.create_endpoint_config(EndpointConfigName="other", ProductionVariants=variants, **given)
    deploy(work, "other")
    yield
    deploy(work, work.endpoint)
    client.delete_endpoint_config(EndpointConfigName="other")


@TABLE.change("student")
def serverless_endpoint(work: Builder) -> Iterator[None]:
    """The endpoint is serverless."""
    with served_by(work, {"ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5}}):
        yield


@fault("kmeans.predicts")
def asynchronous_endpoint(work: Builder) -> Iterator[None]:
    """The endpoint is asynchronous, so that it does not answer who asks."""
    answers = {"OutputConfig": {"S3OutputPath": f"s3://{work.bucket}/answers"}}
    instance = {"InstanceType": "ml.m4.xlarge", "InitialInstanceCount": 1}
    with served_by(work, instance, AsyncInferenceConfig=answers):
        yield
