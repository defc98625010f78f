//! Where a template names the files that were published with it: they are kept in the engine's bucket instead.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use source::{Key, Node, Value};

use crate::context::{Asset, Context};

/// The file assets of one stack, and where they are kept.
pub(crate) struct Assets<'a> {
    /// The buckets that the template names, the longest first.
    buckets: Vec<String>,
    /// The keys that it names, with those in the engine's bucket.
    keys: BTreeMap<&'a str, &'a str>,
    /// The engine's bucket.
    kept_in: &'a str,
}

impl<'a> Assets<'a> {
    /// Those of a stack, pseudo parameters in the names of buckets filled in.
    pub(crate) fn new(assets: &'a [Asset], context: &Context<'a>) -> Self {
        let environment = context.environment;
        let filled = |asset: &Asset| {
            let bucket = asset.bucket.replace("${AWS::AccountId}", &environment.account);
            bucket.replace("${AWS::Region}", &environment.region)
        };
        let mut buckets: Vec<String> = assets.iter().map(filled).filter(|bucket| !bucket.is_empty()).collect();
        buckets.sort_by(|a, b| (b.len(), a).cmp(&(a.len(), b)));
        buckets.dedup();
        let keys = assets.iter().map(|asset| (asset.key.as_str(), asset.kept.as_str())).collect();
        Self { buckets, keys, kept_in: context.artifact_bucket }
    }

    /// `node` with the places where its assets are kept. A key is one next to its bucket, in the same mapping or in lists of it, or
    /// behind it in one text.
    pub(crate) fn placed(&self, node: &Rc<Node>) -> Rc<Node> {
        if self.buckets.is_empty() { Rc::clone(node) } else { self.within(node, false) }
    }

    /// `node`, where texts are keys if `beside` a bucket.
    fn within(&self, node: &Rc<Node>, beside: bool) -> Rc<Node> {
        let value = match &node.value {
            Value::Scalar { text, plain } => match self.text(text, beside) {
                Some(text) => Value::Scalar { text, plain: *plain },
                None => return Rc::clone(node),
            },
            Value::List(items) => Value::List(items.iter().map(|item| self.within(item, beside)).collect()),
            Value::Map(entries) => {
                let beside = entries.iter().any(|(_, item)| self.names_bucket(item));
                let entry = |(key, item): &(Key, Rc<Node>)| {
                    let allowed = if key.name == "Resource" { self.allowed(item) } else { None };
                    (key.clone(), allowed.unwrap_or_else(|| self.within(item, beside)))
                };
                Value::Map(entries.iter().map(entry).collect())
            }
        };
        Rc::new(Node::new(node.span, value))
    }

    /// What a policy speaks of, where that has everything in the bucket of assets (`arn:aws:s3:::bucket/*`): of these, the stack's
    /// own. The engine's bucket holds what is nobody else's business.
    fn allowed(&self, resource: &Rc<Node>) -> Option<Rc<Node>> {
        let items = match &resource.value {
            Value::List(items) => items.as_slice(),
            Value::Scalar { .. } | Value::Map(_) => std::slice::from_ref(resource),
        };
        if !items.iter().any(|item| self.whole(item).is_some()) {
            return None;
        }
        let kept: BTreeSet<&str> = self.keys.values().copied().collect();
        let mut allowed = Vec::with_capacity(items.len());
        for item in items {
            match self.whole(item) {
                Some(begin) => allowed.extend(kept.iter().map(|key| Node::text(item.span, format!("{begin}/{key}")))),
                None => allowed.push(self.within(item, false)),
            }
        }
        Some(Rc::new(Node::new(resource.span, Value::List(allowed))))
    }

    /// The ARN of the engine's bucket, if `node` is everything in a bucket of assets.
    fn whole(&self, node: &Node) -> Option<String> {
        let (service, bucket) = node.scalar()?.strip_suffix("/*")?.split_once(":::")?;
        let is_whole = service.starts_with("arn:") && service.ends_with(":s3") && self.is_bucket(bucket);
        is_whole.then(|| format!("{service}:::{}", self.kept_in))
    }

    fn names_bucket(&self, node: &Node) -> bool {
        match &node.value {
            Value::Scalar { text, .. } => self.buckets.contains(text),
            Value::List(items) => items.iter().any(|item| item.scalar().is_some_and(|text| self.is_bucket(text))),
            Value::Map(_) => false,
        }
    }

    fn is_bucket(&self, text: &str) -> bool {
        self.buckets.iter().any(|bucket| bucket == text)
    }

    /// What `text` becomes; none where it stays.
    fn text(&self, text: &str, beside: bool) -> Option<String> {
        if let Some(kept) = self.keys.get(text).filter(|_| beside) {
            return Some((*kept).to_owned());
        }
        let bucket = self.buckets.iter().find(|bucket| named(text, bucket).is_some())?;
        let mut made = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = named(rest, bucket) {
            made.push_str(rest.get(..at).unwrap_or_default());
            made.push_str(self.kept_in);
            rest = rest.get(at + bucket.len()..).unwrap_or_default();
        }
        // `s3://bucket/key` and `https://bucket.s3.…/key`: the key is all that follows a slash.
        let key = rest.char_indices().filter(|(_, letter)| *letter == '/').find_map(|(at, _)| {
            let (before, key) = (rest.get(..=at)?, rest.get(at + 1..)?);
            Some((before, *self.keys.get(key)?))
        });
        match key {
            Some((before, kept)) => made.extend([before, kept]),
            None => made.push_str(rest),
        }
        Some(made)
    }
}

/// Where `text` names `bucket`, as a whole name.
fn named(text: &str, bucket: &str) -> Option<usize> {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    let mut from = 0;
    while let Some(found) = text.get(from..).and_then(|rest| rest.find(bucket)) {
        let at = from + found;
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text.get(at + bucket.len()..).and_then(|after| after.chars().next());
        if !before.is_some_and(is_part) && !after.is_some_and(is_part) {
            return Some(at);
        }
        from = at + bucket.len();
    }
    None
}
