//! What an administrator types.

use end_to_end::admin::DESK;
use end_to_end::bot::{bot, bot_with};
use end_to_end::outcome;
use end_to_end::trial::Trial;
use model::Outcome;
use serde_json::{Value, json};

use crate::trial::{asked, enqueue_held};

#[tokio::test]
async fn an_administrator_sees_the_queue_and_cancels_what_is_in_it() {
    let trial = Trial::with(&[]).await;
    trial.without_sweeper().await;
    assert_eq!(
        trial.admin(&["queue", DESK]).await,
        Ok("nothing runs in `support-desk/dev`, and nothing waits".to_owned())
    );
    let error = trial.admin(&["cancel", DESK]).await.expect_err("nothing has its turn");
    assert!(error.contains("no deployment of `support-desk/dev` has its turn"), "{error}");

    let (running, held) = enqueue_held(&trial, &bot()).await;
    let waiting = trial.enqueue(&bot_with(300)).await;
    let started = trial.head(&running.id).await.started;
    let shown: Value = serde_json::from_str(&trial.admin(&["queue", DESK, "--json"]).await.unwrap()).unwrap();
    let line = |place: &str, id, since, is_cancelled: bool| {
        json!({
            "place": place, "deployment": id, "kind": "deploy", "only": null, "since": since, "executions": 1,
            "deaths": 0, "cancelled": is_cancelled,
        })
    };
    let waits = line("waits", &waiting.id, Some(waiting.accepted), false);
    assert_eq!(shown, json!({ "queue": [line("turn", &running.id, started, false), waits], "reap": null }));

    let answer = trial.admin(&["cancel", DESK, waiting.id.as_str(), "--by", "kim"]).await;
    assert_eq!(answer, Ok(format!("{}: it waited, and is cancelled", waiting.id)));
    // Its history is written while the other one has its turn still.
    trial.told(&trial.end_of(&waiting.id).await).await;
    let answer = trial.admin(&["cancel", DESK, "--by", "kim"]).await;
    assert_eq!(answer, Ok(format!("{}: it ends as soon as what has begun is finished", running.id)));
    let shown = trial.admin(&["queue", DESK]).await.unwrap();
    assert!(shown.starts_with(&format!("turn   {}  deploy    since ", running.id)), "{shown}");
    assert!(shown.ends_with("cancelled by kim") && shown.lines().count() == 1, "{shown}");
    let error = trial.admin(&["cancel", DESK, waiting.id.as_str()]).await.expect_err("it has ended");
    assert!(error.contains("neither waits nor has its turn"), "{error}");

    asked(&trial).await;
    held.release();
    for id in [&running.id, &waiting.id] {
        let ended = trial.end_of(id).await;
        assert_eq!(outcome(&ended).name(), "Cancelled");
        assert_eq!(*outcome(&ended), Outcome::Cancelled { by: Some("kim".to_owned()) });
    }
}
