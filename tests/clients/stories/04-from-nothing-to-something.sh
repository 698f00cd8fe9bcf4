#!/usr/bin/env bash
# A user without permissions takes a role, in the three ways people write it down.
# Reading roles stands in for `aws s3 ls` until there is an S3 gateway.
. "$(dirname "$0")/story.sh"

a_user newcomer
cat >trust-policy.json <<EOF
{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::$ACCOUNT:user/newcomer"}, "Action": "sts:AssumeRole"}]}
EOF
ROLE_ARN=$(aws iam create-role --role-name Reader --assume-role-policy-document file://trust-policy.json --query Role.Arn --output text)
aws iam attach-role-policy --role-name Reader --policy-arn arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess
aws iam put-role-policy --role-name Reader --policy-name List \
	--policy-document '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iam:ListRoles", "Resource": "*"}]}'

told 'nothing'
as newcomer
denied iam:ListRoles "arn:aws:iam::$ACCOUNT:role/" aws iam list-roles

something() {
	same "arn:aws:sts::$ACCOUNT:assumed-role/Reader/$1" "$(aws sts get-caller-identity --query Arn --output text)"
	same Reader "$(aws iam list-roles --query 'Roles[].RoleName' --output text)"
}

told 'something, by printf'
as newcomer
# shellcheck disable=SC2046,SC2086,SC2183
export $(printf "AWS_ACCESS_KEY_ID=%s AWS_SECRET_ACCESS_KEY=%s AWS_SESSION_TOKEN=%s" $(aws sts assume-role --role-arn $ROLE_ARN --role-session-name MySessionName --query "Credentials.[AccessKeyId,SecretAccessKey,SessionToken]" --output text))
something MySessionName

told 'something, by jq'
as newcomer
# shellcheck disable=SC2046,SC2086
eval $(aws sts assume-role --role-arn $ROLE_ARN --role-session-name test | jq -r '.Credentials | "export AWS_ACCESS_KEY_ID=\(.AccessKeyId)\nexport AWS_SECRET_ACCESS_KEY=\(.SecretAccessKey)\nexport AWS_SESSION_TOKEN=\(.SessionToken)\n"')
something test

told "something, by the CLI's own query"
as newcomer
# shellcheck disable=SC2016,SC2046,SC2086
eval $(aws sts assume-role --role-arn $ROLE_ARN --role-session-name=test --query 'join(``, [`export `, `AWS_ACCESS_KEY_ID=`, Credentials.AccessKeyId, ` ; export `, `AWS_SECRET_ACCESS_KEY=`, Credentials.SecretAccessKey, `; export `, `AWS_SESSION_TOKEN=`, Credentials.SessionToken])' --output text)
something test

told 'and no other account hears of it'
as newcomer
other=arn:aws:iam::$PARTNER:role/Reader
denied sts:AssumeRole "$other" aws sts assume-role --role-arn "$other" --role-session-name test
