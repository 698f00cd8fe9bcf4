# Drawbridge. `make` alone shows what there is; every target is one script in scripts/.
# ARGS goes to the script: make demo ARGS="--listen 127.0.0.1:9080", make test ARGS="python".

.DEFAULT_GOAL := help
.PHONY: help demo test check bench

help: ## show these lines
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' Makefile

demo: ## build Drawbridge and run the whole story on this machine
	@scripts/demo $(ARGS)

test: ## run every test: Rust, then the AWS clients and the browser
	@scripts/test $(ARGS)

check: ## format, lints, floors, docs, dependencies: what CI runs before the tests
	@scripts/check $(ARGS)

bench: ## measure requests per second on one core, beside the hardware's own floor
	@scripts/bench $(ARGS)
