//! What an administrator types.

use end_to_end::outcome;
use model::Outcome;
use serde_json::{Value, json};

use crate::bot::{Trial, bot, bot_with};

/// Runs `cargo xtask admin`, as it was built beside these tests; what it printed, or what it said was wrong.
async fn admin(trial: &Trial, arguments: &[&str]) -> Result<String, String> {
    let xtask = local::package::binaries_dir().expect("binaries").join("xtask");
    let output = tokio::process::Command::new(xtask)
        .arg("admin")
        .args(arguments)
        .env("AWS_ENDPOINT_URL", trial.account.administration.address().url())
        .env("AWS_REGION", local::emulator::REGION)
        .env("AWS_ACCESS_KEY_ID", local::emulator::ADMINISTRATOR)
        .env("AWS_SECRET_ACCESS_KEY", local::emulator::ADMINISTRATOR_SECRET)
        .output()
        .await
        .expect("it runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

#[tokio::test]
async fn an_administrator_sees_the_queue_and_cancels_what_is_in_it() {
    let trial = Trial::with(&[]).await;
    let desk = "support-desk/dev";
    assert_eq!(
        admin(&trial, &["queue", desk]).await,
        Ok("nothing runs in `support-desk/dev`, and nothing waits".to_owned())
    );
    let error = admin(&trial, &["cancel", desk]).await.expect_err("nothing has its turn");
    assert!(error.contains("no deployment of `support-desk/dev` has its turn"), "{error}");

    let (running, held) = trial.enqueue_held(&bot()).await;
    let waiting = trial.enqueue(&bot_with(300)).await;
    let started = trial.head(&running.id).await.started;
    let shown: Value = serde_json::from_str(&admin(&trial, &["queue", desk, "--json"]).await.unwrap()).unwrap();
    let line = |place: &str, id, since, is_cancelled: bool| {
        json!({
            "place": place, "deployment": id, "kind": "deploy", "since": since, "executions": 1, "deaths": 0,
            "cancelled": is_cancelled,
        })
    };
    let waits = line("waits", &waiting.id, Some(waiting.accepted), false);
    assert_eq!(shown, json!({ "queue": [line("turn", &running.id, started, false), waits], "reap": null }));

    let answer = admin(&trial, &["cancel", desk, waiting.id.as_str(), "--by", "kim"]).await;
    assert_eq!(answer, Ok(format!("{}: it waited, and is cancelled", waiting.id)));
    let answer = admin(&trial, &["cancel", desk, "--by", "kim"]).await;
    assert_eq!(answer, Ok(format!("{}: it ends as soon as what has begun is finished", running.id)));
    let shown = admin(&trial, &["queue", desk]).await.unwrap();
    assert!(shown.starts_with(&format!("turn   {}  deploy    since ", running.id)), "{shown}");
    assert!(shown.ends_with("cancelled by kim") && shown.lines().count() == 1, "{shown}");
    let error = admin(&trial, &["cancel", desk, waiting.id.as_str()]).await.expect_err("it has ended");
    assert!(error.contains("neither waits nor has its turn"), "{error}");

    trial.asked().await;
    held.release();
    for id in [&running.id, &waiting.id] {
        let ended = trial.end_of(id).await;
        assert_eq!(outcome(&ended).name(), "Cancelled");
        assert_eq!(*outcome(&ended), Outcome::Cancelled { by: Some("kim".to_owned()) });
    }
}
