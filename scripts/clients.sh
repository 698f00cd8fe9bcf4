# shellcheck shell=bash
# Where other people's clients live on this machine. Sourced after machine.sh; does nothing by itself.

clients=${project:?}/tests/clients
venv=$clients/.work/venv
export clients venv

# The folder of PostgreSQL's server programs; Debian keeps it off the PATH.
postgres_bin() {
	local program
	for program in "$(type -P initdb)" /usr/lib/postgresql/*/bin/initdb; do
		if [ -x "$program" ]; then
			dirname "$program"
			return 0
		fi
	done
	return 1
}

find_chromium() {
	local program
	for program in "${CHROMIUM:-}" chromium chromium-browser google-chrome; do
		if [ -n "$program" ] && type -P "$program"; then return 0; fi
	done
	return 1
}

# SimpleSAMLphp's folder: named, unpacked by install-test, or installed by the distribution.
find_simplesamlphp() {
	local folder
	for folder in "${SIMPLESAMLPHP:-}" "$clients/.work/simplesamlphp/usr/share/simplesamlphp" /usr/share/simplesamlphp; do
		if [ -n "$folder" ] && [ -e "$folder/www/saml2/idp/SSOService.php" ]; then
			printf '%s\n' "$folder"
			return 0
		fi
	done
	return 1
}

# PHP on the command line with what SimpleSAMLphp asks of it.
has_php() {
	have php && php -r 'exit(extension_loaded("dom") && extension_loaded("openssl") ? 0 : 1);'
}

find_terraform() {
	local program
	for program in "${TERRAFORM:-}" terraform "$clients/.work/bin/terraform"; do
		if [ -n "$program" ] && type -P "$program"; then return 0; fi
	done
	return 1
}

# A folder with Terraform's AWS provider (`terraform providers mirror` makes one), named or where people put such things; without
# it Terraform's registry is asked.
find_terraform_providers() {
	local folder
	for folder in "${TERRAFORM_PROVIDERS:-}" "$clients/.work/providers" ~/.terraform.d/plugins /usr/share/terraform/plugins \
		/usr/local/share/terraform/plugins /opt/*; do
		if [ -n "$folder" ] && [ -d "$folder/registry.terraform.io/hashicorp/aws" ]; then
			printf '%s\n' "$folder"
			return 0
		fi
	done
	return 1
}

# Puts a Node that is new enough first on the PATH: the system's, else the one in the venv.
use_node() {
	node_is_new_enough && return 0
	[ -x "$venv/bin/node" ] || return 1
	PATH="$venv/bin:$PATH"
	node_is_new_enough
}

node_is_new_enough() {
	have npm && have node && at_least 20 "$(node --version | tr -d v)"
}
