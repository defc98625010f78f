//! The table of errors. A row earlier in it wins.

use ErrorClass::{
    AlreadyExists, Busy, Denied, DependencyViolation, HoldsData, Invalid, NotFound, NotPropagated, Quota, Throttled,
    Transient,
};
use model::ErrorClass;

/// What a code means where.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// The service; `*` for any.
    pub service: &'static str,
    /// The operations it is about, by the beginning of their names; none for any.
    pub operations: &'static [&'static str],
    /// The code.
    pub code: &'static str,
    /// What the message must contain, where the code alone does not say enough.
    pub message: Option<&'static str>,
    /// What it means.
    pub class: ErrorClass,
}

const fn row(service: &'static str, code: &'static str, class: ErrorClass) -> Row {
    Row { service, operations: &[], code, message: None, class }
}

const fn on(service: &'static str, operations: &'static [&'static str], code: &'static str, class: ErrorClass) -> Row {
    Row { service, operations, code, message: None, class }
}

const fn saying(service: &'static str, code: &'static str, message: &'static str, class: ErrorClass) -> Row {
    Row { service, operations: &[], code, message: Some(message), class }
}

/// Every row.
pub const ROWS: &[Row] = &[
    // Lambda. A role is checked when a function is made, by assuming it; IAM tells every region of a new role and of its
    // policies within seconds, and until then there is nothing but the message to know it by.
    saying("lambda", "InvalidParameterValueException", "cannot be assumed by Lambda", NotPropagated),
    saying("lambda", "InvalidParameterValueException", "execution role does not have permissions", NotPropagated),
    saying("lambda", "InvalidParameterValueException", "Lambda was unable to configure access", NotPropagated),
    saying("lambda", "InvalidParameterValueException", "The provided principal was invalid", NotPropagated),
    saying("lambda", "InvalidParameterValueException", "throttled by EC2", Throttled),
    saying("lambda", "AccessDeniedException", "is not authorized to perform: sts:AssumeRole", NotPropagated),
    on("lambda", &["Create", "AddPermission"], "ResourceConflictException", AlreadyExists),
    row("lambda", "ResourceConflictException", Busy),
    row("lambda", "ResourceInUseException", Busy),
    row("lambda", "ResourceNotReadyException", Busy),
    row("lambda", "PreconditionFailedException", Busy),
    row("lambda", "CodeStorageExceededException", Quota),
    row("lambda", "InvalidParameterValueException", Invalid),
    row("lambda", "InvalidRequestContentException", Invalid),
    row("lambda", "PolicyLengthExceededException", Quota),
    row("lambda", "InvalidCodeSignatureException", Invalid),
    row("lambda", "CodeVerificationFailedException", Invalid),
    row("lambda", "UnsupportedMediaTypeException", Invalid),
    row("lambda", "RequestTooLargeException", Invalid),
    // IAM.
    row("iam", "EntityAlreadyExists", AlreadyExists),
    row("iam", "EntityAlreadyExistsException", AlreadyExists),
    row("iam", "NoSuchEntity", NotFound),
    row("iam", "NoSuchEntityException", NotFound),
    row("iam", "DeleteConflict", DependencyViolation),
    row("iam", "LimitExceeded", Quota),
    row("iam", "ConcurrentModification", Busy),
    row("iam", "EntityTemporarilyUnmodifiable", Busy),
    saying("iam", "MalformedPolicyDocument", "Invalid principal", NotPropagated),
    row("iam", "MalformedPolicyDocument", Invalid),
    row("iam", "PolicyNotAttachable", Invalid),
    row("iam", "UnmodifiableEntity", Invalid),
    row("iam", "InvalidInput", Invalid),
    row("iam", "ServiceFailure", Transient),
    row("iam", "ServiceNotSupported", Invalid),
    // STS.
    row("sts", "RegionDisabledException", Denied),
    // CloudWatch Logs.
    row("logs", "ResourceAlreadyExistsException", AlreadyExists),
    row("logs", "OperationAbortedException", Busy),
    row("logs", "TooManyTagsException", Invalid),
    // S3.
    row("s3", "BucketAlreadyOwnedByYou", AlreadyExists),
    row("s3", "BucketAlreadyExists", AlreadyExists),
    row("s3", "OperationAborted", Busy),
    row("s3", "ConditionalRequestConflict", Busy),
    row("s3", "BucketNotEmpty", HoldsData),
    row("s3", "NoSuchBucket", NotFound),
    row("s3", "NoSuchTagSet", NotFound),
    row("s3", "NoSuchBucketPolicy", NotFound),
    row("s3", "NoSuchLifecycleConfiguration", NotFound),
    row("s3", "NoSuchPublicAccessBlockConfiguration", NotFound),
    row("s3", "NoSuchCORSConfiguration", NotFound),
    row("s3", "NoSuchWebsiteConfiguration", NotFound),
    row("s3", "OwnershipControlsNotFoundError", NotFound),
    row("s3", "ServerSideEncryptionConfigurationNotFoundError", NotFound),
    saying("s3", "MalformedPolicy", "Invalid principal", NotPropagated),
    row("s3", "MalformedPolicy", Invalid),
    row("s3", "TooManyBuckets", Quota),
    row("s3", "SlowDown", Throttled),
    // DynamoDB.
    on("dynamodb", &["CreateTable"], "ResourceInUseException", AlreadyExists),
    row("dynamodb", "ResourceInUseException", Busy),
    row("dynamodb", "TableAlreadyExistsException", AlreadyExists),
    row("dynamodb", "TableInUseException", Busy),
    row("dynamodb", "TableNotFoundException", NotFound),
    row("dynamodb", "ContinuousBackupsUnavailableException", Busy),
    // What its `LimitExceededException` bounds is how many tables change at once.
    row("dynamodb", "LimitExceededException", Throttled),
    // SQS, by its JSON and its query names.
    row("sqs", "QueueDeletedRecently", Busy),
    row("sqs", "AWS.SimpleQueueService.QueueDeletedRecently", Busy),
    row("sqs", "QueueNameExists", AlreadyExists),
    row("sqs", "QueueAlreadyExists", AlreadyExists),
    row("sqs", "QueueDoesNotExist", NotFound),
    row("sqs", "AWS.SimpleQueueService.NonExistentQueue", NotFound),
    row("sqs", "OverLimit", Quota),
    row("sqs", "RequestThrottled", Throttled),
    row("sqs", "InvalidAttributeName", Invalid),
    row("sqs", "InvalidAttributeValue", Invalid),
    // SNS.
    saying("sns", "InvalidParameter", "already exists with different", AlreadyExists),
    row("sns", "TopicLimitExceeded", Quota),
    row("sns", "SubscriptionLimitExceeded", Quota),
    row("sns", "FilterPolicyLimitExceeded", Quota),
    row("sns", "TagLimitExceeded", Quota),
    row("sns", "StaleTag", Busy),
    row("sns", "ConcurrentAccess", Busy),
    row("sns", "NotFound", NotFound),
    row("sns", "ResourceNotFound", NotFound),
    row("sns", "AuthorizationError", Denied),
    row("sns", "InvalidParameter", Invalid),
    row("sns", "Throttled", Throttled),
    // SSM.
    row("ssm", "ParameterAlreadyExists", AlreadyExists),
    row("ssm", "ParameterNotFound", NotFound),
    row("ssm", "InvalidResourceId", NotFound),
    row("ssm", "TooManyUpdates", Throttled),
    row("ssm", "ParameterLimitExceeded", Quota),
    row("ssm", "ParameterMaxVersionLimitExceeded", Quota),
    row("ssm", "HierarchyLevelLimitExceededException", Quota),
    row("ssm", "InternalServerError", Transient),
    // Secrets Manager. What is deleted keeps its name for a while; for everything else it is gone.
    Row {
        service: "secretsmanager",
        operations: &["CreateSecret"],
        code: "InvalidRequestException",
        message: Some("scheduled for deletion"),
        class: AlreadyExists,
    },
    saying("secretsmanager", "InvalidRequestException", "was marked for deletion", NotFound),
    saying("secretsmanager", "InvalidRequestException", "was already scheduled for deletion", NotFound),
    row("secretsmanager", "ResourceExistsException", AlreadyExists),
    row("secretsmanager", "InternalServiceError", Transient),
    row("secretsmanager", "EncryptionFailure", Invalid),
    row("secretsmanager", "DecryptionFailure", Invalid),
    // EventBridge.
    saying("events", "ValidationException", "cannot be assumed by", NotPropagated),
    saying("events", "ValidationException", "can't be deleted since it has targets", Busy),
    row("events", "InvalidEventPatternException", Invalid),
    row("events", "ManagedRuleException", Denied),
    row("events", "OperationDisabledException", Denied),
    row("events", "InternalException", Transient),
    // API Gateway v2.
    saying("apigateway", "ConflictException", "already exists", AlreadyExists),
    saying("apigateway", "ConflictException", "referenced by", DependencyViolation),
    row("apigateway", "ConflictException", Busy),
    row("apigateway", "BadRequestException", Invalid),
    // CloudWatch.
    row("cloudwatch", "LimitExceeded", Quota),
    row("cloudwatch", "LimitExceededFault", Quota),
    row("cloudwatch", "ResourceNotFound", NotFound),
    row("cloudwatch", "ConcurrentModificationException", Busy),
    row("cloudwatch", "InternalServiceFault", Transient),
    // Any service.
    row("*", "Throttling", Throttled),
    row("*", "ThrottlingException", Throttled),
    row("*", "ThrottledException", Throttled),
    row("*", "TooManyRequestsException", Throttled),
    row("*", "RequestLimitExceeded", Throttled),
    row("*", "RequestThrottledException", Throttled),
    row("*", "ProvisionedThroughputExceededException", Throttled),
    row("*", "LimitExceededException", Quota),
    row("*", "ServiceQuotaExceededException", Quota),
    row("*", "ConcurrentModificationException", Busy),
    row("*", "ResourceNotFoundException", NotFound),
    row("*", "NotFoundException", NotFound),
    row("*", "NotFound", NotFound),
    row("*", "ConflictException", Busy),
    row("*", "AccessDenied", Denied),
    row("*", "AccessDeniedException", Denied),
    row("*", "UnauthorizedOperation", Denied),
    row("*", "ExpiredToken", Denied),
    row("*", "ExpiredTokenException", Denied),
    row("*", "InvalidClientTokenId", Denied),
    row("*", "UnrecognizedClientException", Denied),
    row("*", "SignatureDoesNotMatch", Denied),
    row("*", "ValidationError", Invalid),
    row("*", "ValidationException", Invalid),
    row("*", "InvalidParameterException", Invalid),
    row("*", "InvalidParameterValue", Invalid),
    row("*", "InvalidParameterCombination", Invalid),
    row("*", "InvalidRequestException", Invalid),
    row("*", "MissingParameter", Invalid),
    row("*", "RequestTimeout", Transient),
    row("*", "RequestTimeoutException", Transient),
    row("*", "InternalError", Transient),
    row("*", "InternalFailure", Transient),
    row("*", "InternalServerException", Transient),
    row("*", "InternalServerError", Transient),
    row("*", "ServiceException", Transient),
    row("*", "ServiceUnavailable", Transient),
    row("*", "ServiceUnavailableException", Transient),
];

/// The class of a failure: of the first row that fits, or else by the HTTP status.
pub fn class_of(service: &str, operation: &str, code: Option<&str>, status: Option<u16>, message: &str) -> ErrorClass {
    let fits = |row: &&Row| {
        (row.service == "*" || row.service == service)
            && (row.operations.is_empty() || row.operations.iter().any(|name| operation.starts_with(name)))
            && Some(row.code) == code
            && row.message.is_none_or(|part| message.contains(part))
    };
    ROWS.iter().find(fits).map_or_else(|| by_status(status), |row| row.class)
}

fn by_status(status: Option<u16>) -> ErrorClass {
    match status {
        Some(429) => Throttled,
        Some(401 | 403) => Denied,
        Some(404) => NotFound,
        Some(409) => Busy,
        Some(400..=499) => Invalid,
        Some(500..=599) => Transient,
        _ => ErrorClass::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(service: &str, operation: &str, code: &str, message: &str, expect: ErrorClass) {
        let class = class_of(service, operation, Some(code), Some(400), message);
        assert_eq!(class, expect, "{service} {operation} {code} {message}");
    }

    #[test]
    fn every_row_is_reached_by_what_it_describes() {
        for row in ROWS {
            let service = if row.service == "*" { "some-service" } else { row.service };
            let operation = row.operations.first().copied().unwrap_or("UpdateSomething");
            check(service, operation, row.code, row.message.unwrap_or_default(), row.class);
        }
    }

    #[test]
    fn a_role_that_lambda_does_not_know_yet_is_waited_for_and_a_wrong_parameter_is_not() {
        let code = "InvalidParameterValueException";
        check(
            "lambda",
            "CreateFunction",
            code,
            "The role defined for the function cannot be assumed by Lambda.",
            NotPropagated,
        );
        check(
            "lambda",
            "CreateFunction",
            code,
            "The provided execution role does not have permissions to call SendMessage on SQS",
            NotPropagated,
        );
        check("lambda", "CreateFunction", code, "Could not unzip uploaded file.", Invalid);
    }

    #[test]
    fn a_deleted_secret_keeps_its_name_and_is_gone_for_everything_else() {
        let code = "InvalidRequestException";
        let held = "You can't create this secret because a secret with this name is already scheduled for deletion.";
        let gone = "You can't perform this operation on the secret because it was marked for deletion.";
        check("secretsmanager", "CreateSecret", code, held, AlreadyExists);
        check("secretsmanager", "UpdateSecret", code, gone, NotFound);
        check("secretsmanager", "UpdateSecret", code, "something else", Invalid);
    }

    #[test]
    fn a_conflict_means_another_thing_at_creation() {
        check("lambda", "CreateAlias", "ResourceConflictException", "", AlreadyExists);
        check("lambda", "AddPermission", "ResourceConflictException", "", AlreadyExists);
        check("lambda", "UpdateFunctionCode", "ResourceConflictException", "", Busy);
        check("dynamodb", "CreateTable", "ResourceInUseException", "", AlreadyExists);
        check("dynamodb", "UpdateTable", "ResourceInUseException", "", Busy);
    }

    #[test]
    fn without_a_known_code_the_status_decides() {
        for (status, class) in
            [(429, Throttled), (403, Denied), (404, NotFound), (409, Busy), (418, Invalid), (503, Transient)]
        {
            assert_eq!(class_of("lambda", "GetFunction", None, Some(status), ""), class);
        }
        assert_eq!(class_of("lambda", "GetFunction", Some("Odd"), None, ""), ErrorClass::Unknown);
    }
}
