//! `Fn::Sub`, `Fn::Join`, `Fn::Base64` and `Fn::ToJsonString`.

use super::{check, check_plain};

#[test]
fn sub_gives_text_where_everything_is_known() {
    check("!Sub plain", r#""plain""#);
    check(r#"!Sub "www.${Stage}.example""#, r#""www.dev.example""#);
    check(r#"!Sub ["${A}-${B}", { A: !Ref Stage, B: 5 }]"#, r#""dev-5""#);
    check(r#"!Sub "${AWS::Region}/${Count}""#, r#""eu-central-1/3""#);
    check(r#"!Sub "${!Literal} $ {} ${""#, r#""${Literal} $ {} ${""#);
    check(r#"!Sub ["${Stage}", { Stage: mine }]"#, r#""mine""#);
    check(r#"!Sub """#, r#""""#);
    check(r#"!Sub "{{${Stage}}}""#, r#""{{dev}}""#);
    check(r#"!Sub ["${A.B}", { "A.B": x }]"#, r#""x""#);
    check(r#"!Sub ["${A}", { A: true }]"#, r#""true""#);
    check(r#"!Sub "$${Stage}""#, r#""$dev""#);
}

#[test]
fn sub_becomes_a_join_where_something_is_known_later() {
    check(r#"!Sub "${Queue}""#, r#"{"Ref":"main/Queue"}"#);
    check(r#"!Sub "${Queue.Arn}""#, r#"{"Fn::GetAtt":["main/Queue","Arn"]}"#);
    check(
        r#"!Sub "x-${Queue.Arn}-y-${Stage}""#,
        r#"{"Fn::Join":["",["x-",{"Fn::GetAtt":["main/Queue","Arn"]},"-y-dev"]]}"#,
    );
    check(
        r#"!Sub "${Database.Endpoint.Address}:${Database.Endpoint.Port}""#,
        r#"{"Fn::Join":["",[{"Fn::GetAtt":["main/Database","Endpoint.Address"]},":",{"Fn::GetAtt":["main/Database","Endpoint.Port"]}]]}"#,
    );
    check(
        r#"!Sub ["${A}/${data/Table.Arn}/index", { A: !Sub "a${Queue}b" }]"#,
        r#"{"Fn::Join":["",["a",{"Ref":"main/Queue"},"b/",{"Fn::GetAtt":["data/Table","Arn"]},"/index"]]}"#,
    );
    check(r#"!Sub "${Thing.Port}""#, r#"{"Fn::Join":["",[{"Fn::GetAtt":["main/Thing","Port"]}]]}"#);
    check(r#"!Sub "${main/Queue}""#, r#"{"Ref":"main/Queue"}"#);
}

#[test]
fn what_is_wrong_with_sub_is_told_at_its_place_in_the_text() {
    check(
        r#"!Sub "a ${Stag} b ${Queue.Arm}""#,
        "unknown-resource at Stag: there is no parameter or resource `Stag`; did you mean `Stage`? | unknown-attribute at Queue.Arm: `Queue` has no attribute `Arm`: resources of type `AWS::SQS::Queue` have none of that name; did you mean `Arn`?",
    );
    check("!Sub 'a ${Queu.Arn} b'", "unknown-resource at Queu.Arn: there is no resource `Queu`; did you mean `Queue`?");
    check(
        "!Sub plain${Nothing}",
        "unknown-resource at Nothing: there is no parameter or resource `Nothing`; did you mean `Thing`?",
    );
    check(
        r#"!Sub "${}""#,
        "wrong-name at ${}: `${}` names nothing; a name has letters, digits, `_`, `.` and `:`; text that looks like one is written `${!Text}`",
    );
    check(
        r#"!Sub "${ Stage }""#,
        "wrong-name at  Stage : `${ Stage }` has a character that no name has; a name has letters, digits, `_`, `.` and `:`; text that looks like one is written `${!Text}`",
    );
    check(
        r#"!Sub "${Stage.}""#,
        "wrong-name at Stage.: `${Stage.}` has nothing on one side of a `.`; a name has letters, digits, `_`, `.` and `:`; text that looks like one is written `${!Text}`",
    );
    check(
        r#"!Sub "${Blocks}""#,
        "wrong-type at Blocks: `${Blocks}` must be text, not a list; take one item with `Fn::Select`, or join all with `Fn::Join`",
    );
    check(
        r#"!Sub "${AWS::NoValue}""#,
        "wrong-type at AWS::NoValue: `${AWS::NoValue}` must be text, not `AWS::NoValue`; give it a value",
    );
    check(
        "!Sub [a, b, c]",
        "wrong-arguments at [a, b, c]: `Fn::Sub` takes a text, or a text and a mapping; write `Fn::Sub: ['…${Name}…', {Name: value}]`",
    );
    check(
        "!Sub [a]",
        "wrong-arguments at [a]: `Fn::Sub` takes a text, or a text and a mapping; write `Fn::Sub: ['…${Name}…', {Name: value}]`",
    );
    check(
        r#"!Sub ["${A}", [x]]"#,
        "wrong-type at [x]: what `Fn::Sub` replaces names by must be a mapping, not a list; write `{Name: value}`",
    );
    check(
        r#"!Sub ["${A}", { A: [x] }]"#,
        "wrong-type at [x]: `${A}` must be text, not a list; take one item with `Fn::Select`, or join all with `Fn::Join`",
    );
    check(
        "!Sub { Ref: Stage }",
        "misplaced-function at { Ref: Stage }: the text of `Fn::Sub` must be written out: `Ref` cannot stand here; write plain text",
    );
    check(
        "!Sub [!Ref Stage, {}]",
        "misplaced-function at Stage: the text of `Fn::Sub` must be written out: `Ref` cannot stand here; write plain text",
    );
    check(
        r#"!Sub ["${A}", { A: !Ref AWS::NoValue }]"#,
        "wrong-type at AWS::NoValue: `${A}` must be text, not `AWS::NoValue`; give it a value",
    );
    check(
        r#"!Sub "${Absent}""#,
        "unknown-resource at Absent: `Absent` is not there: its condition `IsProd` does not hold; refer to it only where that holds: `Fn::If: [IsProd, …, …]`",
    );
    check(
        r#"!Sub "${a/b/c}""#,
        "unknown-resource at a/b/c: there is no parameter or resource `a/b/c`; what another stack has is called `stack/LogicalId`",
    );
    check(
        r#"!Sub ["${A}", { A: !Split [",", !Ref Queue] }]"#,
        r#"wrong-type at [",", !Ref Queue]: `${A}` must be text, not the value of `Fn::Split`; take one item with `Fn::Select`, or join all with `Fn::Join`"#,
    );
    check(
        r#"!Sub "a\tb ${Stag}""#,
        "unknown-resource at Stag: there is no parameter or resource `Stag`; did you mean `Stage`?",
    );
    check(
        "!Sub |\n        one ${Stage}\n        two ${Stag} ${Queue.Arm}\n",
        "unknown-resource at Stag: there is no parameter or resource `Stag`; did you mean `Stage`? | unknown-attribute at Queue.Arm: `Queue` has no attribute `Arm`: resources of type `AWS::SQS::Queue` have none of that name; did you mean `Arn`?",
    );
    check(
        "!Sub >-\n        ${Stag} ${!Stag}\n        ${Stag} b\n",
        "unknown-resource at Stag: there is no parameter or resource `Stag`; did you mean `Stage`? | unknown-resource at Stag: there is no parameter or resource `Stag`; did you mean `Stage`?",
    );
}

#[test]
fn join_puts_texts_together() {
    check(
        r#"!Join ["", ["arn:", !Ref AWS::Partition, ":s3:::elasticbeanstalk-*-", !Ref AWS::AccountId]]"#,
        r#""arn:aws:s3:::elasticbeanstalk-*-123456789012""#,
    );
    check(r#"!Join [":", [a, b, c]]"#, r#""a:b:c""#);
    check(r#"!Join [",", !Ref Blocks]"#, r#""10.0.48.0/24,10.0.112.0/24,10.0.176.0/24""#);
    check(r#"!Join ["", []]"#, r#""""#);
    check(r#"!Join ["-", [1, true, 2.50]]"#, r#""1-true-2.50""#);
    check(r#"!Join ["", ["a", !Ref AWS::NoValue, "b"]]"#, r#""ab""#);
    check(r#"!Join [",", [a, !Join [",", [b, c]], !Join ["-", [d, e]]]]"#, r#""a,b,c,d-e""#);
    check(r#"!Join ["/", !Split [",", "a,b"]]"#, r#""a/b""#);
    check(r#"!Join ["-", !GetAZs ""]"#, r#""eu-central-1a-eu-central-1b-eu-central-1c""#);
    check(r#"!Join [" ", [a, ""]]"#, r#""a ""#);
}

#[test]
fn join_keeps_what_is_known_later_and_folds_what_stands_between() {
    check(
        r#"!Join ["", [a, b, !Ref Queue, c, !Ref Stage]]"#,
        r#"{"Fn::Join":["",["ab",{"Ref":"main/Queue"},"cdev"]]}"#,
    );
    check(
        r#"!Join ["-", [a, b, !Ref Queue, c, !Ref Stage]]"#,
        r#"{"Fn::Join":["-",["a-b",{"Ref":"main/Queue"},"c-dev"]]}"#,
    );
    check(r#"!Join ["", [!Ref Queue]]"#, r#"{"Ref":"main/Queue"}"#);
    check(r#"!Join [",", [!GetAtt Queue.Arn]]"#, r#"{"Fn::GetAtt":["main/Queue","Arn"]}"#);
    check(r#"!Join [",", [!GetAtt Thing.Number]]"#, r#"{"Fn::Join":[",",[{"Fn::GetAtt":["main/Thing","Number"]}]]}"#);
    check(r#"!Join [",", !GetAtt Thing.List]"#, r#"{"Fn::Join":[",",{"Fn::GetAtt":["main/Thing","List"]}]}"#);
    check(r#"!Join ["", [a, !Join ["", [!Ref Queue, b]], c]]"#, r#"{"Fn::Join":["",["a",{"Ref":"main/Queue"},"bc"]]}"#);
    check(
        r#"!Join ["-", [a, !Join ["", [!Ref Queue, b]], c]]"#,
        r#"{"Fn::Join":["-",["a",{"Fn::Join":["",[{"Ref":"main/Queue"},"b"]]},"c"]]}"#,
    );
    check(
        r#"!Join ["|", !Split [",", !GetAtt Thing.List]]"#,
        r#"{"Fn::Join":["|",{"Fn::Split":[",",{"Fn::GetAtt":["main/Thing","List"]}]}]}"#,
    );
    check(r#"!Join ["", ["", !Ref Queue, ""]]"#, r#"{"Ref":"main/Queue"}"#);
    check(r#"!Join ["-", ["", !Ref Queue, ""]]"#, r#"{"Fn::Join":["-",["",{"Ref":"main/Queue"},""]]}"#);
}

#[test]
fn wrong_joins_are_told() {
    check(
        "!Join [a]",
        "wrong-arguments at [a]: `Fn::Join` takes a separator and a list of texts; write `Fn::Join: [separator, [text, text]]`",
    );
    check(
        r#"!Join ["", [a], b]"#,
        r#"wrong-arguments at ["", [a], b]: `Fn::Join` takes a separator and a list of texts; write `Fn::Join: [separator, [text, text]]`"#,
    );
    check(
        "!Join a",
        "wrong-arguments at a: `Fn::Join` takes a separator and a list of texts; write `Fn::Join: [separator, [text, text]]`",
    );
    check(
        r#"!Join ["", a]"#,
        "wrong-type at a: what `Fn::Join` joins must be a list, not text; write it between `[` and `]`, or make one of text with `Fn::Split`",
    );
    check(
        "!Join [!Ref Stage, [a]]",
        "misplaced-function at Stage: the separator of `Fn::Join` must be written out: `Ref` cannot stand here; write plain text",
    );
    check(
        r#"!Join ["", [[a]]]"#,
        "wrong-type at [a]: what `Fn::Join` joins must be text, not a list; take one item with `Fn::Select`, or join all with `Fn::Join`",
    );
    check(
        r#"!Join ["", [{ a: b }]]"#,
        "wrong-type at { a: b }: what `Fn::Join` joins must be text, not a mapping; write one text",
    );
    check(
        r#"!Join ["", [a, null]]"#,
        "wrong-type at null: what `Fn::Join` joins must be text, not left empty; write one text",
    );
    check(
        r#"!Join ["", !Ref Stage]"#,
        "wrong-type at Stage: what `Fn::Join` joins must be a list, not text; write it between `[` and `]`, or make one of text with `Fn::Split`",
    );
    check(
        "!Join [null, [a]]",
        "wrong-type at null: the separator of `Fn::Join` must be text, not left empty; write one text",
    );
    check(
        r#"!Join ["", !Ref AWS::NoValue]"#,
        "wrong-type at AWS::NoValue: what `Fn::Join` joins must be a list, not `AWS::NoValue`; give it a list",
    );
    check(
        r#"!Join ["", [!Ref Blocks]]"#,
        "wrong-type at Blocks: what `Fn::Join` joins must be text, not a list; take one item with `Fn::Select`, or join all with `Fn::Join`",
    );
    check(
        r#"!Join ["", !Ref Queue]"#,
        "wrong-type at Queue: what `Fn::Join` joins must be a list, not the value of `Ref`; write it between `[` and `]`, or make one of text with `Fn::Split`",
    );
    check(
        r#"!Join ["", [a, !Split [",", !Ref Queue]]]"#,
        r#"wrong-type at [",", !Ref Queue]: what `Fn::Join` joins must be text, not the value of `Fn::Split`; take one item with `Fn::Select`, or join all with `Fn::Join`"#,
    );
}

#[test]
fn base64_encodes_text() {
    check(r#"!Base64 "AWS CloudFormation""#, r#""QVdTIENsb3VkRm9ybWF0aW9u""#);
    check(r#"!Base64 """#, r#""""#);
    check(r##"{ "Fn::Base64": { "Fn::Sub": "#!/bin/sh ${Stage}" } }"##, r#""IyEvYmluL3NoIGRldg==""#);
    check("!Base64 5", r#""NQ==""#);
    check(r#"{ "Fn::Base64": !Ref Queue }"#, r#"{"Fn::Base64":{"Ref":"main/Queue"}}"#);
    check(
        r#"{ "Fn::Base64": !Sub "a ${Queue.Arn}" }"#,
        r#"{"Fn::Base64":{"Fn::Join":["",["a ",{"Fn::GetAtt":["main/Queue","Arn"]}]]}}"#,
    );
    check(
        "!Base64 [a]",
        "wrong-type at [a]: what `Fn::Base64` encodes must be text, not a list; take one item with `Fn::Select`, or join all with `Fn::Join`",
    );
    check(
        r#"{ "Fn::Base64": !Ref Blocks }"#,
        "wrong-type at Blocks: what `Fn::Base64` encodes must be text, not a list; take one item with `Fn::Select`, or join all with `Fn::Join`",
    );
    check(
        r#"{ "Fn::Base64": !Ref AWS::NoValue }"#,
        "wrong-type at AWS::NoValue: what `Fn::Base64` encodes must be text, not `AWS::NoValue`; give it a value",
    );
    check(
        r#"{ "Fn::Base64": { a: b } }"#,
        "wrong-type at { a: b }: what `Fn::Base64` encodes must be text, not a mapping; write one text",
    );
}

#[test]
fn json_text_is_that_of_a_mapping_or_list() {
    check(
        r#"{ "Fn::ToJsonString": { key1: value1, key2: !Ref Stage } }"#,
        r#""{\"key1\":\"value1\",\"key2\":\"dev\"}""#,
    );
    check(
        r#"{ "Fn::ToJsonString": [{ key1: value1 }, { key2: !Ref Stage }] }"#,
        r#""[{\"key1\":\"value1\"},{\"key2\":\"dev\"}]""#,
    );
    check(
        r#"{ "Fn::ToJsonString": { b: 1, a: [true, null, 1.5, "x"] } }"#,
        r#""{\"a\":[true,null,1.5,\"x\"],\"b\":1}""#,
    );
    check(r#"{ "Fn::ToJsonString": { a: !Ref AWS::NoValue } }"#, r#""{}""#);
    check(
        r#"{ "Fn::ToJsonString": { arn: !GetAtt Queue.Arn } }"#,
        r#"{"Fn::ToJsonString":{"arn":{"Fn::GetAtt":["main/Queue","Arn"]}}}"#,
    );
    check(r#"{ "Fn::ToJsonString": !Ref Blocks }"#, r#""[\"10.0.48.0/24\",\"10.0.112.0/24\",\"10.0.176.0/24\"]""#);
    check(r#"{ "Fn::ToJsonString": [] }"#, r#""[]""#);
    check(
        r#"{ "Fn::ToJsonString": text }"#,
        "wrong-type at text: what `Fn::ToJsonString` is given must be a mapping or a list, not text; text needs no `Fn::ToJsonString`",
    );
    check(
        r#"{ "Fn::ToJsonString": !Ref Stage }"#,
        "wrong-type at Stage: what `Fn::ToJsonString` is given must be a mapping or a list, not text; text needs no `Fn::ToJsonString`",
    );
    check(
        r#"{ "Fn::ToJsonString": !GetAtt Thing.Tree }"#,
        r#"{"Fn::ToJsonString":{"Fn::GetAtt":["main/Thing","Tree"]}}"#,
    );
}

#[test]
fn json_text_and_length_need_the_extensions() {
    check_plain(
        r#"{ "Fn::ToJsonString": {} }"#,
        r#"missing-transform at "Fn::ToJsonString": `Fn::ToJsonString` needs the language extensions; add `Transform: AWS::LanguageExtensions` at the top of the template"#,
    );
    check_plain(
        r#"{ "Fn::Length": [] }"#,
        r#"missing-transform at "Fn::Length": `Fn::Length` needs the language extensions; add `Transform: AWS::LanguageExtensions` at the top of the template"#,
    );
}
