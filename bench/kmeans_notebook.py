# A notebook in the percent format, not a module; notebook.py runs and saves it.
# ruff: noqa: ANN001, ANN201, E402

# %% [markdown]
# # Ten kinds of handwritten digits, found by k-means on SageMaker
#
# What follows is AWS's k-means example for handwritten digits in our own words: digits go to S3, SageMaker's built-in
# k-means sorts them into ten clusters without ever being told what they show, the model is put behind an endpoint, and
# the endpoint is asked about digits. At the end everything that costs money is deleted.

# %%
import boto3
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

# %% [markdown]
# ## The digits
#
# scikit-learn carries 1,797 digits of 8 × 8 pixels. Each pixel becomes nine and a margin of two goes around, so that a
# digit has 28 × 28 pixels as in MNIST: a row of 784 numbers between 0 (paper) and 1 (ink).

# %%
digits = load_digits()
small = (digits.images / 16).astype("float32")
train = np.pad(small.repeat(3, axis=1).repeat(3, axis=2), ((0, 0), (2, 2), (2, 2))).reshape(-1, 784)
labels = digits.target
print(train.shape, train.dtype, train.min(), train.max())


# %%
def show(rows, titles):
    _, axes = plt.subplots(1, len(rows), figsize=(len(rows), 1.3))
    for axis, row, title in zip(axes, rows, titles, strict=True):
        axis.imshow(row.reshape(28, 28), cmap="gray_r")
        axis.set_title(title, fontsize=8)
        axis.axis("off")
    plt.show()


show(train[:10], labels[:10])

# %% [markdown]
# ## A session, a role and a bucket
#
# On a notebook instance the role is the instance's own. Elsewhere there is none yet, so one is made that SageMaker may
# assume. The bucket has the name that SageMaker gives its default bucket.

# %%
import json
from pathlib import Path

from sagemaker import KMeans, Session, get_execution_role

aws = boto3.Session(region_name=boto3.Session().region_name or "us-east-1")
account = aws.client("sts").get_caller_identity()["Account"]
session = Session(aws, default_bucket=f"sagemaker-{aws.region_name}-{account}")
bucket = session.default_bucket()
iam = aws.client("iam")


def role_for_sagemaker(name="kmeans-example"):
    trust = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    try:
        made = iam.create_role(
            RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        )
        iam.attach_role_policy(RoleName=name, PolicyArn="arn:aws:iam::aws:policy/AmazonSageMakerFullAccess")
    except iam.exceptions.EntityAlreadyExistsException:
        made = iam.get_role(RoleName=name)
    return made["Role"]["Arn"]


on_notebook_instance = Path("/opt/ml/metadata/resource-metadata.json").exists()
role = get_execution_role(session) if on_notebook_instance else role_for_sagemaker()
print(bucket)
print(role)

# %% [markdown]
# ## Training
#
# `record_set` writes the digits to S3 as record-io protobuf, one part per training instance, with a manifest that names
# the parts. `fit` could wait for the job, but it looks once in a long while only; a waiter of boto3 looks every second.

# %%
kmeans = KMeans(
    role=role,
    instance_count=2,
    instance_type="ml.c4.xlarge",
    data_location=f"s3://{bucket}/kmeans_highlevel_example/data",
    output_path=f"s3://{bucket}/kmeans_example/output",
    k=10,
    sagemaker_session=session,
)
records = kmeans.record_set(train)
print(records.s3_data)

# %%
kmeans.fit(records, wait=False, logs=False)
job = kmeans.latest_training_job.name
sagemaker = session.sagemaker_client
sagemaker.get_waiter("training_job_completed_or_stopped").wait(
    TrainingJobName=job, WaiterConfig={"Delay": 1, "MaxAttempts": 1800}
)
print(sagemaker.describe_training_job(TrainingJobName=job)["TrainingJobStatus"])

# %% [markdown]
# ## An endpoint
#
# `deploy` makes three things: the model, an endpoint configuration, and the endpoint itself.

# %%
predictor = kmeans.deploy(initial_instance_count=1, instance_type="ml.m4.xlarge", wait=False)
endpoint = predictor.endpoint_name
sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=endpoint, WaiterConfig={"Delay": 1, "MaxAttempts": 2400})
print(sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointStatus"])

# %% [markdown]
# ## Predictions
#
# One digit first, then a hundred.

# %%
print(predictor.predict(train[30:31])[0])

# %%
answers = predictor.predict(train[:100])
clusters = np.array([int(answer.label["closest_cluster"].float32_tensor.values[0]) for answer in answers])
distances = np.array([answer.label["distance_to_cluster"].float32_tensor.values[0] for answer in answers])
print(np.bincount(clusters, minlength=10), distances.mean().round(2))

# %% [markdown]
# Which digits share a cluster? The numbers of the clusters mean nothing: k-means never saw a label. The share of digits
# that are what most of their cluster are says how well it did all the same.

# %%
for cluster in range(10):
    members = np.flatnonzero(clusters == cluster)[:12]
    if len(members) > 1:
        print(f"cluster {cluster}")
        show(train[members], labels[members])

# %%
majority = sum(np.bincount(labels[:100][clusters == cluster]).max() for cluster in np.unique(clusters))
print(f"purity of the clusters: {majority / 100:.2f}")

# %% [markdown]
# ## What there is now
#
# All of it can be found in the console as well.

# %%
configuration = sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointConfigName"]
variant = sagemaker.describe_endpoint_config(EndpointConfigName=configuration)["ProductionVariants"][0]
model = sagemaker.describe_model(ModelName=variant["ModelName"])
print("training job          ", job)
print("model                 ", model["ModelName"])
print("model artifact        ", model["PrimaryContainer"]["ModelDataUrl"])
print("endpoint configuration", configuration)
print("endpoint              ", endpoint)

# %% [markdown]
# ## Cleaning up
#
# The model goes first, while the predictor can still look it up; `delete_endpoint` takes the configuration along. The
# objects in S3 and, where it was made above, the role are deleted by hand.

# %%
predictor.delete_model()
predictor.delete_endpoint()

# %%
objects = aws.resource("s3").Bucket(bucket).objects
for prefix in ("kmeans_highlevel_example/", "kmeans_example/"):
    objects.filter(Prefix=prefix).delete()
print(list(objects.filter(Prefix="kmeans")))
if not on_notebook_instance:
    iam.detach_role_policy(RoleName="kmeans-example", PolicyArn="arn:aws:iam::aws:policy/AmazonSageMakerFullAccess")
    iam.delete_role(RoleName="kmeans-example")
