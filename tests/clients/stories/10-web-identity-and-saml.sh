#!/usr/bin/env bash
# A role for those whom somebody else vouches for.
. "$(dirname "$0")/story.sh"

told 'web identity: the CI platform that the demo registered in every account'
issuer=${IDP_URL#*://}/ci
provider=arn:aws:iam::$ACCOUNT:oidc-provider/$issuer
same "$issuer" "$(aws iam get-open-id-connect-provider --open-id-connect-provider-arn "$provider" --query Url --output text)"
audience=$(aws iam get-open-id-connect-provider --open-id-connect-provider-arn "$provider" --query 'ClientIDList[0]' --output text)
cat >trust-policy.json <<EOF
{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Federated": "$provider"}, "Action": "sts:AssumeRoleWithWebIdentity",
  "Condition": {"StringEquals": {"$issuer:aud": "$audience", "$issuer:sub": "repo:acme/app:ref:refs/heads/main"}}}]}
EOF
role=$(aws iam create-role --role-name Pipeline --assume-role-policy-document file://trust-policy.json --query Role.Arn --output text)

token() { curl -fsS "$IDP_URL/ci/token?repository=acme/app&ref=$1" | jq -r .value; }
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
TOKEN=$(token refs/heads/main)
GRANTED=$(aws sts assume-role-with-web-identity --role-arn "$role" --role-session-name job --web-identity-token "$TOKEN")
same "$provider $audience repo:acme/app:ref:refs/heads/main" "$(jq -r '"\(.Provider) \(.Audience) \(.SubjectFromWebIdentityToken)"' <<<"$GRANTED")"
keys[job]=$(jq -r '.Credentials | "\(.AccessKeyId) \(.SecretAccessKey) \(.SessionToken)"' <<<"$GRANTED")
as job
same "arn:aws:sts::$ACCOUNT:assumed-role/Pipeline/job" "$(aws sts get-caller-identity --query Arn --output text)"

told 'another branch'
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
TOKEN=$(token refs/heads/other)
refused AccessDenied 'Not authorized to perform sts:AssumeRoleWithWebIdentity' \
	aws sts assume-role-with-web-identity --role-arn "$role" --role-session-name job --web-identity-token "$TOKEN"

# aws sts assume-role-with-saml --role-arn ... --principal-arn ... --saml-assertion "$ASSERTION"
told 'SKIPPED: SAML (this version has no AssumeRoleWithSAML)'
