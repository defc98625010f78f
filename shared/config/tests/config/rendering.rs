//! Reports as people read them.

use super::{SMALL, small};

fn shown(text: &str, width: usize) -> String {
    config::parse("strands.yaml", text).unwrap_err().render(false, width)
}

#[test]
fn a_report_underlines_each_place_and_says_what_to_do() {
    let text = small("    memroy: 512\n    timeout: 901\nshared: { api_gateway: { type: soap } }\n");
    insta::assert_snapshot!(shown(&text, 80));
}

#[test]
fn a_report_fits_a_narrow_terminal() {
    insta::assert_snapshot!(shown(&SMALL.replace("name: bot", "name: My Bot"), 50));
}

#[test]
fn colours_come_only_where_they_are_wanted() {
    let text = small("    memroy: 512\n");
    let report = config::parse("strands.yaml", &text).unwrap_err();
    assert!(!report.render(false, 80).contains('\u{1b}'));
    assert!(report.render(true, 80).contains('\u{1b}'));
}

#[test]
fn a_report_never_shows_the_secret_that_it_is_about() {
    let key = "-----BEGIN RSA PRIVATE KEY-----\n        MIIEow\n        -----END RSA PRIVATE KEY-----";
    let text = small(&format!("    environment:\n      ID: AKIAIOSFODNN7EXAMPLE\n      KEY: |\n        {key}\n"));
    let report = config::parse("strands.yaml", &text).unwrap_err();
    assert_eq!(report.problems().len(), 2);
    let all = format!("{}{report}{:?}", report.render(false, 80), report.refusals());
    for secret in ["AKIA", "MIIEow"] {
        assert!(!all.contains(secret), "{all}");
    }
}
