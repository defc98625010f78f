//! `Rules`: whether the values of parameters keep what the template asserts of them.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use source::{Code, Finding, Key, Node, Value, listed};

use crate::evaluate::{Evaluator, Place, is_known};
use crate::read::{Assertion, Rule, Template};

/// The functions that say something true or false in a rule.
const TRUTHS: &[&str] =
    &["Fn::And", "Fn::Contains", "Fn::EachMemberEquals", "Fn::EachMemberIn", "Fn::Equals", "Fn::Not", "Fn::Or"];
/// How many conditions `Fn::And` and `Fn::Or` take.
const OPERANDS: std::ops::RangeInclusive<usize> = 2..=10;
/// How deep rules may be nested.
const DEEPEST: usize = 64;

/// Adds to `findings` what is wrong with the rules of `template`, and which of them its parameters do not keep.
pub(crate) fn check(
    template: &Template,
    values: &BTreeMap<String, Rc<Node>>,
    evaluator: &mut Evaluator<'_>,
    findings: &mut Vec<Finding>,
) {
    let mut rules = Rules { template, values, evaluator, findings, depth: 0 };
    for rule in template.rules.values() {
        rules.keep(rule);
    }
}

struct Rules<'r, 'e, 's> {
    template: &'r Template,
    values: &'r BTreeMap<String, Rc<Node>>,
    evaluator: &'e mut Evaluator<'s>,
    findings: &'r mut Vec<Finding>,
    depth: usize,
}

impl Rules<'_, '_, '_> {
    fn keep(&mut self, rule: &Rule) {
        let applies = rule.condition.as_ref().map(|condition| self.truth(condition));
        for assertion in &rule.assertions {
            let truth = self.truth(&assertion.assert);
            if truth == Some(false) && matches!(applies, None | Some(Some(true))) {
                let finding = self.not_kept(&rule.key, assertion);
                self.findings.push(finding);
            }
        }
    }

    fn not_kept(&self, key: &Key, assertion: &Assertion) -> Finding {
        let what = match &assertion.description {
            Some(description) => format!("the rule `{}` is not kept: {description}", key.name),
            None => format!("the rule `{}` is not kept", key.name),
        };
        let mut names = Vec::new();
        referred(&assertion.assert, &mut names);
        names.retain(|name| self.template.parameters.contains_key(*name));
        names.sort_unstable();
        names.dedup();
        let value = |name: &str| {
            let is_hidden = self.template.parameters.get(name).is_none_or(|parameter| parameter.no_echo);
            match self.values.get(name).and_then(|value| value.scalar()).filter(|_| !is_hidden) {
                Some(text) => format!("`{name}`, which is `{text}`"),
                None => format!("`{name}`"),
            }
        };
        let help = match names.as_slice() {
            [] => "give the stack other parameters".to_owned(),
            names => {
                let named: Vec<String> = names.iter().map(|name| value(name)).collect();
                format!("give another value to {}", named.join(" or to "))
            }
        };
        Finding::new(Code::RuleNotKept, assertion.assert.span, what).help(help)
    }

    /// Whether `node` is true; none where that cannot be told, which is a finding or a lookup already.
    fn truth(&mut self, node: &Rc<Node>) -> Option<bool> {
        if self.depth >= DEEPEST {
            let finding = Finding::new(Code::TooDeep, node.span, "this rule is nested too deep");
            self.findings.push(finding.help("let fewer functions build on each other"));
            return None;
        }
        self.depth += 1;
        let truth = self.called(node);
        self.depth -= 1;
        truth
    }

    fn called(&mut self, node: &Rc<Node>) -> Option<bool> {
        match (node.scalar(), node.only()) {
            (Some("true"), _) => Some(true),
            (Some("false"), _) => Some(false),
            (_, Some((key, given))) => match key.name.as_str() {
                "Fn::And" => Some(self.operands(key, given)?.into_iter().all(|one| one)),
                "Fn::Or" => Some(self.operands(key, given)?.into_iter().any(|one| one)),
                "Fn::Not" => {
                    let [one] = self.arguments(key, given, "[…]")?;
                    Some(!self.truth(one)?)
                }
                "Fn::Equals" => {
                    let [one, other] = self.arguments(key, given, "[value, value]")?;
                    let (one, other) = (self.text(one), self.text(other));
                    Some(one? == other?)
                }
                "Fn::Contains" => {
                    let [texts, text] = self.arguments(key, given, "[[text, …], text]")?;
                    let (texts, text) = (self.texts(texts), self.text(text));
                    let text = text?;
                    Some(texts?.contains(&text))
                }
                "Fn::EachMemberEquals" => {
                    let [texts, text] = self.arguments(key, given, "[[text, …], text]")?;
                    let (texts, text) = (self.texts(texts), self.text(text));
                    let text = text?;
                    Some(texts?.into_iter().all(|one| one == text))
                }
                "Fn::EachMemberIn" => {
                    let [texts, others] = self.arguments(key, given, "[[text, …], [text, …]]")?;
                    let (texts, others) = (self.texts(texts), self.texts(others));
                    let others: BTreeSet<String> = others?.into_iter().collect();
                    Some(texts?.into_iter().all(|one| others.contains(&one)))
                }
                _ => self.no_truth(node),
            },
            _ => self.no_truth(node),
        }
    }

    fn no_truth(&mut self, node: &Node) -> Option<bool> {
        let found = match node.only().filter(|(key, _)| key.name.starts_with("Fn::") || key.name == "Ref") {
            Some((key, _)) => format!("the function `{}`", key.name),
            None => "something else".to_owned(),
        };
        let message = format!("a rule must say something true or false, not {found}");
        let help = format!("it may be {}", listed(TRUTHS, "or"));
        self.findings.push(Finding::new(Code::WrongType, node.span, message).help(help));
        None
    }

    /// What all conditions of `Fn::And` or `Fn::Or` come to.
    fn operands(&mut self, key: &Key, given: &Rc<Node>) -> Option<Vec<bool>> {
        let items = match &given.value {
            Value::List(items) if OPERANDS.contains(&items.len()) => items,
            Value::List(_) | Value::Scalar { .. } | Value::Map(_) => {
                let message = format!("`{}` takes a list of two to ten conditions", key.name);
                let help = format!("write `{}: [{{…}}, {{…}}]`", key.name);
                self.findings.push(Finding::new(Code::WrongArguments, given.span, message).help(help));
                return None;
            }
        };
        // Each is looked at, whatever the others are: all that is wrong is told.
        let truths: Vec<Option<bool>> = items.iter().map(|item| self.truth(item)).collect();
        truths.into_iter().collect()
    }

    fn arguments<'n, const N: usize>(
        &mut self,
        key: &Key,
        given: &'n Rc<Node>,
        form: &str,
    ) -> Option<[&'n Rc<Node>; N]> {
        let items = match &given.value {
            Value::List(items) => items.iter().collect::<Vec<_>>(),
            Value::Scalar { .. } | Value::Map(_) => Vec::new(),
        };
        let arguments = <[_; N]>::try_from(items).ok();
        if arguments.is_none() {
            let count = if N == 1 { "one" } else { "two" };
            let message = format!("`{}` takes a list of {count}", key.name);
            let finding = Finding::new(Code::WrongArguments, given.span, message);
            self.findings.push(finding.help(format!("write `{}: {form}`", key.name)));
        }
        arguments
    }

    /// What a value comes to, as text.
    fn text(&mut self, node: &Rc<Node>) -> Option<String> {
        match self.texts(node)?.as_slice() {
            [one] => Some(one.clone()),
            many => Some(many.join(",")),
        }
    }

    /// What a list comes to, each of its items as text; one text is a list of one.
    fn texts(&mut self, node: &Rc<Node>) -> Option<Vec<String>> {
        if let Some((key, given)) = node.only() {
            match key.name.as_str() {
                "Fn::RefAll" => return self.all_of(given),
                "Fn::ValueOf" | "Fn::ValueOfAll" => {
                    let message =
                        format!("`{}` asks the account for what a value stands for, which is not supported", key.name);
                    let help = "assert something of the parameter's value itself";
                    self.findings.push(Finding::new(Code::Unsupported, node.span, message).help(help));
                    return None;
                }
                _ => {}
            }
        }
        match &node.value {
            Value::List(items) => {
                let texts: Vec<Option<String>> = items.iter().map(|item| self.text(item)).collect();
                texts.into_iter().collect()
            }
            Value::Scalar { .. } | Value::Map(_) => {
                let value = self.evaluator.value_in(Place::Condition, node)?;
                match &value.value {
                    Value::Scalar { text, .. } => Some(vec![text.clone()]),
                    Value::List(items) => items.iter().map(|item| item.scalar().map(str::to_owned)).collect(),
                    Value::Map(_) => None,
                }
            }
        }
    }

    /// The values of all parameters of a type.
    fn all_of(&mut self, given: &Rc<Node>) -> Option<Vec<String>> {
        let Some(name) = given.scalar() else {
            let finding = Finding::new(Code::WrongArguments, given.span, "`Fn::RefAll` takes the type of parameters");
            self.findings.push(finding.help("write `Fn::RefAll: AWS::EC2::VPC::Id`"));
            return None;
        };
        let mut texts = Vec::new();
        for parameter in self.template.parameters.values().filter(|parameter| parameter.type_name == name) {
            let value = self.values.get(&parameter.key.name)?;
            if !is_known(value) {
                let message = format!("a rule is needed before the value of `{}` is known", parameter.key.name);
                let help = "assert something of parameters whose values are written out";
                self.findings.push(Finding::new(Code::KnownTooLate, given.span, message).help(help));
                return None;
            }
            match &value.value {
                Value::Scalar { text, .. } => texts.push(text.clone()),
                Value::List(items) => texts.extend(items.iter().filter_map(|item| item.scalar()).map(str::to_owned)),
                Value::Map(_) => {}
            }
        }
        Some(texts)
    }
}

/// Adds the names that `Ref` has in `node`.
fn referred<'n>(node: &'n Node, names: &mut Vec<&'n str>) {
    match &node.value {
        Value::Scalar { .. } => {}
        Value::List(items) => items.iter().for_each(|item| referred(item, names)),
        Value::Map(entries) => {
            for (key, item) in entries {
                match item.scalar().filter(|_| key.name == "Ref") {
                    Some(name) => names.push(name),
                    None => referred(item, names),
                }
            }
        }
    }
}
