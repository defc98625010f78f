//! Answers of functions behind custom resources.

use engine::ports::Answers;
use local::Call;
use model::ResourceKey;
use store::paths;
use tokio::task::JoinSet;

use crate::field::{BUCKET, Field};

/// More than a page of versions has.
const MANY: usize = 1_005;

async fn put(field: &Field, key: &str, answer: &'static str) {
    let put = field.account.clients.s3.put_object().bucket(BUCKET).key(key);
    put.body(answer.as_bytes().to_vec().into()).send().await.expect("the answer arrives");
}

#[tokio::test]
async fn the_first_answer_counts_however_many_follow() {
    let field = Field::start().await;
    let answers = field.store.answers(&field.id);
    let of: ResourceKey = "stack/Custom@1".parse().unwrap();
    let key = paths::answer(&field.id, &of, "request");
    assert_eq!(answers.answer(&of, "request").await.unwrap(), None);

    put(&field, &key, "first").await;
    let mut later = JoinSet::new();
    for _ in 0..MANY {
        let put = field.account.clients.s3.put_object().bucket(BUCKET).key(&key).body(b"later".to_vec().into());
        later.spawn(async move { put.send().await.map(drop).expect("the answer arrives") });
        if later.len() > 16 {
            later.join_next().await;
        }
    }
    later.join_all().await;
    let mark = field.account.proxy.mark();
    let answer = answers.answer(&of, "request").await.unwrap().expect("an answer");
    assert_eq!(String::from_utf8(answer).unwrap(), "first");
    let pages = field.account.proxy.since(mark).into_iter().filter(|call: &Call| call.action().ends_with("Versions"));
    assert_eq!(pages.count(), 2, "the first was on the second page");
}

#[tokio::test]
async fn an_answer_that_expired_is_none_whatever_is_left_of_it() {
    let field = Field::start().await;
    let answers = field.store.answers(&field.id);
    let of: ResourceKey = "stack/Custom@1".parse().unwrap();
    let key = paths::answer(&field.id, &of, "request");
    put(&field, &key, "first").await;
    put(&field, &key, "later").await;
    // As the lifecycle does: the current version gets a marker, older ones go when they are old enough.
    field.account.clients.s3.delete_object().bucket(BUCKET).key(&key).send().await.unwrap();
    assert_eq!(answers.answer(&of, "request").await.unwrap(), None);
}
