//! What a function can look at.

use std::collections::BTreeMap;
use std::rc::Rc;

use model::{ResourceAddress, ResourceType};
use source::Node;

use crate::context::Context;
use crate::evaluate::Charge;
use crate::nested::Nested;
use crate::read::{Export, Template};

/// What the functions of one stack can look at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope<'a> {
    /// The stack's name.
    pub(crate) stack: &'a str,
    /// Its template: mappings, conditions, and the kinds of its resources.
    pub(crate) template: &'a Template,
    /// The values of its parameters by name, text or lists of text. One that is declared and not here is a finding or a lookup
    /// already.
    pub(crate) values: &'a BTreeMap<String, Rc<Node>>,
    /// What is the same for all stacks: the environment, and what was looked up.
    pub(crate) context: &'a Context<'a>,
    /// The resources of the other stacks of the environment, and of what else exists in it.
    pub(crate) elsewhere: &'a BTreeMap<ResourceAddress, ResourceType>,
    /// What all stacks export, by the names of exports; none where that is not known yet.
    pub(crate) exports: Option<&'a BTreeMap<String, Export>>,
    /// The nested stacks, by the resources that stand for them.
    pub(crate) nested: &'a BTreeMap<ResourceAddress, Nested>,
    /// How much functions may still give, in all stacks.
    pub(crate) charge: &'a Charge,
}
