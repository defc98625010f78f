//! `Fn::Select`, `Fn::Split`, `Fn::Cidr`, `Fn::Length` and `Fn::GetAZs`.

use super::check;

#[test]
fn select_takes_one_item_by_its_place() {
    check(r#"!Select ["1", [apples, grapes, oranges, mangoes]]"#, r#""grapes""#);
    check("!Select [0, !Ref Blocks]", r#""10.0.48.0/24""#);
    check(r#"!Select [2, !GetAZs ""]"#, r#""eu-central-1c""#);
    check(r#"!Select [1, !Split ["|", "a||c|"]]"#, r#""""#);
    check("!Select [0, [!Ref Queue, b]]", r#"{"Ref":"main/Queue"}"#);
    check("!Select [1, [!Ref AWS::NoValue, a, b]]", r#""b""#);
    check("!Select [0, [{ a: 1 }]]", r#"{"a":1}"#);
    check("!Select [!FindInMap [Index, one, first], [a, b]]", r#""a""#);
    check("!Select [0, [80]]", "80");
    check(
        r#"!Select [4, !Split [":", !GetAtt Queue.Arn]]"#,
        r#"{"Fn::Select":["4",{"Fn::Split":[":",{"Fn::GetAtt":["main/Queue","Arn"]}]}]}"#,
    );
    check(
        "!Select [0, !GetAtt Vpc.Ipv6CidrBlocks]",
        r#"{"Fn::Select":["0",{"Fn::GetAtt":["main/Vpc","Ipv6CidrBlocks"]}]}"#,
    );
    check("!Select [!Ref Count, [a, b, c, d]]", r#""d""#);
}

#[test]
fn wrong_selections_are_told() {
    check(
        "!Select [4, [a, b]]",
        "out-of-range at 4: `Fn::Select` asks for item 4 of a list of 2; the index goes from 0 to 1",
    );
    check(
        "!Select [-1, [a]]",
        "wrong-type at -1: the index of `Fn::Select` must be a whole number, not other text; the first item has the index 0",
    );
    check(
        "!Select [x, [a]]",
        "wrong-type at x: the index of `Fn::Select` must be a whole number, not other text; the first item has the index 0",
    );
    check("!Select [0, []]", "out-of-range at 0: `Fn::Select` asks for item 0 of a list of 0; the list is empty");
    check(
        "!Select [0]",
        "wrong-arguments at [0]: `Fn::Select` takes an index and a list; write `Fn::Select: [0, [a, b]]`",
    );
    check(
        "!Select [0, a]",
        "wrong-type at a: what `Fn::Select` selects from must be a list, not text; write it between `[` and `]`, or make one of text with `Fn::Split`",
    );
    check(
        "!Select [0, !Ref Stage]",
        "wrong-type at Stage: what `Fn::Select` selects from must be a list, not text; write it between `[` and `]`, or make one of text with `Fn::Split`",
    );
    check(
        "!Select [[0], [a]]",
        "wrong-type at [0]: the index of `Fn::Select` must be text, not a list; write one text",
    );
    check(
        "!Select [0, [null]]",
        "out-of-range at 0: `Fn::Select` asks for item 0, which is left empty; give the item a value",
    );
    check(
        "!Select [!Ref Queue, [a]]",
        "known-too-late at Queue: what stands here is needed before the resource `Queue` exists; write it out, or take it from a parameter or mapping",
    );
    check(
        "!Select [0, { a: b }]",
        "wrong-type at { a: b }: what `Fn::Select` selects from must be a list, not a mapping; write it between `[` and `]`, or make one of text with `Fn::Split`",
    );
    check(
        "!Select [99999999999999999999999, [a]]",
        "out-of-range at 99999999999999999999999: `Fn::Select` asks for item 99999999999999999999999 of a list of 1; the index goes from 0 to 0",
    );
    check(
        "!Select [0, !Ref AWS::NoValue]",
        "wrong-type at AWS::NoValue: what `Fn::Select` selects from must be a list, not `AWS::NoValue`; give it a list",
    );
    check(
        "!Select [1.0, [a, b]]",
        "wrong-type at 1.0: the index of `Fn::Select` must be a whole number, not other text; the first item has the index 0",
    );
}

#[test]
fn split_cuts_a_text() {
    check(r#"!Split ["|", "a|b|c"]"#, r#"["a","b","c"]"#);
    check(r#"!Split ["|", "a||c|"]"#, r#"["a","","c",""]"#);
    check(r#"!Split [",", ""]"#, r#"[""]"#);
    check("!Split [abc, xabcy]", r#"["x","y"]"#);
    check(r#"!Split [",", !Ref Stage]"#, r#"["dev"]"#);
    check(r#"!Split [":", !GetAtt Queue.Arn]"#, r#"{"Fn::Split":[":",{"Fn::GetAtt":["main/Queue","Arn"]}]}"#);
    check(
        r#"!Split ["-", !Join ["", [a-, !Ref Queue]]]"#,
        r#"{"Fn::Split":["-",{"Fn::Join":["",["a-",{"Ref":"main/Queue"}]]}]}"#,
    );
    check(r#"!Split [",", !ImportValue zones]"#, r#"["a","b"]"#);
    check(r#"!Split [",", 5]"#, r#"["5"]"#);
}

#[test]
fn wrong_splits_are_told() {
    check(
        r#"!Split ["", abc]"#,
        r#"out-of-range at "": `Fn::Split` takes a separator that is not empty; say where the text is cut"#,
    );
    check(
        "!Split [!Ref Stage, abc]",
        "misplaced-function at Stage: the separator of `Fn::Split` must be written out: `Ref` cannot stand here; write plain text",
    );
    check(
        r#"!Split [",", [a]]"#,
        "wrong-type at [a]: what `Fn::Split` splits must be text, not a list; take one item with `Fn::Select`, or join all with `Fn::Join`",
    );
    check(
        r#"!Split [","]"#,
        r#"wrong-arguments at [","]: `Fn::Split` takes a separator and a text; write `Fn::Split: [separator, text]`"#,
    );
    check(
        r#"!Split ",""#,
        r#"wrong-arguments at ",": `Fn::Split` takes a separator and a text; write `Fn::Split: [separator, text]`"#,
    );
    check(
        r#"!Split [",", !Ref Blocks]"#,
        "wrong-type at Blocks: what `Fn::Split` splits must be text, not a list; take one item with `Fn::Select`, or join all with `Fn::Join`",
    );
    check(
        r#"!Split [",", !Split [",", !Ref Queue]]"#,
        r#"wrong-type at [",", !Ref Queue]: what `Fn::Split` splits must be text, not the value of `Fn::Split`; take one item with `Fn::Select`, or join all with `Fn::Join`"#,
    );
    check(
        r#"!Split [",", !Ref AWS::NoValue]"#,
        "wrong-type at AWS::NoValue: what `Fn::Split` splits must be text, not `AWS::NoValue`; give it a value",
    );
    check(
        "!Split [{ a: b }, abc]",
        "wrong-type at { a: b }: the separator of `Fn::Split` must be text, not a mapping; write one text",
    );
}

#[test]
fn cidr_gives_ranges_within_one() {
    check(
        r#"!Cidr ["192.168.0.0/24", 6, 5]"#,
        r#"["192.168.0.0/27","192.168.0.32/27","192.168.0.64/27","192.168.0.96/27","192.168.0.128/27","192.168.0.160/27"]"#,
    );
    check(
        r#"{ "Fn::Cidr": ["192.168.0.0/24", "6", "5"] }"#,
        r#"["192.168.0.0/27","192.168.0.32/27","192.168.0.64/27","192.168.0.96/27","192.168.0.128/27","192.168.0.160/27"]"#,
    );
    check(r#"!Select [0, !Cidr ["2001:db8::/56", 1, 64]]"#, r#""2001:db8::/64""#);
    check("!Cidr [!GetAtt Vpc.CidrBlock, 2, 8]", r#"{"Fn::Cidr":[{"Fn::GetAtt":["main/Vpc","CidrBlock"]},"2","8"]}"#);
    check(
        "!Select [1, !Cidr [!Select [0, !GetAtt Vpc.Ipv6CidrBlocks], 2, 64]]",
        r#"{"Fn::Select":["1",{"Fn::Cidr":[{"Fn::Select":["0",{"Fn::GetAtt":["main/Vpc","Ipv6CidrBlocks"]}]},"2","64"]}]}"#,
    );
    check(r#"!Cidr ["10.0.0.0/16", !Ref Count, 8]"#, r#"["10.0.0.0/24","10.0.1.0/24","10.0.2.0/24"]"#);
    check(
        r#"!Cidr ["10.0.0.0/16", 2, !GetAtt Thing.Bits]"#,
        r#"{"Fn::Cidr":["10.0.0.0/16","2",{"Fn::GetAtt":["main/Thing","Bits"]}]}"#,
    );
}

#[test]
fn wrong_ranges_are_told() {
    check(
        r#"!Cidr ["10.0.0.0/16", 0, 8]"#,
        "out-of-range at 0: the count of `Fn::Cidr` is out of range; it goes from 1 to 256",
    );
    check(
        r#"!Cidr ["10.0.0.0/16", 257, 8]"#,
        "out-of-range at 257: the count of `Fn::Cidr` is out of range; it goes from 1 to 256",
    );
    check(
        r#"!Cidr ["10.0.0.0/24", 9, 5]"#,
        r#"out-of-range at ["10.0.0.0/24", 9, 5]: `Fn::Cidr` asks for 9 ranges of 5 bits, and `/24` has 8; look at what its arguments come to"#,
    );
    check(
        r#"!Cidr ["10.0.0.0/24", 1, 25]"#,
        r#"out-of-range at ["10.0.0.0/24", 1, 25]: `Fn::Cidr` is given 25 bits, and a range of `/24` leaves 8; look at what its arguments come to"#,
    );
    check(
        r#"!Cidr ["10.0.0.0/24", 1, 129]"#,
        "out-of-range at 129: the number of bits of `Fn::Cidr` is out of range; it goes from 0 to 128",
    );
    check(
        r#"!Cidr ["10.0.0.0/33", 1, 0]"#,
        r#"wrong-type at ["10.0.0.0/33", 1, 0]: `Fn::Cidr` takes a range of addresses such as `10.0.0.0/16` or `fd00::/56`; look at what its arguments come to"#,
    );
    check(
        r#"!Cidr ["10.0.0/8", 1, 8]"#,
        r#"wrong-type at ["10.0.0/8", 1, 8]: `Fn::Cidr` takes a range of addresses such as `10.0.0.0/16` or `fd00::/56`; look at what its arguments come to"#,
    );
    check(
        "!Cidr [plain, 1, 8]",
        "wrong-type at [plain, 1, 8]: `Fn::Cidr` takes a range of addresses such as `10.0.0.0/16` or `fd00::/56`; look at what its arguments come to",
    );
    check(
        r#"!Cidr ["10.0.0.0/16", 2]"#,
        r#"wrong-arguments at ["10.0.0.0/16", 2]: `Fn::Cidr` takes a range of addresses, a count and a number of bits; write `Fn::Cidr: [10.0.0.0/16, 4, 8]`"#,
    );
    check(
        r#"!Cidr "10.0.0.0/16""#,
        r#"wrong-arguments at "10.0.0.0/16": `Fn::Cidr` takes a range of addresses, a count and a number of bits; write `Fn::Cidr: [10.0.0.0/16, 4, 8]`"#,
    );
    check(
        r#"!Cidr ["10.0.0.0/16", x, 8]"#,
        "wrong-type at x: the count of `Fn::Cidr` must be a whole number, not other text; it goes from 1 to 256",
    );
    check(
        "!Cidr [[a], 1, 8]",
        "wrong-type at [a]: the range of `Fn::Cidr` must be text, not a list; take one item with `Fn::Select`, or join all with `Fn::Join`",
    );
    check(
        "!Cidr [!GetAtt Vpc.CidrBlock, 300, 8]",
        "out-of-range at 300: the count of `Fn::Cidr` is out of range; it goes from 1 to 256",
    );
    check(
        r#"!Cidr ["10.0.0.0/16", -1, 8]"#,
        "wrong-type at -1: the count of `Fn::Cidr` must be a whole number, not other text; it goes from 1 to 256",
    );
}

#[test]
fn length_counts_items() {
    check(r#"{ "Fn::Length": [1, 2, 3] }"#, "3");
    check(r#"{ "Fn::Length": !Ref Blocks }"#, "3");
    check(r#"{ "Fn::Length": !Split ["|", "a|b"] }"#, "2");
    check(r#"{ "Fn::Length": [a, !Ref AWS::NoValue] }"#, "1");
    check(r#"{ "Fn::Length": [] }"#, "0");
    check(r#"{ "Fn::Length": [!Ref Queue, a] }"#, "2");
    check(r#"{ "Fn::Length": !GetAtt Thing.List }"#, r#"{"Fn::Length":{"Fn::GetAtt":["main/Thing","List"]}}"#);
    check(
        r#"{ "Fn::Length": text }"#,
        "wrong-type at text: what `Fn::Length` counts must be a list, not text; write it between `[` and `]`, or make one of text with `Fn::Split`",
    );
    check(
        r#"{ "Fn::Length": !Ref Stage }"#,
        "wrong-type at Stage: what `Fn::Length` counts must be a list, not text; write it between `[` and `]`, or make one of text with `Fn::Split`",
    );
    check(
        r#"{ "Fn::Length": { a: b } }"#,
        "wrong-type at { a: b }: what `Fn::Length` counts must be a list, not a mapping; write it between `[` and `]`, or make one of text with `Fn::Split`",
    );
}

#[test]
fn zones_are_looked_up() {
    check(r#"!GetAZs """#, r#"["eu-central-1a","eu-central-1b","eu-central-1c"]"#);
    check(r#"{ "Fn::GetAZs": !Ref AWS::Region }"#, r#"["eu-central-1a","eu-central-1b","eu-central-1c"]"#);
    check("!GetAZs eu-central-1", r#"["eu-central-1a","eu-central-1b","eu-central-1c"]"#);
    check("!GetAZs us-east-1", r#"looks up [{"of":"zones","region":"us-east-1"}]"#);
    check(
        r#"{ "Fn::GetAZs": !Ref Queue }"#,
        "known-too-late at Queue: what stands here is needed before the resource `Queue` exists; write it out, or take it from a parameter or mapping",
    );
    check(
        "!GetAZs eu-central-9",
        "wrong-region at eu-central-9: AWS has no region `eu-central-9`; did you mean `eu-central-1`?",
    );
    check(
        "!GetAZs nowhere",
        "wrong-region at nowhere: AWS has no region `nowhere`; a region is written like `eu-central-1`; empty, it is the environment's",
    );
    check(
        "!GetAZs cn-north-1",
        "wrong-region at cn-north-1: the zones of `cn-north-1` cannot be asked for from `eu-central-1`: no account is in both; \
         leave it empty: then it is the environment's region",
    );
    check("!GetAZs [a]", "wrong-type at [a]: the region of `Fn::GetAZs` must be text, not a list; write one text");
    check("!GetAZs", r#"["eu-central-1a","eu-central-1b","eu-central-1c"]"#);
}
