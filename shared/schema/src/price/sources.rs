//! Where the figures are from: AWS's pages of prices, and the day for which each was vouched for by somebody who read the page or
//! AWS's own price list. All are list prices of us-east-1, the first tier, before free tiers, discounts and taxes.

use model::{Date, Source};

const fn listed(page: &'static str, (year, month, day): (i16, i8, i8)) -> Source {
    Source { as_of: Date::constant(year, month, day), page, region: "us-east-1" }
}

pub(super) const API_GATEWAY: Source = listed("https://aws.amazon.com/api-gateway/pricing/", (2026, 8, 26));
pub(super) const CLOUDWATCH: Source = listed("https://aws.amazon.com/cloudwatch/pricing/", (2026, 8, 1));
pub(super) const DYNAMODB: Source = listed("https://aws.amazon.com/dynamodb/pricing/", (2026, 8, 1));
pub(super) const EVENTBRIDGE: Source = listed("https://aws.amazon.com/eventbridge/pricing/", (2026, 6, 1));
pub(super) const FARGATE: Source = listed("https://aws.amazon.com/fargate/pricing/", (2026, 9, 29));
pub(super) const IAM: Source = listed("https://aws.amazon.com/iam/", (2026, 3, 1));
pub(super) const KMS: Source = listed("https://aws.amazon.com/kms/pricing/", (2026, 3, 14));
pub(super) const LAMBDA: Source = listed("https://aws.amazon.com/lambda/pricing/", (2025, 10, 28));
pub(super) const LOAD_BALANCING: Source = listed("https://aws.amazon.com/elasticloadbalancing/pricing/", (2026, 9, 29));
pub(super) const ROUTE_53: Source = listed("https://aws.amazon.com/route53/pricing/", (2026, 9, 24));
pub(super) const S3: Source = listed("https://aws.amazon.com/s3/pricing/", (2026, 3, 23));
pub(super) const SECRETS_MANAGER: Source = listed("https://aws.amazon.com/secrets-manager/pricing/", (2026, 9, 24));
pub(super) const SNS: Source = listed("https://aws.amazon.com/sns/pricing/", (2026, 6, 13));
pub(super) const SQS: Source = listed("https://aws.amazon.com/sqs/pricing/", (2026, 3, 14));
pub(super) const SYSTEMS_MANAGER: Source = listed("https://aws.amazon.com/systems-manager/pricing/", (2026, 3, 23));
pub(super) const VPC: Source = listed("https://aws.amazon.com/vpc/pricing/", (2026, 9, 24));
/// The same page; the hourly price of an endpoint was read earlier.
pub(super) const ENDPOINTS: Source = listed("https://aws.amazon.com/vpc/pricing/", (2025, 10, 28));
