#!/usr/bin/env bash
# A partner's role wants the external id that was agreed on.
. "$(dirname "$0")/story.sh"

told "in the partner's account"
as partner
cat >trust-policy.json <<EOF
{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::$ACCOUNT:root"}, "Action": "sts:AssumeRole",
  "Condition": {"StringEquals": {"sts:ExternalId": "Unique-Id:4/2"}}}]}
EOF
role=$(aws iam create-role --role-name "Partner-$ACCOUNT" --assume-role-policy-document file://trust-policy.json --query Role.Arn --output text)

told 'in ours'
as admin
a_user worker
may worker sts:AssumeRole "$role"
as worker

told 'without it, and with a wrong one: the refusals look the same'
denied sts:AssumeRole "$role" aws sts assume-role --role-arn "$role" --role-session-name work
cp refused.err without.err
denied sts:AssumeRole "$role" aws sts assume-role --role-arn "$role" --role-session-name work --external-id unique-id:4/2
cmp without.err refused.err

told 'with the right one'
same "arn:aws:sts::$PARTNER:assumed-role/Partner-$ACCOUNT/work" \
	"$(aws sts assume-role --role-arn "$role" --role-session-name work --external-id Unique-Id:4/2 | jq -r .AssumedRoleUser.Arn)"
