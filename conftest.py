"""The list of fixture plugins, nothing else."""

pytest_plugins = [
    "fixtures.options",
    "fixtures.isolation",
    "fixtures.requirements",
    "fixtures.cloud",
    "fixtures.run",
    "fixtures.distribution",
    "fixtures.subject",
    "fixtures.verdicts",
    "fixtures.report",
    "fixtures.account",
    "fixtures.network",
    "fixtures.instances",
    "fixtures.containers",
    "fixtures.httpd",
    "fixtures.jupyter",
    "fixtures.sagemaker",
    "fixtures.spot",
    "fixtures.quota",
    "fixtures.answers",
    "fixtures.final",
]
