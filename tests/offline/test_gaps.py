"""The calls that moto lacks: quotas, prices, budgets' subscribers, and the event history."""

from __future__ import annotations

import datetime
import json

import pytest

from tests.offline.support import code_of

P_INSTANCES, STANDARD = "L-417A185B", "L-1216C47A"


@pytest.fixture(scope="module")
def quotas(root):
    return root("service-quotas")


def test_a_new_account_may_run_standard_instances_but_no_p_instances(quotas) -> None:
    assert quotas.get_service_quota(ServiceCode="ec2", QuotaCode=P_INSTANCES)["Quota"]["Value"] == 0.0
    assert quotas.get_service_quota(ServiceCode="ec2", QuotaCode=STANDARD)["Quota"]["Value"] == 32.0
    assert quotas.get_aws_default_service_quota(ServiceCode="ec2", QuotaCode=STANDARD)["Quota"]["Value"] == 5.0
    pages = quotas.get_paginator("list_service_quotas").paginate(ServiceCode="ec2", PaginationConfig={"PageSize": 4})
    names = {quota["QuotaCode"]: quota["QuotaName"] for page in pages for quota in page["Quotas"]}
    assert names[P_INSTANCES] == "Running On-Demand P instances"
    assert len(names) == len(quotas.list_aws_default_service_quotas(ServiceCode="ec2")["Quotas"]) > 4


def test_an_increase_is_pending_once_and_only_upwards(quotas, root) -> None:
    wanted = {"ServiceCode": "ec2", "QuotaCode": P_INSTANCES}
    assert (
        code_of(lambda: quotas.request_service_quota_increase(**wanted, DesiredValue=0)) == "IllegalArgumentException"
    )
    asked = quotas.request_service_quota_increase(**wanted, DesiredValue=8)["RequestedQuota"]
    assert (asked["Status"], asked["DesiredValue"]) == ("PENDING", 8.0)
    again = code_of(lambda: quotas.request_service_quota_increase(**wanted, DesiredValue=16))
    assert again == "ResourceAlreadyExistsException"
    history = quotas.list_requested_service_quota_change_history(ServiceCode="ec2", Status="PENDING")["RequestedQuotas"]
    by_quota = quotas.list_requested_service_quota_change_history_by_quota(**wanted)["RequestedQuotas"]
    assert [entry["Id"] for entry in history] == [entry["Id"] for entry in by_quota] == [asked["Id"]]
    assert (
        quotas.get_requested_service_quota_change(RequestId=asked["Id"])["RequestedQuota"]["QuotaCode"] == P_INSTANCES
    )
    assert quotas.get_service_quota(**wanted)["Quota"]["Value"] == 0.0
    elsewhere = root("service-quotas", region_name="eu-west-1")
    assert elsewhere.list_requested_service_quota_change_history()["RequestedQuotas"] == []


@pytest.mark.parametrize(
    "wanted", [{"ServiceCode": "ec2", "QuotaCode": "L-00000000"}, {"ServiceCode": "lambda", "QuotaCode": P_INSTANCES}]
)
def test_unknown_quotas_are_refused(quotas, wanted) -> None:
    assert code_of(lambda: quotas.get_service_quota(**wanted)) == "NoSuchResourceException"


def prices(root, **wanted):
    filters = [{"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in wanted.items()]
    found = root("pricing").get_products(ServiceCode="AmazonEC2", Filters=filters)["PriceList"]
    return [json.loads(product) for product in found]


@pytest.mark.parametrize(
    ("region", "name", "usd"),
    [("us-east-1", "t2.large", 0.0928), ("eu-west-1", "t2.large", 0.1008), ("us-east-2", "t2.micro", 0.0116)],
)
def test_the_price_list_knows_linux_on_demand(root, region, name, usd) -> None:
    (product,) = prices(root, regionCode=region, instanceType=name, operatingSystem="Linux", tenancy="Shared")
    (term,) = product["terms"]["OnDemand"].values()
    (dimension,) = term["priceDimensions"].values()
    assert (float(dimension["pricePerUnit"]["USD"]), dimension["unit"]) == (usd, "Hrs")
    assert product["product"]["attributes"]["instanceType"] == name


def test_the_price_list_filters_pages_and_refuses(root) -> None:
    assert prices(root, operatingSystem="Windows") == []
    assert len(prices(root, location="EU (Ireland)", instanceType="t3.micro")) == 1
    pages = (
        root("pricing")
        .get_paginator("get_products")
        .paginate(ServiceCode="AmazonEC2", PaginationConfig={"PageSize": 50})
    )
    assert sum(len(page["PriceList"]) for page in pages) > 100
    assert code_of(lambda: root("pricing").get_products(ServiceCode="AmazonMoon")) == "InvalidParameterException"
    regions = root("pricing").get_attribute_values(ServiceCode="AmazonEC2", AttributeName="regionCode")[
        "AttributeValues"
    ]
    assert {"Value": "eu-west-1"} in regions


def test_a_budgets_subscribers_are_told(root) -> None:
    budgets, account = root("budgets"), "123456789012"
    notification = {"NotificationType": "ACTUAL", "ComparisonOperator": "GREATER_THAN", "Threshold": 80.0}
    subscriber = {"SubscriptionType": "EMAIL", "Address": "student@example.org"}
    budgets.create_budget(
        AccountId=account,
        Budget={
            "BudgetName": "b",
            "BudgetLimit": {"Amount": "10", "Unit": "USD"},
            "TimeUnit": "MONTHLY",
            "BudgetType": "COST",
        },
        NotificationsWithSubscribers=[{"Notification": notification, "Subscribers": [subscriber]}],
    )
    found = budgets.describe_notifications_for_budget(AccountId=account, BudgetName="b")["Notifications"][0]
    ask = budgets.describe_subscribers_for_notification
    assert ask(AccountId=account, BudgetName="b", Notification=found)["Subscribers"] == [subscriber]
    other = {**notification, "Threshold": 50.0}
    assert code_of(lambda: ask(AccountId=account, BudgetName="b", Notification=other)) == "NotFoundException"
    assert code_of(lambda: ask(AccountId=account, BudgetName="c", Notification=other)) == "NotFoundException"


def test_a_billing_alarm_can_be_set(root) -> None:
    alarm = {
        "AlarmName": "bill", "Namespace": "AWS/Billing", "MetricName": "EstimatedCharges", "Statistic": "Maximum",
        "Period": 21600, "EvaluationPeriods": 1, "Threshold": 10.0, "ComparisonOperator": "GreaterThanThreshold",
    }  # fmt: skip
    root("cloudwatch").put_metric_alarm(**alarm)
    assert root("cloudwatch").describe_alarms()["MetricAlarms"][0]["AlarmName"] == "bill"


def events(root, region="us-east-1", **attributes):
    lookup = [{"AttributeKey": key, "AttributeValue": value} for key, value in attributes.items()]
    client = root("cloudtrail", region_name=region)
    return client.lookup_events(LookupAttributes=lookup)["Events"]


def test_every_call_is_in_the_event_history_with_its_caller(root, ec2) -> None:
    root("iam").create_user(UserName="ann")
    root("iam").attach_user_policy(UserName="ann", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    key = root("iam").create_access_key(UserName="ann")["AccessKey"]
    ann = root.by(key)
    id = ec2.launch()["InstanceId"]
    ann("ec2").terminate_instances(InstanceIds=[id])
    names = [event["EventName"] for event in events(root, ResourceName=id) if event["ReadOnly"] == "false"]
    assert names == ["TerminateInstances", "RunInstances"]
    (event,) = events(root, EventName="TerminateInstances")
    assert (event["Username"], event["AccessKeyId"], event["ReadOnly"]) == ("ann", key["AccessKeyId"], "false")
    assert {"ResourceType": "AWS::EC2::Instance", "ResourceName": id} in event["Resources"]
    record = json.loads(event["CloudTrailEvent"])
    assert record["userIdentity"]["arn"].endswith("user/ann")
    assert (record["eventSource"], record["awsRegion"]) == ("ec2.amazonaws.com", "us-east-1")
    assert record["requestParameters"] == {"instanceIds": [id]}
    assert record["responseElements"]["terminatingInstances"][0]["InstanceId"] == id


def test_refusals_are_recorded_and_secrets_are_not(root) -> None:
    iam = root("iam")
    iam.create_user(UserName="bob")
    iam.create_login_profile(UserName="bob", Password="Correct-horse-9")
    bob = root.by(iam.create_access_key(UserName="bob")["AccessKey"])
    code_of(bob("ec2").describe_vpcs)
    refused = json.loads(events(root, Username="bob")[0]["CloudTrailEvent"])
    assert (refused["eventName"], refused["errorCode"]) == ("DescribeVpcs", "UnauthorizedOperation")
    told = json.dumps(events(root, ResourceName="bob"), default=str)
    assert "HIDDEN_DUE_TO_SECURITY_REASONS" in told
    assert "Correct-horse-9" not in told
    assert bob.credentials.secret_key not in told


def test_data_events_are_not_in_the_history(root) -> None:
    root("s3").create_bucket(Bucket="history")
    root("s3").put_object(Bucket="history", Key="k", Body=b"v")
    assert [event["EventName"] for event in events(root, ResourceName="history")] == ["CreateBucket"]


def test_the_history_is_kept_by_region(root) -> None:
    root("ec2", region_name="eu-west-1").describe_vpcs()
    assert [event["EventName"] for event in events(root, region="eu-west-1", EventSource="ec2.amazonaws.com")] == [
        "DescribeVpcs"
    ]
    assert events(root, region="eu-west-1", EventSource="iam.amazonaws.com") == []


def test_the_history_is_paged_narrowed_by_time_and_checked(root) -> None:
    client, begun = root("cloudtrail"), datetime.datetime.now(datetime.UTC)
    for _ in range(5):
        root("sts").get_caller_identity()
    named = [{"AttributeKey": "EventName", "AttributeValue": "GetCallerIdentity"}]
    pages = client.get_paginator("lookup_events").paginate(
        LookupAttributes=named, StartTime=begun, PaginationConfig={"PageSize": 2}
    )
    ids = [event["EventId"] for page in pages for event in page["Events"]]
    assert len(ids) == len(set(ids)) >= 4
    assert client.lookup_events(LookupAttributes=named, EndTime=begun - datetime.timedelta(days=1))["Events"] == []
    backwards = {"StartTime": begun, "EndTime": begun - datetime.timedelta(days=1)}
    assert code_of(lambda: client.lookup_events(**backwards)) == "InvalidTimeRangeException"
    assert code_of(lambda: client.lookup_events(NextToken="torn")) == "InvalidNextTokenException"
