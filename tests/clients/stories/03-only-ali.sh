#!/usr/bin/env bash
# Only Ali may take the role, and what it may follows its policy.
. "$(dirname "$0")/story.sh"

a_user ali
a_user bob
cat >trust-policy.json <<EOF
{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::$ACCOUNT:root"}, "Action": "sts:AssumeRole"}]}
EOF
aws iam create-role --role-name S3PrivetAccessRole --assume-role-policy-document file://trust-policy.json
cat >trust-policy.json <<EOF
{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::$ACCOUNT:user/ali"}, "Action": "sts:AssumeRole"}]}
EOF
aws iam update-assume-role-policy --role-name S3PrivetAccessRole --policy-document file://trust-policy.json
same "arn:aws:iam::$ACCOUNT:user/ali" \
	"$(aws iam get-role --role-name S3PrivetAccessRole | jq -r '.Role.AssumeRolePolicyDocument.Statement[0].Principal.AWS')"

told 'Bob may not'
role=arn:aws:iam::$ACCOUNT:role/S3PrivetAccessRole
as bob
denied sts:AssumeRole "$role" aws sts assume-role --role-arn "$role" --role-session-name bob

told 'Ali may'
as ali
keys[session]=$(aws sts assume-role --role-arn "$role" --role-session-name ali \
	--query 'Credentials.[AccessKeyId,SecretAccessKey,SessionToken]' --output text)

told 'what the session may is what the policy says now'
policy() {
	as admin
	aws iam put-role-policy --role-name S3PrivetAccessRole --policy-name S3PrivetAccessPolicy --policy-document \
		"{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"$1\", \"Resource\": \"*\"}]}"
	as session
}
policy s3:GetObject
denied iam:ListRoles "arn:aws:iam::$ACCOUNT:role/" aws iam list-roles
policy iam:ListRoles
same S3PrivetAccessRole "$(aws iam list-roles --query 'Roles[].RoleName' --output text)"
policy s3:GetObject
denied iam:ListRoles "arn:aws:iam::$ACCOUNT:role/" aws iam list-roles
