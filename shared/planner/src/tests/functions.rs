use super::*;

/// A function whose variables are made of a queue's attribute by every function that may be left.
fn around(queue_is_fifo: bool) -> Desired {
    let arn = || json!({ "Fn::GetAtt": ["a/Q", "Arn"] });
    let variables = json!({
        "Name": { "Fn::Select": [1, { "Fn::Split": [":", arn()] }] },
        "Encoded": { "Fn::Base64": { "Fn::Join": ["", ["at ", arn()]] } },
        "Settings": { "Fn::ToJsonString": { "queue": arn() } },
        "Parts": { "Fn::Length": { "Fn::Split": [":", arn()] } },
    });
    desired(&[
        ("a/F", resource("AWS::Lambda::Function", json!({ "Environment": { "Variables": variables } }))),
        ("a/Q", resource("AWS::SQS::Queue", json!({ "FifoQueue": queue_is_fifo }))),
    ])
}

#[test]
fn what_functions_make_of_an_attribute_is_sent_again_once_that_is_another() {
    let first = planned(&around(false), &Recorded::default(), false).unwrap();
    assert_eq!(keys(&first), ["a/Q@1", "a/F@1"]);
    let recorded = carried_out(&first, &Recorded::default());
    let sent = &recorded.resources[&"a/F@1".parse().unwrap()].sent.0["Environment"]["Variables"];
    let arn = format!("arn:{}", recorded.resources[&"a/Q@1".parse().unwrap()].physical_id.as_ref().unwrap());
    assert_eq!(sent["Settings"], json!(json!({ "queue": arn }).to_string()));
    assert_eq!(sent["Parts"], json!(arn.split(':').count()));

    assert!(planned(&around(false), &recorded, false).unwrap().changes.is_empty());
    let plan = planned(&around(true), &recorded, false).unwrap();
    assert_eq!(keys(&plan), ["a/Q@2", "a/F@1", "a/Q@1"]);
}

#[test]
fn a_function_that_was_sent_with_another_value_is_sent_again() {
    let first = planned(&around(false), &Recorded::default(), false).unwrap();
    let mut recorded = carried_out(&first, &Recorded::default());
    let queue = recorded.resources.get_mut(&"a/Q@1".parse().unwrap()).unwrap();
    queue.attributes.insert("Arn".to_owned(), json!("arn:moved"));
    let plan = planned(&around(false), &recorded, false).unwrap();
    assert_eq!(keys(&plan), ["a/F@1"]);
}
