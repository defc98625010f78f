//! Tree → [`Template`]: what each section may hold, and what is wrong with what it holds.

mod template;

pub(crate) use template::{
    Assertion, Condition, Export, Format, Output, Parameter, ParameterKind, Resource, Rule, Template,
};
