//! How calls are led to a new version: what can be wrong with it, and what it comes to.

use model::ShiftStep;
use serde_json::json;

use super::errors::found;
use super::{expanded, small, valid};

const ALARMS: &str = "shared: { monitoring: { alarms: { errors: 1, throttles: 2 } } }\n";

/// An agent with an alias and `shift`, in a config with alarms.
fn config(shift: &str) -> String {
    small(&format!("    shift: {shift}\n    alias: live\n{ALARMS}"))
}

fn check(shift: &str, expected: &[&str]) {
    assert_eq!(found(&config(shift)), expected, "\n{shift}");
}

#[test]
fn a_shift_that_is_none_is_told() {
    check("at-once", &["8:12 wrong-choice | `shift` cannot be `at-once` | it may be `all-at-once`"]);
    let either = "8:12 wrong-choice | `shift` is either `canary` or `linear` | keep one of the two; an environment that \
                  overrides the other sets it to `null`";
    check("{}", &[either]);
    let both = "{ canary: { percent: 1, minutes: 1 }, linear: { percent: 50, every_minutes: 1 } }";
    check(both, &[either]);
    check("{ canary: { percent: 1 } }", &["8:22 missing-key | `canary` needs the key `minutes` | add `minutes: …`"]);
    check(
        "{ linear: { percent: 50, minutes: 1 } }",
        &[
            "8:22 missing-key | `linear` needs the key `every_minutes` | add `every_minutes: …`",
            "8:37 unknown-key | `linear` has no key `minutes` | it may have `percent` and `every_minutes`",
        ],
    );
}

#[test]
fn a_part_and_a_time_that_no_shift_has_are_told() {
    for (shift, expected) in [
        (
            "{ canary: { percent: 100, minutes: 5 } }",
            "8:33 out-of-range | `percent` cannot be `100` | it goes from 1 to 99",
        ),
        (
            "{ canary: { percent: 0, minutes: 5 } }",
            "8:33 out-of-range | `percent` cannot be `0` | it goes from 1 to 99",
        ),
        (
            "{ canary: { percent: 10, minutes: 61 } }",
            "8:46 out-of-range | `minutes` cannot be `61` | it goes from 1 to 60 minutes",
        ),
        (
            "{ linear: { percent: 51, every_minutes: 1 } }",
            "8:33 out-of-range | `percent` cannot be `51` | it goes from 1 to 50",
        ),
        (
            "{ linear: { percent: 10, every_minutes: 7 } }",
            "8:22 out-of-range | `linear` takes 63 minutes in all, and at most 60 are taken | there are 9 steps below \
             100 %: take fewer, with a larger `percent`, or shorter ones",
        ),
    ] {
        check(shift, &[expected]);
    }
}

#[test]
fn a_shift_without_an_alias_or_without_alarms_is_told() {
    let canary = "    shift: { canary: { percent: 10, minutes: 5 } }\n";
    assert_eq!(
        found(&small(&format!("{canary}{ALARMS}"))),
        ["8:12 missing-key | there is no alias whose calls could be shifted | add `alias: live` to the agent"]
    );
    let nobody = "8:12 nothing-to-look-at | the agent has no alarms, so that nobody would be looking while it is shifted | give \
                  a threshold for agents under `shared.monitoring.alarms`, e.g. `errors: 1`";
    for shared in ["", "shared: { monitoring: { alarms: { api_5xx: 1, dlq_depth: 1 } } }\n"] {
        assert_eq!(found(&small(&format!("{canary}    alias: live\n{shared}"))), [nobody], "{shared}");
    }
    let letters = "    alias: live\n    dlq: true\nshared: { monitoring: { alarms: { dlq_depth: 1 } } }\n";
    assert_eq!(found(&small(&format!("{canary}{letters}"))), [""; 0], "dead letters tell as well");
    assert_eq!(found(&small("    shift: all-at-once\n")), [""; 0], "what asks for nothing needs nothing");
}

#[test]
fn a_shift_comes_to_steps_that_the_agents_alarms_watch() {
    let step = |percent, seconds| ShiftStep { percent, seconds };
    for (shift, expected) in [
        ("{ canary: { percent: 10, minutes: 5 } }", vec![step(10, 300)]),
        ("{ linear: { percent: 50, every_minutes: 1 } }", vec![step(50, 60)]),
        ("{ linear: { percent: 30, every_minutes: 2 } }", vec![step(30, 120), step(60, 120), step(90, 120)]),
    ] {
        let desired = expanded(&valid(&config(shift)), "dev");
        let alias = &desired.resources[&"bot/Alias".parse().unwrap()];
        let shifted = alias.shift.as_ref().unwrap();
        assert_eq!(shifted.steps, expected, "{shift}");
        assert_eq!(shifted.alarms, [json!({ "Ref": "bot/ErrorsAlarm" }), json!({ "Ref": "bot/ThrottlesAlarm" })]);
        let on: Vec<_> = alias.depends_on.iter().map(ToString::to_string).collect();
        assert_eq!(on, ["bot/ErrorsAlarm", "bot/ThrottlesAlarm"], "they are there before it is shifted");
    }
    let desired = expanded(&valid(&config("all-at-once")), "dev");
    let alias = &desired.resources[&"bot/Alias".parse().unwrap()];
    assert_eq!((&alias.shift, alias.depends_on.len()), (&None, 0));
}
