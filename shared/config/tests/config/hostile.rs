//! Texts that somebody made to hurt.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::{SMALL, small};

fn codes(text: &str) -> Vec<String> {
    let started = Instant::now();
    let codes = config::parse("strands.yaml", text)
        .map_or_else(|report| report.problems().iter().map(|problem| problem.full_code()).collect(), |_| Vec::new());
    assert!(started.elapsed() < Duration::from_secs(5));
    codes
}

#[test]
fn a_bomb_of_aliases_is_refused_before_it_grows() {
    let mut text = small("    environment:\n      A0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..20 {
        let below = level - 1;
        text.push_str(&format!("      A{level}: &a{level} [{}]\n", vec![format!("*a{below}"); 10].join(", ")));
    }
    assert_eq!(codes(&text), ["config::too-large"]);
}

#[test]
fn a_bomb_of_long_texts_is_refused() {
    let uses = "*long, ".repeat(1000);
    let text = small(&format!("    environment: {{ A: &long {}, B: [{uses}] }}\n", "x".repeat(100_000)));
    assert_eq!(codes(&text), ["config::too-large"]);
}

#[test]
fn a_bomb_of_merges_is_refused() {
    let mut text = "a0: &a0 { x: y }\n".to_owned();
    for level in 1..40 {
        let below = level - 1;
        text.push_str(&format!("a{level}: &a{level} {{ l: *a{below}, r: *a{below}, <<: [*a{below}, *a{below}] }}\n"));
    }
    assert_eq!(codes(&text), ["config::too-large"]);
}

#[test]
fn depth_is_bounded() {
    for text in ["[".repeat(100_000), "{a: ".repeat(100_000), "- ".repeat(100_000), "? ".repeat(100_000)] {
        let codes = codes(&text);
        assert!(codes == ["config::too-deep"] || codes == ["config::syntax"], "{codes:?}");
    }
    assert_eq!(codes(&format!("a: {}{}", "[".repeat(80), "]".repeat(80))), ["config::too-deep"]);
}

#[test]
fn length_is_bounded() {
    let text = small(&format!("#{}\n", " ".repeat(1024 * 1024)));
    assert_eq!(codes(&text), ["config::too-large"]);
    assert_eq!(codes(&"\0".repeat(1024 * 1024)), ["config::syntax"]);
}

#[test]
fn many_keys_are_read_in_time() {
    let tags: String = (0..20_000).map(|index| format!("      t{index}: x\n")).collect();
    assert_eq!(codes(&small(&format!("    tags:\n{tags}"))), ["config::too-many"]);
    let unknown: String = (0..20_000).map(|index| format!("    t{index}: x\n")).collect();
    let unknown = codes(&small(&unknown));
    assert_eq!((unknown.len(), unknown.last()), (201, Some(&"config::too-many".to_owned())));
    let overrides: String = (0..7_000).map(|index| format!("bot{index}: {{}}, ")).collect();
    let text = SMALL.replace("dev: {}", &format!("dev: {{ overrides: {{ agents: {{ {overrides} }} }} }}"));
    assert_eq!(codes(&text).len(), 201);
}

#[test]
fn a_report_of_a_strange_text_can_be_shown() {
    for text in
        ["\u{feff}", "é: ü\n", "a: \"\u{1F600}\"\nb: *ü", "\r\na:\r\n  - b: [", "project: { name: \"\u{202e}x\" }"]
    {
        if let Err(report) = config::parse("strands.yaml", text) {
            let shown = report.render(true, 20);
            assert!(!shown.is_empty());
        }
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,300}") {
        if let Err(report) = config::parse("strands.yaml", &text) {
            prop_assert!(!report.is_empty());
            report.render(false, 80);
        }
    }

    #[test]
    fn no_yaml_makes_it_panic(text in "[a-c:{}\\[\\],&*!|>'\"\\-?#% \n\t0-1<~.]{0,200}") {
        if let Err(report) = config::parse("strands.yaml", &text) {
            prop_assert!(!report.is_empty());
            report.render(false, 80);
        }
    }

    #[test]
    fn no_slip_of_the_pen_makes_it_panic(at in 0..SMALL.len(), length in 0_usize..40, slip in "[a-z:{}\\[\\],&*!|'\"\\- \n0-9<~]{0,8}") {
        let end = (at + length).min(SMALL.len());
        let text = format!("{}{slip}{}", &SMALL[..at], &SMALL[end..]);
        if let Err(report) = config::parse("strands.yaml", &text) {
            prop_assert!(!report.is_empty());
            for problem in report.problems() {
                prop_assert!(problem.span.offset <= text.len());
                prop_assert!(problem.help.is_some(), "{}", problem.message);
            }
            report.render(false, 80);
        }
    }
}
