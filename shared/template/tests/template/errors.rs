//! Every cause, with its exact place, words and help.

use super::stage::check;

#[test]
fn a_plain_template_is_valid() {
    check("Resources:\n  Orders: { Type: AWS::SQS::Queue }\n", &[]);
}
