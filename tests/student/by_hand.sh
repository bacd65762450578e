#!/usr/bin/env bash
# The homework done by hand, step by step in its own order, with aws, ssh, docker and Python:
#
#     by_hand.sh up DIR      does it, and writes the submission's key and options file into DIR
#     by_hand.sh down DIR    cleans up
#
# The shell is that of a student who has run `aws configure` (python -m harness cloud prints such variables);
# ACCEPTANCE_SSH_CONFIG names an ssh configuration where the network alone does not lead to the instances.
set -euo pipefail

task=$1 dir=$2 here=$(cd "$(dirname "$0")" && pwd)
course=$here/../../harness/subjects/reference/course
key=$dir/key.pem
export AWS_PAGER=""

ids() { aws ec2 describe-instances --filters "Name=tag:Name,Values=$1" "Name=instance-state-name,Values=pending,running" \
    --query 'Reservations[].Instances[].InstanceId' --output text; }
address() { aws ec2 describe-instances --instance-ids "$(ids "$1")" \
    --query "Reservations[0].Instances[0].$2" --output text; }
group() { aws ec2 describe-security-groups --filters "Name=group-name,Values=$1" \
    --query 'SecurityGroups[0].GroupId' --output text; }
log_in() { ssh -F "${ACCEPTANCE_SSH_CONFIG:-none}" -A -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
    -o LogLevel=ERROR "ubuntu@$bastion" "$@"; }
launch() { # NAME TYPE GROUP, and whatever else run-instances takes
    aws ec2 run-instances --image-id "$image" --instance-type "$2" --security-group-ids "$(group "$3")" \
        --key-name hw02 --tag-specifications "ResourceType=instance,Tags=[{Key=Name,Value=$1}]" "${@:4}" >/dev/null; }
agent() { # an agent of this shell's own, which ends with it
    eval "$(ssh-agent -s)" >/dev/null
    trap 'kill "$SSH_AGENT_PID"' EXIT
    ssh-add -q "$key"; ssh-add -L >/dev/null; }

up() {
    account=$(aws sts get-caller-identity --query Account --output text)
    aws budgets create-budget --account-id "$account" --budget \
        '{"BudgetName":"hw02","BudgetLimit":{"Amount":"20","Unit":"USD"},"TimeUnit":"MONTHLY","BudgetType":"COST"}'

    # Add a key pair.
    aws ec2 create-key-pair --key-name hw02 --query KeyMaterial --output text > "$key"
    chmod 400 "$key"
    agent

    # Launch and test key resources; the account has its default VPC.
    vpc=$(aws ec2 describe-vpcs --filters Name=is-default,Values=true --query 'Vpcs[0].VpcId' --output text)
    aws ec2 create-security-group --group-name PublicSG --description "Bastion Host Security group" --vpc-id "$vpc" >/dev/null
    aws ec2 create-security-group --group-name PrivateSG --description "Private instances Security group" --vpc-id "$vpc" >/dev/null
    aws ec2 authorize-security-group-ingress --group-id "$(group PublicSG)" --protocol tcp --port 22 --cidr 0.0.0.0/0 >/dev/null
    aws ec2 authorize-security-group-ingress --group-id "$(group PrivateSG)" --protocol tcp --port 22 --cidr 0.0.0.0/0 >/dev/null
    image=$(aws ec2 describe-images --owners 099720109477 --filters \
        'Name=name,Values=ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-*' Name=architecture,Values=x86_64 \
        --query 'sort_by(Images,&CreationDate)[-1].ImageId' --output text)
    launch bastion t2.large PublicSG --associate-public-ip-address
    launch private t2.micro PrivateSG
    aws ec2 wait instance-running --instance-ids "$(ids bastion)" "$(ids private)"
    bastion=$(address bastion PublicDnsName)
    until log_in true 2>/dev/null; do :; done
    log_in ssh -o StrictHostKeyChecking=no -o LogLevel=ERROR "ubuntu@$(address private PrivateDnsName)" hostname >/dev/null

    # Docker 101: as "Install Docker Engine on Ubuntu" says today.
    log_in 'sudo apt-get update -q && sudo apt-get install -y -q ca-certificates curl' >/dev/null
    log_in 'sudo install -m 0755 -d /etc/apt/keyrings'
    log_in 'sudo curl -fsSL https://download.docker.com/linux/ubuntu/gpg -o /etc/apt/keyrings/docker.asc'
    log_in 'sudo tee /etc/apt/sources.list.d/docker.sources >/dev/null' <<'END'
Types: deb
URIs: https://download.docker.com/linux/ubuntu
Suites: noble
Components: stable
Signed-By: /etc/apt/keyrings/docker.asc
END
    log_in 'sudo apt-get update -q && sudo apt-get install -y -q docker-ce docker-ce-cli containerd.io' >/dev/null
    log_in 'sudo usermod -aG docker ubuntu'
    log_in 'docker run --name greeting hello-world' >/dev/null
    log_in 'docker ps && docker ps -a && docker rm greeting' >/dev/null
    log_in 'docker run -d -ti --name my_ubuntu ubuntu bash && docker exec my_ubuntu true && docker rm -f my_ubuntu' >/dev/null
    log_in 'docker images && docker pull -q httpd' >/dev/null
    log_in 'mkdir -p www && echo "<h1>Hello</h1>" > www/index.html'
    log_in 'cd www && docker run -d --name my-apache-app -p8003:80 -v "$PWD":/usr/local/apache2/htdocs/ httpd:2.4' >/dev/null
    aws ec2 authorize-security-group-ingress --group-id "$(group PublicSG)" --protocol tcp --port 8003 --cidr 0.0.0.0/0 >/dev/null
    aws ec2 authorize-security-group-ingress --group-id "$(group PublicSG)" --protocol tcp --port 8800 --cidr 0.0.0.0/0 >/dev/null
    log_in 'echo "<h1>Hello again</h1>" > www/index.html'
    sed -e 's/\$libraries/h5py pandas keras matplotlib seaborn scikit-learn tables/' -e 's/\$port/8888/' \
        -e 's,\$directory,/notebook,' "$course/Dockerfile" | log_in 'mkdir -p image && cat > image/Dockerfile'
    log_in 'cd image && docker build -q -t test . && docker run --name jupyter -p 8800:8888 -d test' >/dev/null

    # Set up and run the SageMaker example.
    trust='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"sagemaker.amazonaws.com"},"Action":"sts:AssumeRole"}]}'
    role=$(aws iam create-role --role-name hw02 --assume-role-policy-document "$trust" --query Role.Arn --output text)
    aws iam attach-role-policy --role-name hw02 --policy-arn arn:aws:iam::aws:policy/AmazonSageMakerFullAccess
    aws sagemaker create-notebook-instance --notebook-instance-name hw02 --instance-type ml.t3.medium --role-arn "$role" >/dev/null
    python "$here/example.py" "$role"

    # Spot pricing, and a request for more quota.
    aws ec2 describe-spot-price-history --instance-types t2.micro --start-time="$(date +%s)" \
        --product-descriptions Linux/UNIX --query 'SpotPriceHistory[*].{az:AvailabilityZone, price:SpotPrice}' >/dev/null
    launch spot t2.micro PublicSG --associate-public-ip-address --instance-market-options "file://$dir/spot-options.json"
    aws service-quotas request-service-quota-increase --service-code ec2 --quota-code L-417A185B --desired-value 8 >/dev/null
}

down() {
    agent
    bastion=$(address bastion PublicDnsName)
    log_in 'docker stop jupyter && docker rm jupyter' >/dev/null
    private=$(ids private) spot=$(ids spot) first=$(ids bastion)
    aws ec2 terminate-instances --instance-ids "$private" >/dev/null
    aws ec2 terminate-instances --instance-ids "$spot" >/dev/null
    aws ec2 wait instance-terminated --instance-ids "$private" "$spot"
    endpoint=$(aws sagemaker list-endpoints --query 'Endpoints[0].EndpointName' --output text)
    config=$(aws sagemaker describe-endpoint --endpoint-name "$endpoint" --query EndpointConfigName --output text)
    model=$(aws sagemaker describe-endpoint-config --endpoint-config-name "$config" \
        --query 'ProductionVariants[0].ModelName' --output text)
    aws sagemaker delete-endpoint --endpoint-name "$endpoint"
    aws sagemaker delete-endpoint-config --endpoint-config-name "$config"
    aws sagemaker delete-model --model-name "$model"
    aws sagemaker stop-notebook-instance --notebook-instance-name hw02
    aws sagemaker wait notebook-instance-stopped --notebook-instance-name hw02
    aws sagemaker delete-notebook-instance --notebook-instance-name hw02
    aws s3 rb --force "s3://$(aws s3api list-buckets --query 'Buckets[0].Name' --output text)" >/dev/null
    aws ec2 terminate-instances --instance-ids "$first" >/dev/null
}

"$task"
