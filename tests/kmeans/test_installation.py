"""Our SageMaker takes moto's place, and gives it back."""

from __future__ import annotations

import subprocess
import sys

# In a process of its own: there is one moto in a process, and these tests use it.
SCRIPT = """
from harness.offline import loading, sagemaker
loading.load()
import moto.sagemaker.urls, moto.sagemakerruntime.urls
from moto.sagemaker.models import SageMakerModelBackend, sagemaker_backends
from moto.sagemaker.responses import SageMakerResponse
before = dict(moto.sagemaker.urls.url_paths), dict(moto.sagemakerruntime.urls.url_paths)
installed = sagemaker.install()
assert sagemaker_backends["123456789012"]["us-east-1"].platform is installed.platform
assert moto.sagemaker.urls.url_paths != before[0]
assert moto.sagemakerruntime.urls.url_paths != before[1]
installed.warm()
(worker,) = installed.platform.trainer._idle
installed.close()
installed.close()
assert not worker.is_alive
assert (dict(moto.sagemaker.urls.url_paths), dict(moto.sagemakerruntime.urls.url_paths)) == before
assert type(sagemaker_backends["123456789012"]["us-east-1"]) is SageMakerModelBackend
"""


def test_closing_puts_moto_back():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
