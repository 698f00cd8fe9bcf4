# The ways in which the provider itself gets its credentials from an STS.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "role" {
  type = string
}

variable "external_id" {
  type = string
}

variable "ci_role" {
  type = string
}

variable "ci_token_file" {
  type = string
}

provider "aws" {}

provider "aws" {
  alias = "assumed"
  assume_role {
    role_arn     = var.role
    external_id  = var.external_id
    session_name = "terraform"
    tags         = { Team = "eng" }
  }
}

provider "aws" {
  alias = "pipeline"
  assume_role_with_web_identity {
    role_arn                = var.ci_role
    session_name            = "job"
    web_identity_token_file = var.ci_token_file
  }
}

data "aws_caller_identity" "user" {}

data "aws_caller_identity" "assumed" {
  provider = aws.assumed
}

data "aws_caller_identity" "pipeline" {
  provider = aws.pipeline
}

output "arns" {
  value = [
    data.aws_caller_identity.user.arn,
    data.aws_caller_identity.assumed.arn,
    data.aws_caller_identity.pipeline.arn,
  ]
}
