"""Terraform with the real AWS provider, in a folder of its own."""

import json
import os
import pathlib
import shutil
import subprocess

CONFIGURATIONS = pathlib.Path(__file__).resolve().parents[1] / "terraform"
# Set by scripts/test: the program, and a folder with providers where there is one (else the registry is asked).
PROGRAM = os.environ.get("TERRAFORM") or shutil.which("terraform")
PROVIDERS = os.environ.get("TERRAFORM_PROVIDERS")


class Terraform:
    """One configuration with its state, and the commands people give."""

    def __init__(self, demo, keys, configuration: str, folder: pathlib.Path, **variables):
        self.folder, self.variables = folder, variables
        self.environment = demo.environment(
            keys, HOME=str(folder), CHECKPOINT_DISABLE="1", TF_IN_AUTOMATION="1", TF_INPUT="0", TF_CLI_ARGS="-no-color"
        )
        folder.mkdir()
        shutil.copy(CONFIGURATIONS / configuration / "main.tf", folder)
        self("init", *([f"-plugin-dir={PROVIDERS}"] if PROVIDERS else []))

    def __call__(self, *arguments: str, **variables) -> str:
        """Runs a command that must succeed."""
        (self.folder / "terraform.tfvars.json").write_text(json.dumps({**self.variables, **variables}))
        answer = subprocess.run(
            [PROGRAM, *arguments],
            cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=300, check=False,
        )
        assert answer.returncode == 0, f"terraform {' '.join(arguments)}\n{answer.stdout}\n{answer.stderr}"
        return answer.stdout

    def apply(self, **variables) -> str:
        return self("apply", "-auto-approve", **variables)

    def destroy(self, **variables) -> str:
        return self("destroy", "-auto-approve", **variables)

    def plan(self, **variables) -> dict[str, str]:
        """What would happen to which resource; nothing where nothing would. `apply plan` makes it so."""
        lines = map(json.loads, self("plan", "-out=plan", "-json", **variables).splitlines())
        changes = [line["change"] for line in lines if line["type"] == "planned_change"]
        return {change["resource"]["addr"]: change["action"] for change in changes if change["action"] != "read"}

    def output(self, name: str):
        return json.loads(self("output", "-json", name))
