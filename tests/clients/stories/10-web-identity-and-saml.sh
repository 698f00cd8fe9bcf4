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

told 'SAML: a provider of our own, whose key is in this folder'
idp=$(dirname "$0")/../python/saml_idp.py
as admin
python3 "$idp" metadata . >metadata.xml
provider=$(aws iam create-saml-provider --name Contoso --saml-metadata-document file://metadata.xml --query SAMLProviderArn --output text)
cat >trust-policy.json <<EOF
{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Federated": "$provider"}, "Action": "sts:AssumeRoleWithSAML",
  "Condition": {"StringEquals": {"saml:aud": "https://signin.aws.amazon.com/saml"}}}]}
EOF
role=$(aws iam create-role --role-name Analyst --assume-role-policy-document file://trust-policy.json --query Role.Arn --output text)

unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
ASSERTION=$(python3 "$idp" assertion . "$role" "$provider")
GRANTED=$(aws sts assume-role-with-saml --role-arn "$role" --principal-arn "$provider" --saml-assertion "$ASSERTION")
same "https://contoso.example/saml ann persistent" "$(jq -r '"\(.Issuer) \(.Subject) \(.SubjectType)"' <<<"$GRANTED")"
keys[ann]=$(jq -r '.Credentials | "\(.AccessKeyId) \(.SecretAccessKey) \(.SessionToken)"' <<<"$GRANTED")
as ann
same "arn:aws:sts::$ACCOUNT:assumed-role/Analyst/ann@example.com" "$(aws sts get-caller-identity --query Arn --output text)"

told 'a role that the assertion does not name'
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
refused InvalidIdentityToken "SAML Assertion doesn't contain the requested Role and Metadata in the attributes" \
	aws sts assume-role-with-saml --role-arn "${role}s" --principal-arn "$provider" --saml-assertion "$ASSERTION"
