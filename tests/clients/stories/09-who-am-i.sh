#!/usr/bin/env bash
# The same question, asked as everybody one can be.
. "$(dirname "$0")/story.sh"

told 'root'
as root
same "{\"Account\":\"$ACCOUNT\",\"Arn\":\"arn:aws:iam::$ACCOUNT:root\",\"UserId\":\"$ACCOUNT\"}" "$(aws sts get-caller-identity | jq -cS .)"

told 'a user'
as admin
id=$(aws iam get-user --query User.UserId --output text)
same "{\"Account\":\"$ACCOUNT\",\"Arn\":\"arn:aws:iam::$ACCOUNT:user/admin\",\"UserId\":\"$id\"}" "$(aws sts get-caller-identity | jq -cS .)"

told 'an assumed role'
cat >trust-policy.json <<EOF
{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::$ACCOUNT:user/admin"}, "Action": "sts:AssumeRole"}]}
EOF
id=$(aws iam create-role --role-name Someone --assume-role-policy-document file://trust-policy.json --query Role.RoleId --output text)
keys[session]=$(aws sts assume-role --role-arn "arn:aws:iam::$ACCOUNT:role/Someone" --role-session-name me \
	--query 'Credentials.[AccessKeyId,SecretAccessKey,SessionToken]' --output text)
as session
same "{\"Account\":\"$ACCOUNT\",\"Arn\":\"arn:aws:sts::$ACCOUNT:assumed-role/Someone/me\",\"UserId\":\"$id:me\"}" "$(aws sts get-caller-identity | jq -cS .)"

told 'a federated user'
as admin
FEDERATED=$(aws sts get-federation-token --name Bob --policy '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}]}')
same "{\"Arn\":\"arn:aws:sts::$ACCOUNT:federated-user/Bob\",\"FederatedUserId\":\"$ACCOUNT:Bob\"}" "$(jq -cS .FederatedUser <<<"$FEDERATED")"
keys[bob]=$(jq -r '.Credentials | "\(.AccessKeyId) \(.SecretAccessKey) \(.SessionToken)"' <<<"$FEDERATED")
as bob
same "{\"Account\":\"$ACCOUNT\",\"Arn\":\"arn:aws:sts::$ACCOUNT:federated-user/Bob\",\"UserId\":\"$ACCOUNT:Bob\"}" "$(aws sts get-caller-identity | jq -cS .)"
