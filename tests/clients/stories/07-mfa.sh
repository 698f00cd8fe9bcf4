#!/usr/bin/env bash
# A deletion goes through only for who has shown a code of the device.
. "$(dirname "$0")/story.sh"

# What an authenticator app shows: codes STEPS-AHEAD...
totp=$(cd "$(dirname "$0")/../python" && pwd)/totp.py
codes() { python3 "$totp" seed.txt "$@"; }

told 'a device for the administrator'
serial=$(aws iam create-virtual-mfa-device --virtual-mfa-device-name admin --outfile seed.txt --bootstrap-method Base32StringSeed \
	--query VirtualMFADevice.SerialNumber --output text)
same "arn:aws:iam::$ACCOUNT:mfa/admin" "$serial"
same 64 "$(tr -d '\n' <seed.txt | wc -c)"
# Codes of the minute that has passed: each counts once, and the next ones are wanted below.
read -r first second < <(codes -2 -1)
aws iam enable-mfa-device --user-name admin --serial-number "$serial" --authentication-code1 "$first" --authentication-code2 "$second"
same "$serial" "$(aws iam list-mfa-devices --user-name admin --query 'MFADevices[].SerialNumber' --output text)"

told 'a picture serves as well'
aws iam create-virtual-mfa-device --virtual-mfa-device-name picture --outfile picture.png --bootstrap-method QRCodePNG >device.json
same '89504e470d0a1a0a' "$(od -An -tx1 -N8 picture.png | tr -d ' \n')"

told 'deletions want a code from now on'
as root
aws iam detach-user-policy --user-name admin --policy-arn arn:aws:iam::aws:policy/AdministratorAccess
aws iam put-user-policy --user-name admin --policy-name careful --policy-document '{"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Action": ["iam:Get*", "iam:List*"], "Resource": "*"},
  {"Effect": "Allow", "Action": "iam:DeleteUser", "Resource": "*", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}]}'
aws iam create-user --user-name leaver >leaver.json
as admin
denied iam:DeleteUser "arn:aws:iam::$ACCOUNT:user/leaver" aws iam delete-user --user-name leaver

told 'a wrong code opens nothing'
refused AccessDenied 'MultiFactorAuthentication failed with invalid MFA one time pass code. ' \
	aws sts get-session-token --serial-number "arn:aws:iam::$ACCOUNT:mfa/admin" --token-code "$(codes 9)" --duration-seconds 3600

told 'the right one does, once'
SESSION=$(aws sts get-session-token --serial-number "arn:aws:iam::$ACCOUNT:mfa/admin" --token-code "$(codes 0)" --duration-seconds 3600)
keys[session]=$(jq -r '.Credentials | "\(.AccessKeyId) \(.SecretAccessKey) \(.SessionToken)"' <<<"$SESSION")
as session
aws iam delete-user --user-name leaver
refused NoSuchEntity 'The user with name leaver cannot be found.' aws iam get-user --user-name leaver
