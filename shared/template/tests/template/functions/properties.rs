//! What holds for every template: reading it never panics, gives the same each time, does not depend on the order in which keys
//! are written, and what is left of functions comes to what they would have given at once.

use model::expression::{Reference, resolve_value};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{ResourceAddress, expanded_text};

/// A value as somebody may write it.
#[derive(Debug, Clone)]
enum Tree {
    Text(String),
    Plain(&'static str),
    List(Vec<Tree>),
    Map(Vec<(String, Tree)>),
}

impl Tree {
    /// As JSON, which is YAML too.
    fn written(&self) -> String {
        match self {
            Self::Text(text) => json!(text).to_string(),
            Self::Plain(text) => (*text).to_owned(),
            Self::List(items) => format!("[{}]", items.iter().map(Self::written).collect::<Vec<_>>().join(", ")),
            Self::Map(entries) => {
                let entry = |(name, item): &(String, Self)| format!("{}: {}", json!(name), item.written());
                format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
            }
        }
    }

    /// The same with the keys of all mappings in another order.
    fn turned(&self, by: usize) -> Self {
        match self {
            Self::Text(_) | Self::Plain(_) => self.clone(),
            Self::List(items) => Self::List(items.iter().map(|item| item.turned(by)).collect()),
            Self::Map(entries) => {
                let mut entries: Vec<_> = entries.iter().map(|(name, item)| (name.clone(), item.turned(by))).collect();
                if by % 2 == 1 {
                    entries.reverse();
                }
                let count = entries.len().max(1);
                entries.rotate_left(by % count);
                Self::Map(entries)
            }
        }
    }
}

fn map(name: &str, item: Tree) -> Tree {
    Tree::Map(vec![(name.to_owned(), item)])
}

/// Any text, and often one that means something.
fn text() -> impl Strategy<Value = Tree> {
    let names = [
        "One",
        "Two",
        "Three",
        "Stage",
        "Many",
        "Secret",
        "IsDev",
        "IsOdd",
        "Loop",
        "Sizes",
        "small",
        "dev",
        "",
        ",",
        "0",
        "1",
        "7",
        "One.Arn",
        "Three.Any",
        "AWS::NoValue",
        "AWS::Region",
        "AWS::StackId",
        "main/One",
        "data/Table",
        "10.0.0.0/16",
        "::/56",
        "${One}-${Stage}",
        "${Three.Any}${!x}${",
        "${Many}",
        "{{resolve:ssm:a:1}}",
        "{{resolve:secretsmanager:s}}",
        "{{resolve:",
        "DefaultValue",
        "zones",
    ];
    prop_oneof![
        8 => proptest::sample::select(names.to_vec()).prop_map(|text| Tree::Text(text.to_owned())),
        1 => "[ -~äß→]{0,12}".prop_map(Tree::Text),
        1 => proptest::sample::select(vec!["null", "true", "5", "-1", "1.50", "0x1f"]).prop_map(Tree::Plain),
    ]
}

/// Any tree: functions with the right arguments, with wrong ones, within each other and beside other keys.
fn tree() -> impl Strategy<Value = Tree> {
    const FUNCTIONS: [&str; 20] = [
        "Ref",
        "Fn::GetAtt",
        "Fn::Sub",
        "Fn::Join",
        "Fn::Select",
        "Fn::Split",
        "Fn::If",
        "Fn::And",
        "Fn::Or",
        "Fn::Not",
        "Fn::Equals",
        "Condition",
        "Fn::FindInMap",
        "Fn::Base64",
        "Fn::Cidr",
        "Fn::GetAZs",
        "Fn::ImportValue",
        "Fn::Length",
        "Fn::ToJsonString",
        "Fn::ForEach::X",
    ];
    text().prop_recursive(5, 40, 5, |inner| {
        let name = prop_oneof![
            6 => proptest::sample::select(FUNCTIONS.to_vec()).prop_map(str::to_owned),
            1 => "[A-Za-z:]{1,6}",
        ];
        let items = proptest::collection::vec(inner.clone(), 0..5);
        let two = (inner.clone(), items.clone()).prop_map(|(first, rest)| Tree::List(vec![first, Tree::List(rest)]));
        let given = prop_oneof![inner.clone(), items.clone().prop_map(Tree::List), two];
        prop_oneof![
            6 => (name.clone(), given).prop_map(|(name, given)| map(&name, given)),
            1 => items.prop_map(Tree::List),
            1 => proptest::collection::btree_map(name, inner, 0..4).prop_map(|entries| Tree::Map(entries.into_iter().collect())),
        ]
    })
}

/// A template around three conditions and three properties.
fn template(conditions: &[Tree], properties: &[Tree], extensions: bool) -> Tree {
    let custom = |property: &Tree| {
        let token = Tree::Text("arn:aws:lambda:eu-central-1:123456789012:function:f".to_owned());
        let properties = Tree::Map(vec![("ServiceToken".to_owned(), token), ("Value".to_owned(), property.clone())]);
        Tree::Map(vec![
            ("Type".to_owned(), Tree::Text("Custom::Test".to_owned())),
            ("Properties".to_owned(), properties),
        ])
    };
    let parameter = |kind: &str, default: &str| {
        let entry = |name: &str, text: &str| (name.to_owned(), Tree::Text(text.to_owned()));
        Tree::Map(vec![entry("Type", kind), entry("Default", default)])
    };
    let names = |names: [&str; 3], trees: &[Tree], of: &dyn Fn(&Tree) -> Tree| {
        Tree::Map(names.iter().zip(trees).map(|(name, tree)| ((*name).to_owned(), of(tree))).collect())
    };
    let sizes = map("Sizes", map("dev", map("small", Tree::Text("t3.micro".to_owned()))));
    let mut secret = parameter("String", "{{resolve:ssm-secure:s:1}}");
    if let Tree::Map(entries) = &mut secret {
        entries.push(("NoEcho".to_owned(), Tree::Plain("true")));
    }
    let parameters = vec![
        ("Stage".to_owned(), parameter("String", "dev")),
        ("Many".to_owned(), parameter("CommaDelimitedList", "a,b,c")),
        ("Secret".to_owned(), secret),
    ];
    let mut sections = vec![
        ("Parameters".to_owned(), Tree::Map(parameters)),
        ("Mappings".to_owned(), sizes),
        ("Conditions".to_owned(), names(["IsDev", "IsOdd", "Loop"], conditions, &Tree::clone)),
        ("Resources".to_owned(), names(["One", "Two", "Three"], properties, &custom)),
        ("Outputs".to_owned(), map("Out", map("Value", properties.first().cloned().unwrap_or(Tree::Plain("1"))))),
    ];
    if extensions {
        sections.push(("Transform".to_owned(), Tree::Text("AWS::LanguageExtensions".to_owned())));
    }
    Tree::Map(sections)
}

/// Everything that expansion says of a text, places apart.
fn said(text: &str) -> (Vec<String>, Value) {
    let (expansion, report) = expanded_text(text);
    let mut problems: Vec<String> =
        report.problems().iter().map(|one| format!("{} {} {:?}", one.full_code(), one.message, one.help)).collect();
    problems.sort();
    if !problems.is_empty() {
        return (problems, Value::Null);
    }
    let resources: Vec<Value> =
        expansion.resources.iter().map(|(address, made)| json!([address, made.desired.properties])).collect();
    let outputs: Vec<Value> = expansion.outputs.values().map(|node| source::json(node)).collect();
    (problems, json!([resources, outputs, expansion.lookups]))
}

/// An expression of text over what is known late, which has a value.
#[derive(Debug, Clone)]
enum Text {
    Literal(String),
    Late(usize),
    LateAttribute(usize),
    Join(String, Vec<Text>),
    JoinAll(String, Box<List>),
    Sub(Vec<Text>, Box<Text>),
    Select(usize, Box<List>),
    Base64(Box<Text>),
    Json(Vec<Text>),
    Length(Box<List>),
    If(bool, Box<Text>, Box<Text>),
}

#[derive(Debug, Clone)]
enum List {
    Of(Vec<Text>),
    Late(usize),
    Split(String, Box<Text>),
    Cidr(usize),
    If(bool, Box<List>, Box<List>),
}

/// What is known late: physical ids, attributes, and attributes that are lists.
const IDS: [&str; 3] = ["id-1", "a,b|c", ""];
const ATTRIBUTES: [&str; 3] = ["arn:aws:x:y", "10.0.0.0/16", "ü\"\\"];
const LISTS: [&[&str]; 3] = [&["x", "y", "z"], &["only"], &["1", "2"]];

impl Text {
    /// As a tree, in which what is late is a parameter (`known`) or an attribute of a resource.
    fn tree(&self, known: bool) -> Tree {
        let list = |items: Vec<Tree>| Tree::List(items);
        let text = |text: &str| Tree::Text(text.to_owned());
        let trees = |items: &[Self]| items.iter().map(|item| item.tree(known)).collect::<Vec<_>>();
        match self {
            Self::Literal(literal) => text(literal),
            Self::Late(at) if known => map("Ref", text(&format!("Id{at}"))),
            Self::Late(at) => map("Ref", text(&format!("Late{at}"))),
            Self::LateAttribute(at) if known => map("Ref", text(&format!("Attribute{at}"))),
            Self::LateAttribute(at) => map("Fn::GetAtt", list(vec![text("Late0"), text(&format!("Text{at}"))])),
            Self::Join(separator, items) => map("Fn::Join", list(vec![text(separator), list(trees(items))])),
            Self::JoinAll(separator, items) => map("Fn::Join", list(vec![text(separator), items.tree(known)])),
            Self::Sub(items, last) => {
                let mut pattern = String::new();
                let mut entries = vec![("Last".to_owned(), last.tree(known))];
                for (index, item) in items.iter().enumerate() {
                    match item {
                        Self::Literal(literal) => pattern.push_str(&literal.replace("${", "")),
                        Self::Late(at) if known => pattern.push_str(&format!("${{Id{at}}}")),
                        Self::Late(at) => pattern.push_str(&format!("${{Late{at}}}")),
                        Self::LateAttribute(at) if known => pattern.push_str(&format!("${{Attribute{at}}}")),
                        Self::LateAttribute(at) => pattern.push_str(&format!("${{Late0.Text{at}}}")),
                        other => {
                            pattern.push_str(&format!("${{Of{index}}}"));
                            entries.push((format!("Of{index}"), other.tree(known)));
                        }
                    }
                }
                pattern.push_str("${Last}${!Last}");
                map("Fn::Sub", list(vec![Tree::Text(pattern), Tree::Map(entries)]))
            }
            Self::Select(index, items) => map("Fn::Select", list(vec![text(&index.to_string()), items.tree(known)])),
            Self::Base64(item) => map("Fn::Base64", item.tree(known)),
            Self::Json(items) => {
                let entries = items.iter().enumerate().map(|(index, item)| (format!("k{index}"), item.tree(known)));
                map("Fn::ToJsonString", Tree::Map(entries.collect()))
            }
            Self::Length(items) => map("Fn::Length", items.tree(known)),
            Self::If(truth, yes, no) => {
                let name = text(if *truth { "Yes" } else { "No" });
                map("Fn::If", list(vec![name, yes.tree(known), no.tree(known)]))
            }
        }
    }
}

impl List {
    fn tree(&self, known: bool) -> Tree {
        let text = |text: &str| Tree::Text(text.to_owned());
        match self {
            Self::Of(items) => Tree::List(items.iter().map(|item| item.tree(known)).collect()),
            Self::Late(at) if known => map("Ref", text(&format!("List{at}"))),
            Self::Late(at) => map("Fn::GetAtt", Tree::List(vec![text("Late0"), text(&format!("List{at}"))])),
            Self::Split(separator, item) => map("Fn::Split", Tree::List(vec![text(separator), item.tree(known)])),
            Self::Cidr(count) => {
                let block = Text::LateAttribute(1).tree(known);
                map("Fn::Cidr", Tree::List(vec![block, text(&count.to_string()), text("8")]))
            }
            Self::If(truth, yes, no) => {
                let name = text(if *truth { "Yes" } else { "No" });
                map("Fn::If", Tree::List(vec![name, yes.tree(known), no.tree(known)]))
            }
        }
    }
}

fn expression() -> impl Strategy<Value = Text> {
    let separator = proptest::sample::select(vec!["", ",", "|", "-", "ab"]).prop_map(str::to_owned);
    let leaf = prop_oneof![
        "[a-c,|:. ${}é-]{0,5}".prop_map(Text::Literal),
        (0..3_usize).prop_map(Text::Late),
        (0..3_usize).prop_map(Text::LateAttribute),
    ];
    leaf.prop_recursive(5, 32, 4, move |inner| {
        let texts = proptest::collection::vec(inner.clone(), 0..4);
        let list = prop_oneof![
            texts.clone().prop_map(List::Of),
            (0..3_usize).prop_map(List::Late),
            (separator.clone(), inner.clone()).prop_map(|(separator, item)| List::Split(separator, Box::new(item))),
            (1..5_usize).prop_map(List::Cidr),
        ];
        let list = (any::<bool>(), any::<bool>(), list.clone(), list).prop_map(|(plain, truth, one, other)| match plain {
            true => one,
            false => List::If(truth, Box::new(one), Box::new(other)),
        });
        prop_oneof![
            3 => (separator.clone(), texts.clone()).prop_map(|(separator, items)| Text::Join(separator, items)),
            1 => (separator.clone(), list.clone()).prop_map(|(separator, list)| Text::JoinAll(separator, Box::new(list))),
            3 => (texts.clone(), inner.clone()).prop_map(|(items, last)| Text::Sub(items, Box::new(last))),
            2 => (0..3_usize, list.clone()).prop_map(|(index, list)| Text::Select(index, Box::new(list))),
            1 => inner.clone().prop_map(|item| Text::Base64(Box::new(item))),
            1 => texts.prop_map(Text::Json),
            1 => list.prop_map(|list| Text::Length(Box::new(list))),
            1 => (any::<bool>(), inner.clone(), inner)
                .prop_map(|(truth, yes, no)| Text::If(truth, Box::new(yes), Box::new(no))),
        ]
    })
}

/// What a property with `value` comes to; none where something is wrong with it.
fn property(value: &Tree) -> Option<Value> {
    let mut text =
        "Transform: AWS::LanguageExtensions\nConditions: { Yes: !Equals [a, a], No: !Equals [a, b] }\nParameters:\n"
            .to_owned();
    for at in 0..3 {
        text += &format!("  Id{at}: {{ Type: String, Default: {} }}\n", json!(IDS[at]));
        text += &format!("  Attribute{at}: {{ Type: String, Default: {} }}\n", json!(ATTRIBUTES[at]));
        text += &format!("  List{at}: {{ Type: CommaDelimitedList, Default: {} }}\n", json!(LISTS[at].join(",")));
    }
    text += "Resources:\n";
    let resource = |name: &str, value: &str| {
        format!(
            "  {name}:\n    Type: Custom::Test\n    Properties:\n      ServiceToken: arn:aws:lambda:eu-central-1:123456789012:function:f\n      Value: {value}\n"
        )
    };
    for at in 0..3 {
        text += &resource(&format!("Late{at}"), "x");
    }
    text += &resource("Test", &value.written());
    let (expansion, report) = expanded_text(&text);
    let made = report.is_empty().then(|| &expansion.resources[&ResourceAddress::new("main", "Test")])?;
    made.desired.properties.get("Value").cloned()
}

fn lookup(reference: &Reference) -> Option<Value> {
    let at = |text: &str| -> Option<usize> { text.chars().last()?.to_digit(10)?.try_into().ok() };
    match reference.attribute.as_deref() {
        None => Some(json!(IDS[at(&reference.address.logical_id)?])),
        Some(name) if name.starts_with("List") => Some(json!(LISTS[at(name)?])),
        Some(name) => Some(json!(ATTRIBUTES[at(name)?])),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_tree_is_read_without_panic_the_same_each_time_and_in_any_order(
        conditions in proptest::collection::vec(tree(), 3),
        properties in proptest::collection::vec(tree(), 3),
        extensions in any::<bool>(),
        by in 1..7_usize,
    ) {
        let template = template(&conditions, &properties, extensions);
        let once = said(&template.written());
        prop_assert_eq!(&once, &said(&template.written()));
        prop_assert_eq!(&once, &said(&template.turned(by).written()));
    }

    #[test]
    fn what_is_left_comes_to_what_would_have_been_computed_at_once(expression in expression()) {
        let at_once = property(&expression.tree(true));
        let left = property(&expression.tree(false));
        let later = left.clone().and_then(|left| resolve_value(&left, &lookup).ok());
        // What is wrong in a part that nothing asks for is not seen later any more.
        if at_once.is_some() {
            prop_assert_eq!(at_once, later, "{}", expression.tree(false).written());
        }
    }
}
