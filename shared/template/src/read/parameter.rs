//! `Parameters`: what a template can be given.

use std::collections::BTreeMap;
use std::rc::Rc;

use source::{Code, Finding, Key, Node, Reader, Spanned, closest};

use super::names::is_name;
use super::section::{count, number, plain, truth};
use super::template::{Format, Parameter, ParameterKind};

/// The types of one value, with what each looks like ("CloudFormation-supplied parameter types").
const FORMATS: &[(&str, Format)] = &[
    ("String", Format::Any),
    ("AWS::EC2::AvailabilityZone::Name", Format::Any),
    ("AWS::EC2::Image::Id", Format::Id("ami-")),
    ("AWS::EC2::Instance::Id", Format::Id("i-")),
    ("AWS::EC2::KeyPair::KeyName", Format::Any),
    ("AWS::EC2::SecurityGroup::GroupName", Format::Any),
    ("AWS::EC2::SecurityGroup::Id", Format::Id("sg-")),
    ("AWS::EC2::Subnet::Id", Format::Id("subnet-")),
    ("AWS::EC2::VPC::Id", Format::Id("vpc-")),
    ("AWS::EC2::Volume::Id", Format::Id("vol-")),
    ("AWS::Route53::HostedZone::Id", Format::Any),
    ("AWS::SSM::Parameter::Name", Format::ParameterName),
];

/// The parameters of a template.
pub(super) fn parameters(node: &Rc<Node>, reader: &mut Reader<'_>) -> BTreeMap<String, Parameter> {
    let node = plain(node, reader);
    let mut parameters = BTreeMap::new();
    for (key, node) in reader.entries(&node, "`Parameters`", "parameters") {
        if is_name(key, "the name of a parameter", reader) && !reader.is_full() {
            let parameter = parameter(key, node, reader);
            parameters.extend(parameter.map(|parameter| (key.name.clone(), parameter)));
        }
    }
    parameters
}

fn parameter(key: &Key, node: &Rc<Node>, reader: &mut Reader<'_>) -> Option<Parameter> {
    let node = plain(node, reader);
    let mut fields = reader.fields(&node, "a parameter")?;
    let written = reader.required(&mut fields, "Type").and_then(|node| reader.written(node, "the type of a parameter"));
    let kind = written.as_ref().and_then(|written| kind(written, reader));
    let default = default(&node, reader);
    let mut parameter = Parameter {
        key: key.clone(),
        type_name: written.map(|written| written.value).unwrap_or_default(),
        kind,
        default,
        allowed_values: Vec::new(),
        allowed_pattern: None,
        min_length: None,
        max_length: None,
        min_value: None,
        max_value: None,
        constraint: None,
        no_echo: false,
    };
    reader.optional(&mut fields, "Default");
    if let Some(values) = reader.optional(&mut fields, "AllowedValues") {
        let items = reader.items(values, "`AllowedValues`", "texts");
        parameter.allowed_values.extend(items.iter().filter_map(|item| reader.written(item, "an allowed value")));
    }
    let pattern = reader.optional(&mut fields, "AllowedPattern");
    parameter.allowed_pattern = pattern.and_then(|node| reader.written(node, "`AllowedPattern`"));
    let constraint = reader.optional(&mut fields, "ConstraintDescription");
    let constraint = constraint.and_then(|node| reader.written(node, "`ConstraintDescription`"));
    parameter.constraint = constraint.map(|constraint| constraint.value);
    if let Some(node) = reader.optional(&mut fields, "Description") {
        reader.written(node, "`Description`");
    }
    let lengths = ["MinLength", "MaxLength"].map(|name| reader.optional(&mut fields, name));
    let [least, most] = lengths;
    parameter.min_length = least.and_then(|node| count(node, "`MinLength`", reader));
    parameter.max_length = most.and_then(|node| count(node, "`MaxLength`", reader));
    let values = ["MinValue", "MaxValue"].map(|name| reader.optional(&mut fields, name));
    let [least, most] = values;
    parameter.min_value = least.and_then(|node| number(node, "`MinValue`", reader));
    parameter.max_value = most.and_then(|node| number(node, "`MaxValue`", reader));
    let no_echo = reader.optional(&mut fields, "NoEcho");
    parameter.no_echo = no_echo.and_then(|node| truth(node, "`NoEcho`", reader)).unwrap_or(false);
    constraints(&mut parameter, &node, reader);
    reader.finish(fields);
    Some(parameter)
}

/// The default, which may be the empty text and cannot be nothing.
fn default(node: &Node, reader: &mut Reader<'_>) -> Option<Rc<Node>> {
    let (key, default) = node.entries()?.iter().find(|(key, _)| key.name == "Default")?;
    if default.is_null() {
        let finding = Finding::new(Code::WrongType, key.span, "`Default` is left empty");
        reader.add(finding.help("write `\"\"` if it is meant to be the empty text, or remove it"));
        return None;
    }
    Some(Rc::clone(default))
}

/// Finds constraints that mean nothing for the parameter's type, or that nothing can keep; those are then no more.
fn constraints(parameter: &mut Parameter, node: &Node, reader: &mut Reader<'_>) {
    let Some(kind) = &parameter.kind else { return };
    let is_number = matches!(kind, ParameterKind::Number | ParameterKind::Numbers);
    let (foreign, own): (&[&str], &str) = match is_number {
        true => (&["MinLength", "MaxLength", "AllowedPattern"], "`MinValue`, `MaxValue` and `AllowedValues`"),
        false => (&["MinValue", "MaxValue"], "`MinLength`, `MaxLength`, `AllowedPattern` and `AllowedValues`"),
    };
    for (key, _) in node.entries().unwrap_or_default().iter().filter(|(key, _)| foreign.contains(&key.name.as_str())) {
        let message = format!("`{}` means nothing for a parameter of type `{}`", key.name, parameter.type_name);
        reader.add(Finding::new(Code::UnknownKey, key.span, message).help(format!("it may have {own}")));
    }
    let span = |name: &str| node.get(name).map_or(node.span, |node| node.span);
    let lengths = parameter.min_length.zip(parameter.max_length).filter(|(least, most)| least > most);
    let values = parameter.min_value.zip(parameter.max_value).filter(|(least, most)| least > most);
    let crossed = [
        lengths.map(|(least, most)| ("MinLength", least.to_string(), "MaxLength", most.to_string())),
        values.map(|(least, most)| ("MinValue", least.to_string(), "MaxValue", most.to_string())),
    ];
    if lengths.is_some() {
        (parameter.min_length, parameter.max_length) = (None, None);
    }
    if values.is_some() {
        (parameter.min_value, parameter.max_value) = (None, None);
    }
    for (least_name, least, most_name, most) in crossed.into_iter().flatten() {
        let message = format!("`{least_name}` is `{least}` and `{most_name}` is `{most}`: no value keeps both");
        let help = format!("make `{least_name}` the smaller one");
        reader.add(Finding::new(Code::OutOfRange, span(least_name), message).help(help));
    }
}

/// The type that `written` names.
fn kind(written: &Spanned<String>, reader: &mut Reader<'_>) -> Option<ParameterKind> {
    let kind = named(&written.value);
    if kind.is_none() {
        let message = format!("the type of a parameter cannot be `{}`", written.value);
        let help = match closest(&written.value, all().iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "it may be `String`, `Number`, `CommaDelimitedList`, `List<Number>`, a type such as `AWS::EC2::VPC::Id` or a list of it, or `AWS::SSM::Parameter::Value<…>` of one of them".to_owned(),
        };
        reader.add(Finding::new(Code::WrongChoice, written.span, message).help(help));
    }
    kind
}

/// What a type is, by its name.
fn named(name: &str) -> Option<ParameterKind> {
    let inside = |text: &'_ str, outside: &str| -> Option<String> {
        Some(text.strip_prefix(outside)?.strip_prefix('<')?.strip_suffix('>')?.to_owned())
    };
    let format = |name: &str| FORMATS.iter().find(|(known, _)| *known == name).map(|(_, format)| *format);
    let list = |name: &str| match (name, inside(name, "List").as_deref()) {
        ("CommaDelimitedList", _) | (_, Some("Number")) => Some(Format::Any),
        (_, Some("AWS::EC2::KeyPair::KeyName")) | (_, None) => None,
        (_, Some(item)) => format(item),
    };
    match name {
        "Number" => return Some(ParameterKind::Number),
        "List<Number>" => return Some(ParameterKind::Numbers),
        _ => {}
    }
    if let Some(stored) = inside(name, "AWS::SSM::Parameter::Value") {
        let one = if stored == "Number" { Some(Format::Any) } else { format(&stored) };
        let of = |list| move |format| ParameterKind::Stored { list, format };
        return one.map(of(false)).or_else(|| list(&stored).map(of(true)));
    }
    format(name).map(ParameterKind::Text).or_else(|| list(name).map(ParameterKind::Texts))
}

/// Every type that there is.
fn all() -> Vec<String> {
    let ones = || FORMATS.iter().map(|(name, _)| *name).chain(["Number"]);
    let values = ones().map(str::to_owned).chain(ones().map(|name| format!("List<{name}>")));
    let mut all: Vec<String> = values.chain(["CommaDelimitedList".to_owned()]).collect();
    let stored: Vec<String> = all.iter().map(|name| format!("AWS::SSM::Parameter::Value<{name}>")).collect();
    all.extend(stored);
    all.retain(|name| named(name).is_some());
    all
}
