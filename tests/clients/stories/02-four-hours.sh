#!/usr/bin/env bash
# A session of four hours, once the role allows it.
. "$(dirname "$0")/story.sh"

cat >trust-policy.json <<EOF
{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::$ACCOUNT:root"}, "Action": "sts:AssumeRole"}]}
EOF
aws iam create-role --role-name S3PrivetAccessRole --assume-role-policy-document file://trust-policy.json
aws iam put-role-policy --role-name S3PrivetAccessRole --policy-name Read \
	--policy-document '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iam:GetRole", "Resource": "*"}]}'

told 'refused, in the words of AWS'
refused ValidationError 'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.' \
	aws sts assume-role --role-arn "arn:aws:iam::$ACCOUNT:role/S3PrivetAccessRole" --role-session-name "privet-access-$(date +%Y%m%d-%H%M)" --duration-seconds 14400

told 'granted, after the role was changed'
aws iam update-role --role-name S3PrivetAccessRole --max-session-duration 14400
ASSUMED_CREDS=$(aws sts assume-role --role-arn "arn:aws:iam::$ACCOUNT:role/S3PrivetAccessRole" --role-session-name "privet-access-$(date +%Y%m%d-%H%M)" --duration-seconds 14400)

# Unquoted, as people write it.
# shellcheck disable=SC2086,SC2155
{
	export AWS_ACCESS_KEY_ID=$(echo $ASSUMED_CREDS | jq -r .Credentials.AccessKeyId)
	export AWS_SECRET_ACCESS_KEY=$(echo $ASSUMED_CREDS | jq -r .Credentials.SecretAccessKey)
	export AWS_SESSION_TOKEN=$(echo $ASSUMED_CREDS | jq -r .Credentials.SessionToken)
}
left=$(($(date -d "$(echo "$ASSUMED_CREDS" | jq -r .Credentials.Expiration)" +%s) - $(date +%s)))
between 14300 14401 "$left"

told 'and the session is the role'
same "arn:aws:sts::$ACCOUNT:assumed-role/S3PrivetAccessRole" "$(aws sts get-caller-identity --query Arn --output text | cut -d/ -f1,2)"
aws iam get-role --role-name S3PrivetAccessRole >role.json
denied iam:ListRoles "arn:aws:iam::$ACCOUNT:role/" aws iam list-roles
