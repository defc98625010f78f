//! References to stored values, and functions that stand wrongly.

use super::{AROUND, check, check_output, expanded_text};

#[test]
fn stored_values_are_looked_up() {
    check(r#""{{resolve:ssm:level:2}}""#, r#""debug""#);
    check(r#""a {{resolve:ssm:level:2}} b {{resolve:ssm:/shop/names}}""#, r#""a debug b a,b""#);
    check(r#"!Sub "x-{{resolve:ssm:level:2}}-${Stage}""#, r#""x-debug-dev""#);
    check(r#"!Sub "{{resolve:ssm:/${Project}/names}}""#, r#""a,b""#);
    check(r#"!Join ["", ["{{resolve:ssm:/shop/", names, "}}"]]"#, r#""a,b""#);
    check(
        r#"!Join ["", [!Ref Queue, "{{resolve:ssm:level:2}}"]]"#,
        r#"{"Fn::Join":["",[{"Ref":"main/Queue"},"debug"]]}"#,
    );
    check(r#""{{resolve:ssm:elsewhere:1}}""#, r#"looks up [{"name":"elsewhere","of":"parameter","version":1}]"#);
    check(
        r#"["{{resolve:ssm:a:1}}", "{{resolve:ssm:b}}"]"#,
        r#"looks up [{"name":"a","of":"parameter","version":1},{"name":"b","of":"parameter"}]"#,
    );
    check("!GetAZs us-east-1", r#"looks up [{"of":"zones","region":"us-east-1"}]"#);
}

#[test]
fn secrets_stay_as_they_are() {
    check(r#""{{resolve:ssm-secure:/db/password:3}}""#, r#""{{resolve:ssm-secure:/db/password:3}}""#);
    check(r#""{{resolve:ssm-secure:password}}""#, r#""{{resolve:ssm-secure:password}}""#);
    check(
        r#""{{resolve:secretsmanager:MySecret:SecretString:password}}""#,
        r#""{{resolve:secretsmanager:MySecret:SecretString:password}}""#,
    );
    check(r#""{{resolve:secretsmanager:MySecret}}""#, r#""{{resolve:secretsmanager:MySecret}}""#);
    check(
        r#""{{resolve:secretsmanager:MySecret:SecretString:password:AWSPREVIOUS}}""#,
        r#""{{resolve:secretsmanager:MySecret:SecretString:password:AWSPREVIOUS}}""#,
    );
    check(
        r#""{{resolve:secretsmanager:arn:aws:secretsmanager:eu-central-1:123456789012:secret:MySecret-a1b2c3:SecretString:password::EXAMPLE1}}""#,
        r#""{{resolve:secretsmanager:arn:aws:secretsmanager:eu-central-1:123456789012:secret:MySecret-a1b2c3:SecretString:password::EXAMPLE1}}""#,
    );
    check(
        r#""{{resolve:secretsmanager:arn:aws:secretsmanager:eu-central-1:123456789012:secret:MySecret-a1b2c3}}""#,
        r#""{{resolve:secretsmanager:arn:aws:secretsmanager:eu-central-1:123456789012:secret:MySecret-a1b2c3}}""#,
    );
    check("!Ref Password", r#""{{resolve:ssm-secure:password:1}}""#);
    check(r#"!Sub "user:${Password}""#, r#""user:{{resolve:ssm-secure:password:1}}""#);
    check(
        r#"!Join ["", ["{{resolve:secretsmanager:", !Ref Thing, ":SecretString:password::}}"]]"#,
        r#"{"Fn::Join":["",["{{resolve:secretsmanager:",{"Ref":"main/Thing"},":SecretString:password::}}"]]}"#,
    );
    check(
        r#"!Sub "{{resolve:secretsmanager:${Thing}:SecretString:password}}""#,
        r#"{"Fn::Join":["",["{{resolve:secretsmanager:",{"Ref":"main/Thing"},":SecretString:password}}"]]}"#,
    );
    check(
        r#"!Sub "{{resolve:ssm-secure:${Thing}:1}}""#,
        r#"{"Fn::Join":["",["{{resolve:ssm-secure:",{"Ref":"main/Thing"},":1}}"]]}"#,
    );
}

#[test]
fn wrong_references_to_stored_values_are_told() {
    check(
        r#""{{resolve:ssm:level:latest}}""#,
        r#"wrong-reference at "{{resolve:ssm:level:latest}}": a reference to a stored value does not name an SSM parameter; write `{{resolve:ssm:name:version}}`; the version may be left out"#,
    );
    check(
        r#""{{resolve:ssm:le vel:1}}""#,
        r#"wrong-reference at "{{resolve:ssm:le vel:1}}": a reference to a stored value does not name an SSM parameter; write `{{resolve:ssm:name:version}}`; the version may be left out"#,
    );
    check(
        r#""{{resolve:ssm::1}}""#,
        r#"wrong-reference at "{{resolve:ssm::1}}": a reference to a stored value does not name an SSM parameter; write `{{resolve:ssm:name:version}}`; the version may be left out"#,
    );
    check(
        r#""{{resolve:ssm:level:0}}""#,
        r#"wrong-reference at "{{resolve:ssm:level:0}}": a reference to a stored value does not name an SSM parameter; write `{{resolve:ssm:name:version}}`; the version may be left out"#,
    );
    check(
        r#""{{resolve:sms:level:1}}""#,
        r#"wrong-reference at "{{resolve:sms:level:1}}": a reference to a stored value names a service that stores none; did you mean `ssm`?"#,
    );
    check(
        r#""{{resolve:vault:level:1}}""#,
        r#"wrong-reference at "{{resolve:vault:level:1}}": a reference to a stored value names a service that stores none; it may be `ssm`, `ssm-secure` or `secretsmanager`"#,
    );
    check(
        r#""{{resolve:ssm:level:2""#,
        r#"wrong-reference at "{{resolve:ssm:level:2": a reference to a stored value has no end; end it with `}}`"#,
    );
    check(
        r#""{{resolve:secretsmanager:}}""#,
        r#"wrong-reference at "{{resolve:secretsmanager:}}": a reference to a stored value does not name a secret; write `{{resolve:secretsmanager:id:SecretString:json-key:stage:version}}`, with a stage or a version but not both"#,
    );
    check(
        r#""{{resolve:secretsmanager:MySecret:SecretBinary}}""#,
        r#"wrong-reference at "{{resolve:secretsmanager:MySecret:SecretBinary}}": a reference to a stored value does not name a secret; write `{{resolve:secretsmanager:id:SecretString:json-key:stage:version}}`, with a stage or a version but not both"#,
    );
    check(
        r#""{{resolve:secretsmanager:MySecret:SecretString:a:b:c}}""#,
        r#"wrong-reference at "{{resolve:secretsmanager:MySecret:SecretString:a:b:c}}": a reference to a stored value does not name a secret; write `{{resolve:secretsmanager:id:SecretString:json-key:stage:version}}`, with a stage or a version but not both"#,
    );
    check(
        r#""{{resolve:secretsmanager:MySecret:SecretString:a:b::d}}""#,
        r#"wrong-reference at "{{resolve:secretsmanager:MySecret:SecretString:a:b::d}}": a reference to a stored value does not name a secret; write `{{resolve:secretsmanager:id:SecretString:json-key:stage:version}}`, with a stage or a version but not both"#,
    );
    check(
        r#""{{resolve:secretsmanager:arn:aws:secretsmanager:eu-central-1}}""#,
        r#"wrong-reference at "{{resolve:secretsmanager:arn:aws:secretsmanager:eu-central-1}}": a reference to a stored value does not name a secret; write `{{resolve:secretsmanager:id:SecretString:json-key:stage:version}}`, with a stage or a version but not both"#,
    );
    check(
        r#"!Sub "{{resolve:ssm:${Queue}:1}}""#,
        r#"known-too-late at "{{resolve:ssm:${Queue}:1}}": which SSM parameter this is is known only once resources exist, and is needed before; name it with text, parameters and mappings"#,
    );
    check(
        r#"!Sub "{{resolve:secretsmanager:${Thing}:SecretBinary}}""#,
        r#"wrong-reference at "{{resolve:secretsmanager:${Thing}:SecretBinary}}": a reference to a stored value does not name a secret; write `{{resolve:secretsmanager:id:SecretString:json-key:stage:version}}`, with a stage or a version but not both"#,
    );
    check(
        r#"!Sub "{{resolve:secretsmanager:${Thing}""#,
        r#"wrong-reference at "{{resolve:secretsmanager:${Thing}": a reference to a stored value has no end; end it with `}}`"#,
    );
    check(
        r#""{{resolve:}}""#,
        r#"wrong-reference at "{{resolve:}}": a reference to a stored value names a service that stores none; it may be `ssm`, `ssm-secure` or `secretsmanager`"#,
    );
    check(
        r#"{ "Fn::Base64": "{{resolve:ssm:level:2}}" }"#,
        r#"misplaced-reference at "{{resolve:ssm:level:2}}": a stored value cannot stand in `Fn::Base64`: AWS does not look for one there; let what runs read the value itself"#,
    );
    check(
        r#"{ "Fn::Base64": !Ref Password }"#,
        "misplaced-reference at Password: a stored value cannot stand in `Fn::Base64`: AWS does not look for one there; let what runs read the value itself",
    );
    check(
        "!FindInMap [Sizes, !Ref Password, small]",
        "misplaced-reference at Password: a secret cannot stand in what must be known before anything exists: it is read only when a property is sent; refer to it in a property",
    );
    check(
        r#"!ImportValue "{{resolve:secretsmanager:MySecret}}""#,
        r#"misplaced-reference at "{{resolve:secretsmanager:MySecret}}": a secret cannot stand in what must be known before anything exists: it is read only when a property is sent; refer to it in a property"#,
    );
}

#[test]
fn no_secret_stands_in_an_output() {
    check_output(
        r#""{{resolve:secretsmanager:MySecret}}""#,
        r#"misplaced-reference at "{{resolve:secretsmanager:MySecret}}": a secret cannot stand in an output: outputs are kept and shown in the history; refer to it in a property"#,
    );
    check_output(
        "!Ref Password",
        "misplaced-reference at Password: a secret cannot stand in an output: outputs are kept and shown in the history; refer to it in a property",
    );
    check_output(
        r#"!Sub "x${Password}""#,
        r#"misplaced-reference at "x${Password}": a secret cannot stand in an output: outputs are kept and shown in the history; refer to it in a property"#,
    );
    check_output(
        r#"!Sub "{{resolve:secretsmanager:${Thing}}}""#,
        r#"misplaced-reference at "{{resolve:secretsmanager:${Thing}}}": a secret cannot stand in an output: outputs are kept and shown in the history; refer to it in a property"#,
    );
    check_output(r#""{{resolve:ssm:level:2}}""#, r#""debug""#);
    check_output("!GetAtt Queue.Arn", r#"{"Fn::GetAtt":["main/Queue","Arn"]}"#);
    check_output(r#"!Sub "${Stage}""#, r#""dev""#);
}

#[test]
fn functions_that_do_not_exist_or_stand_wrongly_are_told() {
    check(
        r#"{ "Fn::Joint": ["", [a]] }"#,
        r#"unknown-function at "Fn::Joint": there is no function `Fn::Joint`; did you mean `Fn::Join`?"#,
    );
    check(
        r#"{ "Fn::Reference": a }"#,
        r#"unknown-function at "Fn::Reference": there is no function `Fn::Reference`; functions of macros are not supported"#,
    );
    check(
        r#"{ "Fn::Whatever": a }"#,
        r#"unknown-function at "Fn::Whatever": there is no function `Fn::Whatever`; functions of macros are not supported"#,
    );
    check(
        r#"{ "Fn::Transform": { Name: "AWS::Include" } }"#,
        r#"unsupported at "Fn::Transform": `Fn::Transform` is not supported; write what the macro would give"#,
    );
    check(
        r#"{ "Fn::If": [IsDev, a, b], Other: c }"#,
        r#"misplaced-function at "Fn::If": `Fn::If` stands beside other keys, and a function stands alone; give it a mapping of its own, as the value of one key"#,
    );
    check(
        r#"{ Other: c, "Fn::Transform": {} }"#,
        r#"unsupported at "Fn::Transform": `Fn::Transform` is not supported; write what the macro would give"#,
    );
    check(
        r#"{ "Fn::Sub": a, "Fn::Join": b }"#,
        r#"misplaced-function at "Fn::Sub": `Fn::Sub` stands beside other keys, and a function stands alone; give it a mapping of its own, as the value of one key | misplaced-function at "Fn::Join": `Fn::Join` stands beside other keys, and a function stands alone; give it a mapping of its own, as the value of one key"#,
    );
    check("{ Ref: Stage, Other: c }", r#"{"Other":"c","Ref":"Stage"}"#);
}

#[test]
fn no_message_says_what_nobody_may_see() {
    for value in [
        "!Ref Password",
        "!Sub 'x${Password}'",
        "!FindInMap [Sizes, !Ref Password, small]",
        "!Select [!Ref Password, [a]]",
        "!Join ['', !Ref Password]",
        "!Cidr [!Ref Password, 1, 8]",
        "!Cidr ['10.0.0.0/8', !Ref Password, 8]",
        "!GetAtt [Queue, !Ref Password]",
        "!GetAZs { Ref: Password }",
        "{ 'Fn::ImportValue': !Ref Password }",
        "{ 'Fn::ImportValue': !Sub 'x-${Password}' }",
        "{ 'Fn::Base64': !Ref Password }",
        "{ 'Fn::ToJsonString': { a: !Ref Password } }",
    ] {
        let around = AROUND.replace("{{resolve:ssm-secure:password:1}}", "hunter2");
        let resource =
            format!("  Test: {{ Type: 'Custom::Test', Properties: {{ ServiceToken: a, Value: {value} }} }}\n");
        let outputs = format!("Outputs: {{ Test: {{ Value: {value}, Export: {{ Name: {value} }} }} }}\n");
        let template = format!("Transform: AWS::LanguageExtensions\n{around}{resource}{outputs}");
        let (expansion, report) = expanded_text(&template);
        let helps = report.problems().iter().filter_map(|problem| problem.help.as_deref());
        let told = format!("{report} {} {:?}", helps.collect::<String>(), expansion.lookups);
        assert!(told.contains("secret") && !told.contains("hunter2"), "{value}: {told}");
        assert!(!format!("{:?}", expansion.resources).contains("hunter2"), "{value}");
    }
}
