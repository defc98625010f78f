//! What the agents share.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::{api, data, monitoring, names, network, secret};
use crate::config::{Monitoring, Shared};
use source::Code;
use source::Finding;
use source::Reader;
use source::{Key, Node};

pub(super) fn shared(reader: &mut Reader<'_>, node: &Rc<Node>) -> Option<Shared> {
    let mut fields = reader.fields(node, "`shared`")?;
    let vpc = reader.optional(&mut fields, "vpc").map(|node| network::vpc(reader, node));
    let api_gateway = reader.optional(&mut fields, "api_gateway").map(|node| api::api_gateway(reader, node));
    let monitoring = reader.optional(&mut fields, "monitoring").map(|node| monitoring::monitoring(reader, node));
    let mut taken = Taken::default();
    let tables = reader.optional(&mut fields, "tables");
    let tables = named(reader, &mut taken, tables, ("`tables`", "a table"), data::table);
    let buckets = reader.optional(&mut fields, "buckets");
    let buckets = named(reader, &mut taken, buckets, ("`buckets`", "a bucket"), data::bucket);
    let queues = reader.optional(&mut fields, "queues");
    let queues = named(reader, &mut taken, queues, ("`queues`", "a queue"), data::queue);
    let topics = reader.optional(&mut fields, "topics");
    let topics = named(reader, &mut taken, topics, ("`topics`", "a topic"), data::topic);
    let parameters = reader.optional(&mut fields, "parameters");
    let parameters = named(reader, &mut taken, parameters, ("`parameters`", "a parameter"), data::parameter);
    let secrets = reader.optional(&mut fields, "secrets");
    let secrets = named(reader, &mut taken, secrets, ("`secrets`", "a secret"), secret::secret);
    reader.finish(fields);
    if let (Some(topics), Some(queues)) = (&topics, &queues)
        && !data::check_subscriptions(reader, topics, queues)
    {
        return None;
    }
    Some(Shared {
        vpc: match vpc {
            Some(vpc) => Some(vpc?),
            None => None,
        },
        api_gateway: match api_gateway {
            Some(api) => Some(api?),
            None => None,
        },
        monitoring: match monitoring {
            Some(monitoring) => monitoring?,
            None => Monitoring::default(),
        },
        tables: tables?,
        buckets: buckets?,
        queues: queues?,
        topics: topics?,
        parameters: parameters?,
        secrets: secrets?,
    })
}

/// The names that are taken, in the form in which they must differ.
#[derive(Default)]
struct Taken(BTreeMap<String, String>);

type Read<T> = fn(&mut Reader<'_>, &Key, &Rc<Node>) -> Option<T>;

/// The resources that stand under one key; none where one of them is wrong.
fn named<T>(
    reader: &mut Reader<'_>,
    taken: &mut Taken,
    node: Option<&Rc<Node>>,
    what: (&str, &str),
    read: Read<T>,
) -> Option<BTreeMap<String, T>> {
    let mut resources = BTreeMap::new();
    let Some(node) = node else { return Some(resources) };
    let mut is_whole = node.entries().is_some();
    for (key, node) in reader.entries(node, what.0, "names to resources") {
        let name = names::resource(reader, key, what.1);
        if let Some(name) = &name {
            let logical = crate::expand::pascal(name);
            if let Some(other) = taken.0.get(&logical) {
                let message = match other == name {
                    true => format!("`{name}` is the name of another shared resource already"),
                    false => format!("`{name}` and `{other}` are too much alike: both become `{logical}`"),
                };
                let finding = Finding::new(Code::DuplicateName, key.span, message);
                reader.add(finding.help("permissions name resources by their name alone: give one of them another"));
            } else {
                taken.0.insert(logical, name.clone());
            }
        }
        match (name, read(reader, key, node)) {
            (Some(name), Some(resource)) => {
                resources.insert(name, resource);
            }
            _ => is_whole = false,
        }
    }
    is_whole.then_some(resources)
}
