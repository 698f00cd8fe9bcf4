#!/usr/bin/env bash
# A developer takes the deployment role for an hour, and the trail tells all of it.
. "$(dirname "$0")/story.sh"

a_user developer
may developer iam:GetUser
cat >trust-policy.json <<EOF
{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::$ACCOUNT:user/developer"}, "Action": "sts:AssumeRole"}]}
EOF
role=$(aws iam create-role --role-name DeploymentRole --assume-role-policy-document file://trust-policy.json --query Role.Arn --output text)
aws iam put-role-policy --role-name DeploymentRole --policy-name Deploy --policy-document \
	"{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"iam:TagRole\", \"Resource\": \"$role\"}]}"

told 'the hour'
as developer
denied iam:TagRole "$role" aws iam tag-role --role-name DeploymentRole --tags Key=release,Value=42
keys[session]=$(aws sts assume-role --role-arn "$role" --role-session-name release-42 --duration-seconds 3600 \
	--query 'Credentials.[AccessKeyId,SecretAccessKey,SessionToken]' --output text)
as session
aws iam tag-role --role-name DeploymentRole --tags Key=release,Value=42
denied iam:DeleteRole "$role" aws iam delete-role --role-name DeploymentRole

# events JQ: the trail's events of this account, when the last has been written.
events() {
	local try found=''
	for try in 1 2 3 4 5 6 7 8 9 10; do
		found=$(jq -c --arg account "$ACCOUNT" ".event | select(.recipientAccountId == \$account) | select($1)" "$AUDIT")
		[ -z "$found" ] || break
		sleep "0.$try"
	done
	printf '%s\n' "$found"
}

told 'who took which role, when, and from where'
taken=$(events '.eventName == "AssumeRole" and .errorCode == null')
same "IAMUser developer $role release-42 3600 127.0.0.1 AssumeRole" "$(
	jq -r '"\(.userIdentity.type) \(.userIdentity.userName) \(.requestParameters.roleArn) \(.requestParameters.roleSessionName) \(.requestParameters.durationSeconds) \(.sourceIPAddress) \(.eventName)"' <<<"$taken"
)"
between -1 120 $(($(date +%s) - $(date -d "$(jq -r .eventTime <<<"$taken")" +%s)))
! grep -qF "$AWS_SECRET_ACCESS_KEY" "$AUDIT" || failed 'the trail has the secret'
! grep -qF "$AWS_SESSION_TOKEN" "$AUDIT" || failed 'the trail has the session token'

told 'and what the session did and was refused'
did() { events "$1" | jq -r '"\(.userIdentity.type) \(.userIdentity.arn) \(.userIdentity.sessionContext.sessionIssuer.userName) \(.errorCode)"'; }
session="AssumedRole arn:aws:sts::$ACCOUNT:assumed-role/DeploymentRole/release-42 DeploymentRole"
same "$session null" "$(did '.eventName == "TagRole" and .errorCode == null')"
same "$session AccessDenied" "$(did '.eventName == "DeleteRole"')"
