# Everything of IAM that people keep in Terraform, once as it begins and once as it is changed in place.
# test_terraform.py applies it, changes it, imports it elsewhere and destroys it.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

# Endpoints, keys and region come by AWS_ENDPOINT_URL_STS, AWS_ENDPOINT_URL_IAM and their kin.
provider "aws" {}

variable "changed" {
  type    = bool
  default = false
}

variable "metadata" {
  type = string
}

variable "alias" {
  type = string
}

locals {
  number = var.changed ? "2" : "1"
  tags   = var.changed ? { Team = "ops", added = "" } : { Team = "eng", taken = "away" }
}

data "aws_caller_identity" "me" {}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = var.changed ? ["sts:AssumeRole", "sts:TagSession"] : ["sts:AssumeRole"]
    principals {
      type        = "AWS"
      identifiers = [data.aws_caller_identity.me.account_id, aws_iam_user.ali.arn]
    }
    condition {
      test     = "StringEquals"
      variable = "sts:ExternalId"
      values   = ["id-${local.number}"]
    }
  }
}

data "aws_iam_policy_document" "permissions" {
  statement {
    sid       = "Read${local.number}"
    actions   = ["s3:GetObject", "s3:ListBucket"]
    resources = ["arn:aws:s3:::privet", "arn:aws:s3:::privet/*"]
  }
  statement {
    effect    = "Deny"
    actions   = ["s3:GetObject"]
    resources = ["arn:aws:s3:::privet/$${aws:username}/<&>é"]
  }
}

resource "aws_iam_role" "role" {
  name                 = "TfRole"
  path                 = "/tf/"
  description          = "Role ${local.number}"
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  max_session_duration = var.changed ? 14400 : 3600
  permissions_boundary = var.changed ? aws_iam_policy.boundary.arn : null
  tags                 = local.tags
}

resource "aws_iam_role" "bare" {
  name               = "TfBare"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { Service = "ec2.amazonaws.com" }, Action = "sts:AssumeRole" }] })
}

resource "aws_iam_role_policy" "role" {
  name   = "Inline"
  role   = aws_iam_role.role.id
  policy = data.aws_iam_policy_document.permissions.json
}

resource "aws_iam_policy" "policy" {
  name        = "TfPolicy"
  path        = "/tf/"
  description = "A policy"
  policy      = data.aws_iam_policy_document.permissions.json
  tags        = local.tags
}

resource "aws_iam_policy" "boundary" {
  name   = "TfBoundary"
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "*", Resource = "*" }] })
}

resource "aws_iam_role_policy_attachment" "own" {
  role       = aws_iam_role.role.name
  policy_arn = aws_iam_policy.policy.arn
}

resource "aws_iam_role_policy_attachment" "aws" {
  role       = aws_iam_role.role.name
  policy_arn = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
}

resource "aws_iam_user" "ali" {
  name                 = "tf-ali"
  path                 = "/tf/"
  permissions_boundary = var.changed ? null : aws_iam_policy.boundary.arn
  tags                 = local.tags
}

resource "aws_iam_user" "renamed" {
  name = "tf-renamed-${local.number}"
  path = var.changed ? "/tf/" : "/"
}

# Before this one is deleted, everything a user may have is asked for and deleted.
resource "aws_iam_user" "thorough" {
  name          = "tf-thorough"
  force_destroy = true
}

resource "aws_iam_user_policy" "ali" {
  name   = "Inline"
  user   = aws_iam_user.ali.name
  policy = data.aws_iam_policy_document.permissions.json
}

resource "aws_iam_role_policies_exclusive" "role" {
  role_name    = aws_iam_role.role.name
  policy_names = [aws_iam_role_policy.role.name]
}

resource "aws_iam_role_policy_attachments_exclusive" "role" {
  role_name   = aws_iam_role.role.name
  policy_arns = [aws_iam_role_policy_attachment.own.policy_arn, aws_iam_role_policy_attachment.aws.policy_arn]
}

resource "aws_iam_user_policy_attachment" "ali" {
  user       = aws_iam_user.ali.name
  policy_arn = aws_iam_policy.policy.arn
}

resource "aws_iam_access_key" "ali" {
  user   = aws_iam_user.ali.name
  status = var.changed ? "Inactive" : "Active"
}

resource "aws_iam_user_login_profile" "ali" {
  user = aws_iam_user.ali.name
}

resource "aws_iam_group" "group" {
  name = "tf-group"
  path = "/tf/"
}

resource "aws_iam_group" "renamed" {
  name = "tf-group-${local.number}"
}

resource "aws_iam_group_policy" "group" {
  name   = "Inline"
  group  = aws_iam_group.group.name
  policy = data.aws_iam_policy_document.permissions.json
}

resource "aws_iam_group_policy_attachment" "group" {
  group      = aws_iam_group.group.name
  policy_arn = aws_iam_policy.policy.arn
}

resource "aws_iam_group_membership" "group" {
  name  = "tf-membership"
  group = aws_iam_group.group.name
  users = var.changed ? [aws_iam_user.renamed.name] : [aws_iam_user.ali.name]
}

resource "aws_iam_instance_profile" "machine" {
  name = "TfMachine"
  path = "/tf/"
  role = var.changed ? aws_iam_role.role.name : aws_iam_role.bare.name
  tags = local.tags
}

resource "aws_iam_openid_connect_provider" "ci" {
  url             = "https://token.actions.githubusercontent.com"
  client_id_list  = var.changed ? ["sts.amazonaws.com", "more.example"] : ["sts.amazonaws.com"]
  thumbprint_list = [var.changed ? "1c58a3a8518e8759bf075b76b750d4f2df264fcd" : "6938fd4d98bab03faadb97b34396831e3780aea1"]
  tags            = local.tags
}

resource "aws_iam_saml_provider" "contoso" {
  name                   = "TfContoso"
  saml_metadata_document = var.changed ? replace(var.metadata, "contoso.example", "other.example") : var.metadata
  tags                   = local.tags
}

resource "aws_iam_virtual_mfa_device" "device" {
  virtual_mfa_device_name = "tf-device"
  path                    = "/tf/"
  tags                    = local.tags
}

resource "aws_iam_account_alias" "alias" {
  account_alias = var.alias
}

resource "aws_iam_account_password_policy" "policy" {
  minimum_password_length        = var.changed ? 16 : 12
  require_symbols                = true
  max_password_age               = var.changed ? 90 : null
  allow_users_to_change_password = true
}

resource "aws_iam_security_token_service_preferences" "version" {
  global_endpoint_token_version = var.changed ? "v1Token" : "v2Token"
}

# What others look up.
data "aws_iam_role" "role" {
  name = aws_iam_role.role.name
}

data "aws_iam_user" "ali" {
  user_name = aws_iam_user.ali.name
}

data "aws_iam_group" "group" {
  group_name = aws_iam_group_membership.group.group
}

data "aws_iam_policy" "by_name" {
  name       = aws_iam_policy.policy.name
  depends_on = [aws_iam_policy.policy]
}

data "aws_iam_policy" "aws" {
  arn = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
}

data "aws_iam_roles" "all" {
  name_regex = "^Tf"
  depends_on = [aws_iam_role.role, aws_iam_role.bare]
}

data "aws_iam_users" "all" {
  path_prefix = "/tf/"
  depends_on  = [aws_iam_user.ali]
}

data "aws_iam_access_keys" "ali" {
  user       = aws_iam_user.ali.name
  depends_on = [aws_iam_access_key.ali]
}

data "aws_iam_instance_profile" "machine" {
  name = aws_iam_instance_profile.machine.name
}

data "aws_iam_openid_connect_provider" "ci" {
  url        = "https://token.actions.githubusercontent.com"
  depends_on = [aws_iam_openid_connect_provider.ci]
}

data "aws_iam_saml_provider" "contoso" {
  arn = aws_iam_saml_provider.contoso.arn
}

data "aws_iam_account_alias" "alias" {
  depends_on = [aws_iam_account_alias.alias]
}

output "facts" {
  value = {
    account     = data.aws_caller_identity.me.account_id
    role        = data.aws_iam_role.role.arn
    user        = data.aws_iam_user.ali.arn
    members     = data.aws_iam_group.group.users[*].user_name
    policy      = data.aws_iam_policy.by_name.arn
    of_aws      = data.aws_iam_policy.aws.name
    roles       = sort(tolist(data.aws_iam_roles.all.names))
    users       = sort(tolist(data.aws_iam_users.all.names))
    keys        = data.aws_iam_access_keys.ali.access_keys[*].status
    machine     = data.aws_iam_instance_profile.machine.role_name
    client_ids  = data.aws_iam_openid_connect_provider.ci.client_id_list
    valid_until = data.aws_iam_saml_provider.contoso.valid_until
    alias       = data.aws_iam_account_alias.alias.account_alias
  }
}

output "ids" {
  value = {
    "aws_iam_role.role"                              = aws_iam_role.role.id
    "aws_iam_role.bare"                              = aws_iam_role.bare.id
    "aws_iam_role_policy.role"                       = aws_iam_role_policy.role.id
    "aws_iam_policy.policy"                          = aws_iam_policy.policy.id
    "aws_iam_policy.boundary"                        = aws_iam_policy.boundary.id
    "aws_iam_role_policy_attachment.own"             = "${aws_iam_role.role.name}/${aws_iam_policy.policy.arn}"
    "aws_iam_role_policy_attachment.aws"             = "${aws_iam_role.role.name}/${aws_iam_role_policy_attachment.aws.policy_arn}"
    "aws_iam_user.ali"                               = aws_iam_user.ali.id
    "aws_iam_user.renamed"                           = aws_iam_user.renamed.name
    "aws_iam_user_policy.ali"                        = aws_iam_user_policy.ali.id
    "aws_iam_user_policy_attachment.ali"             = "${aws_iam_user.ali.name}/${aws_iam_policy.policy.arn}"
    "aws_iam_access_key.ali"                         = aws_iam_access_key.ali.id
    "aws_iam_group.group"                            = aws_iam_group.group.id
    "aws_iam_group.renamed"                          = aws_iam_group.renamed.name
    "aws_iam_group_policy.group"                     = aws_iam_group_policy.group.id
    "aws_iam_group_policy_attachment.group"          = "${aws_iam_group.group.name}/${aws_iam_policy.policy.arn}"
    "aws_iam_instance_profile.machine"               = aws_iam_instance_profile.machine.id
    "aws_iam_openid_connect_provider.ci"             = aws_iam_openid_connect_provider.ci.id
    "aws_iam_saml_provider.contoso"                  = aws_iam_saml_provider.contoso.id
    "aws_iam_virtual_mfa_device.device"              = aws_iam_virtual_mfa_device.device.id
    "aws_iam_account_alias.alias"                    = aws_iam_account_alias.alias.id
    "aws_iam_account_password_policy.policy"         = aws_iam_account_password_policy.policy.id
    "aws_iam_role_policies_exclusive.role"           = aws_iam_role.role.name
    "aws_iam_role_policy_attachments_exclusive.role" = aws_iam_role.role.name
  }
}
