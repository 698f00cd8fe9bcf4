#!/usr/bin/env bash
# A role and its two policies.
. "$(dirname "$0")/story.sh"

told 'as an administrator'
cat >trust-policy.json <<EOF
{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::$ACCOUNT:root"}, "Action": "sts:AssumeRole"}]}
EOF
cat >s3-policy.json <<EOF
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": ["s3:GetObject", "s3:PutObject", "s3:ListBucket"],
      "Resource": ["arn:aws:s3:::privet", "arn:aws:s3:::privet/*"]
    }
  ]
}
EOF
aws iam create-role --role-name CrossAccountRole --assume-role-policy-document file://trust-policy.json >role.json
same "arn:aws:iam::$ACCOUNT:role/CrossAccountRole" "$(jq -r .Role.Arn role.json)"
same "$(jq -cS . trust-policy.json)" "$(jq -cS .Role.AssumeRolePolicyDocument role.json)"

aws iam create-role --role-name S3PrivetAccessRole --assume-role-policy-document file://trust-policy.json
aws iam put-role-policy --role-name S3PrivetAccessRole --policy-name S3PrivetAccessPolicy --policy-document file://s3-policy.json
aws iam attach-role-policy --role-name S3PrivetAccessRole --policy-arn arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess

told 'what was written is read'
same "$(jq -cS . s3-policy.json)" \
	"$(aws iam get-role-policy --role-name S3PrivetAccessRole --policy-name S3PrivetAccessPolicy | jq -cS .PolicyDocument)"
same S3PrivetAccessPolicy "$(aws iam list-role-policies --role-name S3PrivetAccessRole --query PolicyNames --output text)"
same '[{"PolicyArn":"arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess","PolicyName":"AmazonS3ReadOnlyAccess"}]' \
	"$(aws iam list-attached-role-policies --role-name S3PrivetAccessRole | jq -cS .AttachedPolicies)"
same 3600 "$(aws iam get-role --role-name S3PrivetAccessRole --query Role.MaxSessionDuration)"

told 'the same again is refused'
refused EntityAlreadyExists 'Role with name CrossAccountRole already exists.' \
	aws iam create-role --role-name CrossAccountRole --assume-role-policy-document file://trust-policy.json
