# shellcheck shell=bash
# What the stories have in common. Each sources this file, is `admin` of an account to begin with, and runs in an
# empty folder. `make test` gives each an account of its own (test_stories.py). By hand, against a demo that was just
# started with `make demo`: tests/clients/stories/01-a-role-and-its-two-policies.sh; the account is the demo's dev one.
set -euo pipefail

if [ -z "${ACCOUNT:-}" ]; then
	demo=${DEMO_JSON:-drawbridge-demo/demo.json}
	AWS_ENDPOINT_URL_STS=$(jq -r .url "$demo")
	AWS_ENDPOINT_URL_IAM=$AWS_ENDPOINT_URL_STS
	IDP_URL=$(jq -r .idp_url "$demo")
	AUDIT=$(cd "$(dirname "$demo")" && pwd)/drawbridge-audit.jsonl
	read -r ACCOUNT AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY < <(
		jq -r '.accounts[0] | "\(.id) \(.root.access_key_id) \(.root.secret_access_key)"' "$demo"
	)
	read -r PARTNER PARTNER_ACCESS_KEY_ID PARTNER_SECRET_ACCESS_KEY < <(
		jq -r '.accounts[1] | "\(.id) \(.root.access_key_id) \(.root.secret_access_key)"' "$demo"
	)
	AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1 AWS_PAGER=''
	export AWS_ENDPOINT_URL_STS AWS_ENDPOINT_URL_IAM IDP_URL AUDIT AWS_REGION AWS_DEFAULT_REGION AWS_PAGER
	export ACCOUNT PARTNER
	cd "$(mktemp -d)"
fi

# Whose keys are in the shell: `as ali`. `root` and `partner` are there from the beginning.
declare -A keys=(
	[root]="$AWS_ACCESS_KEY_ID $AWS_SECRET_ACCESS_KEY"
	[partner]="$PARTNER_ACCESS_KEY_ID $PARTNER_SECRET_ACCESS_KEY"
)
as() {
	unset AWS_SESSION_TOKEN
	read -r AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN <<<"${keys[$1]}"
	export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
	[ -n "$AWS_SESSION_TOKEN" ] || unset AWS_SESSION_TOKEN
}

# a_user NAME: makes one in the account of whoever is in the shell, with a key that `as NAME` takes.
a_user() {
	aws iam create-user --user-name "$1" >user.json
	keys[$1]=$(aws iam create-access-key --user-name "$1" | jq -r '.AccessKey | "\(.AccessKeyId) \(.SecretAccessKey)"')
}

# may USER ACTION [RESOURCE]: all that the user may from now on.
may() {
	aws iam put-user-policy --user-name "$1" --policy-name may --policy-document \
		"{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": $(words "$2"), \"Resource\": \"${3:-*}\"}]}"
}
words() { jq -cnR --arg words "$1" '$words | split(" ")'; }

# told THE FACTS: a headline.
told() { printf '\n== %s\n' "$*"; }

failed() {
	printf 'FAILED in line %s: %s\n' "${BASH_LINENO[1]}" "$*" >&2
	exit 1
}

# same WANTED FOUND
same() { [ "$1" = "$2" ] || failed "wanted '$1', found '$2'"; }

# between LEAST MOST FOUND
between() { if [ "$3" -lt "$1" ] || [ "$3" -gt "$2" ]; then failed "wanted $1 to $2, found $3"; fi; }

# refused CODE TEXT COMMAND...: the command must fail with exactly this error, as the AWS CLI prints it.
refused() {
	local code=$1 text=$2 status=0 operation
	shift 2
	"$@" >refused.out 2>refused.err || status=$?
	[ "$status" != 0 ] || failed "granted, wanted $code: $*"
	same '' "$(cat refused.out)"
	operation=$(sed -n 's/.* when calling the \([A-Za-z]*\) operation.*/\1/p' refused.err)
	same "An error occurred ($code) when calling the $operation operation: $text" "$(tail -n 1 refused.err | sed 's/^aws: \[ERROR\]: //')"
}

# denied ACTION RESOURCE COMMAND...: AccessDenied, for whoever is in the shell.
denied() {
	local who action=$1 resource=$2 suffix=''
	who=$(aws sts get-caller-identity --query Arn --output text)
	case $action in iam:*) suffix=" because no identity-based policy allows the $action action" ;; esac
	shift 2
	refused AccessDenied "User: $who is not authorized to perform: $action on resource: $resource$suffix" "$@"
}

as root
a_user admin
aws iam attach-user-policy --user-name admin --policy-arn arn:aws:iam::aws:policy/AdministratorAccess
as admin
