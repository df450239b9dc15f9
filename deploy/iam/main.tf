# The role that lets a PrivateLink orchestrator build and remove AWS PrivateLink connections in this account.
# Both policies are the files beside this one.

terraform {
  required_version = ">= 1.3"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "worker_arn" {
  description = "ARN of the identity that the orchestrator's worker runs as."
  type        = string
}

variable "external_id" {
  description = "The external id that the operator gave to you, and to nobody else."
  type        = string
}

variable "role_name" {
  description = "Name of the role."
  type        = string
  default     = "privatelink-provider"
}

resource "aws_iam_role" "privatelink" {
  name        = var.role_name
  description = "Assumed by the PrivateLink orchestrator, with its external id only."
  assume_role_policy = templatefile("${path.module}/trust-policy.json", {
    worker_arn  = var.worker_arn
    external_id = var.external_id
  })
}

resource "aws_iam_role_policy" "privatelink" {
  name   = "privatelink"
  role   = aws_iam_role.privatelink.id
  policy = file("${path.module}/permissions-policy.json")
}

output "role_arn" {
  description = "What goes into a request as aws.role_arn."
  value       = aws_iam_role.privatelink.arn
}
