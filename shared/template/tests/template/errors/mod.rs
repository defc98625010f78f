//! Every cause, with its exact place, words and help.

mod document;
mod nested;
mod parameters;
mod resources;
mod schema;
mod sections;
mod stacks;

use std::collections::BTreeSet;

use super::stage::{Stage, check};

/// Something that is right, to stand after what is not.
const ORDERS: &str = "Resources:\n  Orders: { Type: AWS::SQS::Queue }\n";

/// `text` with resources after it, and what is wrong with it.
fn check_with_orders(text: &str, expected: &[&str]) {
    check(&format!("{text}{ORDERS}"), expected);
}

/// What is wrong with the values of parameters, which a template declares and the config gives.
fn check_given(parameters: &str, given: &str, expected: &[&str]) {
    let text = format!("Parameters:\n{parameters}{ORDERS}");
    assert_eq!(Stage::of(&text).given(given).problems(), expected, "\n{text}\n{given}");
}

/// What is wrong with two stacks together.
fn check_two(site: &str, other: (&str, &str), expected: &[&str]) {
    assert_eq!(Stage::of(site).and(other.0, other.1).problems(), expected, "\n{site}\n{}", other.1);
}

#[test]
fn a_plain_template_is_valid() {
    check(ORDERS, &[]);
}

#[test]
fn there_are_many_causes() {
    const FILES: &[&str] = &[
        include_str!("document.rs"),
        include_str!("nested.rs"),
        include_str!("parameters.rs"),
        include_str!("resources.rs"),
        include_str!("schema.rs"),
        include_str!("sections.rs"),
        include_str!("stacks.rs"),
    ];
    let rows = FILES.iter().flat_map(|file| file.lines()).filter_map(|line| {
        let line = line.trim_start().trim_start_matches("r#").strip_prefix('"')?;
        let (place, rest) = line.split_once(' ')?;
        place.ends_with(|letter: char| letter.is_ascii_digit()).then_some(())?;
        let (code, rest) = rest.split_once(" | ")?;
        let (message, _) = rest.split_once(" | ")?;
        // The user's own words make no other cause.
        let words: Vec<&str> = message.split('`').step_by(2).collect();
        Some((code, words))
    });
    let causes: BTreeSet<(&str, Vec<&str>)> = rows.collect();
    assert!(causes.len() >= 100, "{}", causes.len());
}
