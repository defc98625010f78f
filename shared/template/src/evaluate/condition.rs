//! Conditions and `Fn::If`.

use std::ops::RangeInclusive;
use std::rc::Rc;

use source::{Code, Finding, Key, Node, Span, Value, listed};

use super::kept::{described, is_known, is_unknown, left, unknown};
use super::{DEEPEST, Evaluator, Place};

/// The most conditions that one `Fn::And` or `Fn::Or` takes ("Condition functions").
const MOST_OPERANDS: usize = 10;

impl<'a> Evaluator<'a> {
    pub(super) fn decide_all(&mut self) {
        for (name, condition) in &self.scope.template.conditions {
            self.decided(name, condition.key.span);
        }
    }

    /// What a condition comes to, where nothing needs to be said of it (any more).
    pub(super) fn decided_silently(&self, name: &str) -> Option<bool> {
        self.truths.get(name).copied().flatten()
    }

    /// What a condition comes to; none where that cannot be told. `span` is where it is named.
    pub(crate) fn decided(&mut self, name: &str, span: Span) -> Option<bool> {
        if let Some(truth) = self.truths.get(name) {
            return *truth;
        }
        let Some((name, condition)) = self.scope.template.conditions.get_key_value(name) else {
            let names = self.scope.template.conditions.keys();
            let help = match self.meant(name, names.map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "declare it under `Conditions`".to_owned(),
            };
            self.add(Finding::new(Code::UnknownCondition, span, format!("there is no condition `{name}`")).help(help));
            return None;
        };
        if let Some(from) = self.deciding.iter().position(|one| one == name) {
            let path = self.deciding.iter().skip(from).copied().chain([name.as_str()]);
            let path: Vec<String> = path.map(|name| format!("`{name}`")).collect();
            let message = format!("conditions go round in a circle: {}", path.join(" → "));
            let help = "let one of them say what it means without the others";
            self.add(Finding::new(Code::Cycle, span, message).help(help));
            return None;
        }
        if self.depth >= DEEPEST {
            let message = "functions and conditions lead on too far from here";
            self.add(Finding::new(Code::TooDeep, span, message).help("let fewer of them build on each other"));
            return None;
        }
        self.deciding.push(name);
        let before = std::mem::replace(&mut self.place, Place::Condition);
        let truth = self.truth(&condition.node);
        self.place = before;
        self.deciding.pop();
        self.truths.insert(name, truth);
        truth
    }

    /// Whether `node` is true: a condition function, or the name of a condition. None where that cannot be told.
    pub(crate) fn truth(&mut self, node: &Rc<Node>) -> Option<bool> {
        if self.depth >= DEEPEST {
            let message = "functions and conditions lead on too far from here";
            self.add(Finding::new(Code::TooDeep, node.span, message).help("let fewer of them build on each other"));
            return None;
        }
        self.depth += 1;
        let truth = self.truth_once(node);
        self.depth -= 1;
        truth
    }

    fn truth_once(&mut self, node: &Rc<Node>) -> Option<bool> {
        let before = std::mem::replace(&mut self.place, Place::Condition);
        let truth = match node.only() {
            Some((key, given)) => self.called(node, key, given),
            None => self.no_condition(node),
        };
        self.place = before;
        truth
    }

    fn called(&mut self, node: &Rc<Node>, key: &Key, given: &Rc<Node>) -> Option<bool> {
        match key.name.as_str() {
            "Condition" => {
                let name = self.literal(given, "the name of a condition")?;
                self.decided(name, given.span)
            }
            "Fn::And" => {
                let truths = self.operands(key, given, 2..=MOST_OPERANDS)?;
                if truths.contains(&Some(false)) { Some(false) } else { (!truths.contains(&None)).then_some(true) }
            }
            "Fn::Or" => {
                let truths = self.operands(key, given, 2..=MOST_OPERANDS)?;
                if truths.contains(&Some(true)) { Some(true) } else { (!truths.contains(&None)).then_some(false) }
            }
            "Fn::Not" => self.operands(key, given, 1..=1)?.first().copied().flatten().map(|truth| !truth),
            "Fn::Equals" => {
                let takes = ("Fn::Equals", "two values", "Fn::Equals: [a, b]");
                let [left, right]: &[Rc<Node>; 2] = self.arguments(given.span, given, takes)?;
                let (left, right) = (self.compared(left), self.compared(right));
                Some(left? == right?)
            }
            _ => self.no_condition(node),
        }
    }

    /// What each operand comes to; none where there are too few or too many.
    fn operands(&mut self, key: &Key, given: &Rc<Node>, count: RangeInclusive<usize>) -> Option<Vec<Option<bool>>> {
        let operands = match &given.value {
            Value::List(items) => Some(items).filter(|items| count.contains(&items.len())),
            Value::Scalar { .. } | Value::Map(_) => None,
        };
        let Some(operands) = operands else {
            let (takes, form) = match count.end() {
                1 => ("one condition, in a list".to_owned(), format!("{}: [{{Condition: Name}}]", key.name)),
                most => {
                    let form = format!("{}: [{{Condition: One}}, {{Condition: Other}}]", key.name);
                    (format!("a list of {} to {most} conditions", count.start()), form)
                }
            };
            self.wrong_arguments(given.span, &key.name, &takes, &form);
            return None;
        };
        Some(operands.iter().map(|operand| self.truth(operand)).collect())
    }

    /// One side of a comparison: texts as they are written, whatever they look like. None where it cannot be told.
    fn compared(&mut self, node: &Rc<Node>) -> Option<serde_json::Value> {
        if let Some((name, _)) = left(node)
            && matches!(name, "Fn::If" | "Fn::GetAtt" | "Fn::ImportValue")
        {
            let message = format!("`{name}` cannot stand in a condition");
            let help = "conditions may look at parameters, mappings and other conditions";
            self.add(Finding::new(Code::MisplacedFunction, node.span, message).help(help));
            return None;
        }
        let Some(value) = self.value_in(Place::Condition, node) else {
            self.wrong_type(node.span, "what `Fn::Equals` compares", "a value", "`AWS::NoValue`", "compare with text");
            return None;
        };
        (!is_unknown(&value) && is_known(&value)).then(|| written(&value))
    }

    fn no_condition(&mut self, node: &Node) -> Option<bool> {
        let choices = listed(&["Fn::And", "Fn::Or", "Fn::Not", "Fn::Equals", "Condition"], "or");
        let found = match node.only() {
            Some((key, _)) => format!("`{}`", key.name),
            None => described(node),
        };
        self.wrong_type(node.span, "a condition", "a condition function", &found, &format!("it may be {choices}"));
        None
    }

    /// `Fn::If`.
    pub(super) fn chosen(&mut self, span: Span, key: &Key, given: &Rc<Node>) -> Option<Rc<Node>> {
        if self.place == Place::Condition {
            let message = "`Fn::If` cannot stand in a condition";
            let help = "conditions may look at parameters, mappings and other conditions";
            self.add(Finding::new(Code::MisplacedFunction, key.span, message).help(help));
            return Some(unknown(span));
        }
        let takes = ("Fn::If", "the name of a condition and two values", "Fn::If: [Name, value, otherwise]");
        let Some([name, yes, no]) = self.arguments::<3>(given.span, given, takes) else { return Some(unknown(span)) };
        let truth = match self.literal(name, "the name of a condition") {
            Some(text) => self.decided(text, name.span),
            None => None,
        };
        match truth {
            Some(true) => {
                self.not_taken(no);
                self.evaluated(yes)
            }
            Some(false) => {
                self.not_taken(yes);
                self.evaluated(no)
            }
            // Whichever it will be: what it looks up is looked up at once, and what is wrong with it is told then.
            None => {
                let (told, is_spent) = (self.findings.len(), self.is_spent);
                self.evaluated(yes);
                self.evaluated(no);
                self.findings.truncate(told);
                self.is_spent = is_spent;
                Some(unknown(span))
            }
        }
    }
}

impl Evaluator<'_> {
    /// Tells what is wrong with a value that is not chosen whatever is chosen: AWS refuses a template for that, too. What depends
    /// on values may be as it should where it is chosen.
    fn not_taken(&mut self, node: &Rc<Node>) {
        const ALWAYS: [Code; 8] = [
            Code::MisplacedFunction,
            Code::MissingTransform,
            Code::UnknownAttribute,
            Code::UnknownCondition,
            Code::UnknownFunction,
            Code::UnknownResource,
            Code::Unsupported,
            Code::WrongArguments,
        ];
        let told = self.findings.len();
        let (lookups, is_spent) = (self.lookups.clone(), self.is_spent);
        let before = std::mem::replace(&mut self.is_taken, false);
        self.evaluated(node);
        self.is_taken = before;
        // What this took away is told where it is missed.
        self.is_spent = is_spent;
        self.lookups = lookups;
        let found = self.findings.split_off(told.min(self.findings.len()));
        self.findings.extend(found.into_iter().filter(|finding| ALWAYS.contains(&finding.code)));
    }
}

/// A value in which every scalar is the text that was written.
fn written(node: &Node) -> serde_json::Value {
    match &node.value {
        Value::Scalar { text, .. } => text.as_str().into(),
        Value::List(items) => items.iter().map(|item| written(item)).collect(),
        Value::Map(entries) => entries.iter().map(|(key, item)| (key.name.clone(), written(item))).collect(),
    }
}
