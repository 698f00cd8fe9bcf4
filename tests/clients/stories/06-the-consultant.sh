#!/usr/bin/env bash
# A role in the client's account for the consultant's users: both sides must say yes.
. "$(dirname "$0")/story.sh"

# The consultant's account is ours; the partner is the client.
a_user consultant
cat >trust-policy.json <<EOF
{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::$ACCOUNT:root"}, "Action": "sts:AssumeRole"}]}
EOF
cat >nobody.json <<EOF
{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::$PARTNER:root"}, "Action": "sts:AssumeRole"}]}
EOF
role=arn:aws:iam::$PARTNER:role/ConsultantRole-$ACCOUNT
client() {
	as partner
	aws iam update-assume-role-policy --role-name "ConsultantRole-$ACCOUNT" --policy-document "file://$1"
	as consultant
}
as partner
aws iam create-role --role-name "ConsultantRole-$ACCOUNT" --assume-role-policy-document file://nobody.json >role.json

told 'neither side'
as consultant
denied sts:AssumeRole "$role" aws sts assume-role --role-arn "$role" --role-session-name audit

told "the client's side alone"
client trust-policy.json
denied sts:AssumeRole "$role" aws sts assume-role --role-arn "$role" --role-session-name audit

told "the consultant's side alone"
client nobody.json
as admin
may consultant sts:AssumeRole "$role"
as consultant
denied sts:AssumeRole "$role" aws sts assume-role --role-arn "$role" --role-session-name audit

told 'both'
client trust-policy.json
same "arn:aws:sts::$PARTNER:assumed-role/ConsultantRole-$ACCOUNT/audit" \
	"$(aws sts assume-role --role-arn "$role" --role-session-name audit --query AssumedRoleUser.Arn --output text)"
