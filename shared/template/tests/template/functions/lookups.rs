//! `Fn::FindInMap` and `Fn::ImportValue`.

use super::{check, check_plain};

#[test]
fn findinmap_takes_the_value_under_two_keys() {
    check_plain("!FindInMap [Sizes, eu-central-1, small]", r#""t3.micro""#);
    check_plain("!FindInMap [Sizes, !Ref AWS::Region, small]", r#""t3.micro""#);
    check_plain("!FindInMap [Sizes, !FindInMap [Names, !Ref AWS::AccountId, region], zones]", r#"["a","b"]"#);
    check_plain("!FindInMap [Names, 123456789012, region]", r#""eu-central-1""#);
}

#[test]
fn findinmap_takes_more_with_the_extensions() {
    check(r#"!FindInMap [Sizes, !Sub "us-${Side}-1", small]"#, r#""t2.micro""#);
    check(r#"!FindInMap [Sizes, !Select [0, !Split [",", "us-east-1,x"]], small]"#, r#""t2.micro""#);
    check("!FindInMap [Sizes, eu-west-1, small, { DefaultValue: t3.nano }]", r#""t3.nano""#);
    check("!FindInMap [Sizes, us-east-1, zones, { DefaultValue: [x] }]", r#"["x"]"#);
    check("!FindInMap [Size, a, b, { DefaultValue: !Ref Queue }]", r#"{"Ref":"main/Queue"}"#);
    check("!FindInMap [Sizes, us-east-1, small, { DefaultValue: x }]", r#""t2.micro""#);
    check("!FindInMap [Sizes, a, b, { DefaultValue: !Ref AWS::NoValue }]", r#""nothing at all""#);
}

#[test]
fn what_is_in_no_mapping_is_told() {
    check_plain(
        "!FindInMap [Size, us-east-1, small]",
        "unknown-mapping at Size: there is no mapping `Size`; did you mean `Sizes`?",
    );
    check_plain(
        "!FindInMap [Sizes, us-east-2, small]",
        "unknown-mapping at us-east-2: mapping `Sizes` has no key `us-east-2`; did you mean `us-east-1`?",
    );
    check_plain(
        "!FindInMap [Sizes, us-east-1, smal]",
        "unknown-mapping at smal: mapping `Sizes` has no key `smal` under `us-east-1`; did you mean `small`?",
    );
    check_plain(
        "!FindInMap [Sizes, us-east-1, zones]",
        "unknown-mapping at zones: mapping `Sizes` has no key `zones` under `us-east-1`; add it under `Mappings`",
    );
    check_plain(
        "!FindInMap [Sizes, us-east-1]",
        "wrong-arguments at [Sizes, us-east-1]: `Fn::FindInMap` takes a mapping and two keys; write `Fn::FindInMap: [Mapping, Key, SecondKey]`",
    );
    check_plain(
        "!FindInMap Sizes",
        "wrong-arguments at Sizes: `Fn::FindInMap` takes a mapping and two keys; write `Fn::FindInMap: [Mapping, Key, SecondKey]`",
    );
    check_plain(
        "!FindInMap [Sizes, a, b, c]",
        "wrong-arguments at c: `Fn::FindInMap` takes `DefaultValue` as its fourth; write `{DefaultValue: value}`",
    );
    check_plain(
        "!FindInMap [Sizes, a, b, { DefaultValue: c }]",
        "missing-transform at [Sizes, a, b, { DefaultValue: c }]: `DefaultValue` of `Fn::FindInMap` needs the language extensions; add `Transform: AWS::LanguageExtensions` at the top of the template",
    );
    check_plain(
        "!FindInMap [Sizes, !Sub a, small]",
        "missing-transform at a: `Fn::Sub` within `Fn::FindInMap` needs the language extensions; add `Transform: AWS::LanguageExtensions` at the top of the template",
    );
    check_plain(
        "!FindInMap [Sizes, !Ref Queue, small]",
        "known-too-late at Queue: what stands here is needed before the resource `Queue` exists; write it out, or take it from a parameter or mapping",
    );
    check_plain(
        "!FindInMap [[Sizes], a, b]",
        "wrong-type at [Sizes]: the name of a mapping must be text, not a list; write one text",
    );
    check_plain(
        "!FindInMap [Sizes, !Ref Blocks, small]",
        "wrong-type at Blocks: the first key of `Fn::FindInMap` must be text, not a list; write one text",
    );
    check_plain(
        "!FindInMap [Sizes, !Ref Nothing, small]",
        "unknown-resource at Nothing: there is no parameter or resource `Nothing`; did you mean `Thing`?",
    );
    check_plain(
        "!FindInMap [Sizes, a, b, c, d]",
        "wrong-arguments at [Sizes, a, b, c, d]: `Fn::FindInMap` takes a mapping and two keys; write `Fn::FindInMap: [Mapping, Key, SecondKey]`",
    );
}

#[test]
fn imports_give_what_other_stacks_export() {
    check("!ImportValue shop-dev-data-table", r#"{"Ref":"data/Table"}"#);
    check(r#"{ "Fn::ImportValue": { "Fn::Sub": "shop-${Stage}-data-table" } }"#, r#"{"Ref":"data/Table"}"#);
    check("!ImportValue zones", r#""a,b""#);
    check(
        r#"!Sub ["arn/${Table}", { Table: !ImportValue shop-dev-data-table }]"#,
        r#"{"Fn::Join":["",["arn/",{"Ref":"data/Table"}]]}"#,
    );
    check(r#"!Select [1, !Split [",", !ImportValue zones]]"#, r#""b""#);
}

#[test]
fn imports_of_nothing_are_told() {
    check(
        "!ImportValue shop-dev-data-tabel",
        "unknown-export at shop-dev-data-tabel: no stack of this environment exports `shop-dev-data-tabel`; did you mean `shop-dev-data-table`?",
    );
    check(
        "!ImportValue unheard-of",
        "unknown-export at unheard-of: no stack of this environment exports `unheard-of`; give an output of another stack `Export: {Name: …}`",
    );
    check(
        r#"{ "Fn::ImportValue": !Ref Queue }"#,
        "known-too-late at Queue: what stands here is needed before the resource `Queue` exists; write it out, or take it from a parameter or mapping",
    );
    check(
        "!ImportValue [a]",
        "wrong-type at [a]: the name that `Fn::ImportValue` imports must be text, not a list; write one text",
    );
    check(
        r#"{ "Fn::ImportValue": !Sub "${Queue}-table" }"#,
        "known-too-late at Queue: what stands here is needed before the resource `Queue` exists; write it out, or take it from a parameter or mapping",
    );
    check(
        r#"!ImportValue """#,
        r#"unknown-export at "": no stack of this environment exports ``; give an output of another stack `Export: {Name: …}`"#,
    );
}
