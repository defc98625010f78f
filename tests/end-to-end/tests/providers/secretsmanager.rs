//! Secrets.

use engine::ports::{Creation, Existing, Found, Made};
use local::clients;
use model::{Earlier, ErrorClass, Properties, ResourceKey, Stamp, properties};
use providers::Clients;
use serde_json::{Value, json};

use crate::support::{Change, Life, Stage, stamp, tag_list};

const KIND: &str = "AWS::SecretsManager::Secret";
const NAME: &str = "shop/dev/database";
const TOKEN: &str = "0123456789abcdef0123456789abcdef";

fn secret(length: u32, description: &str, tags: &[(&str, &str)]) -> Properties {
    properties(json!({
        "Description": description,
        "GenerateSecretString": {
            "ExcludePunctuation": true,
            "GenerateStringKey": "password",
            "PasswordLength": length,
            "SecretStringTemplate": "{\"username\":\"shop\"}",
        },
        "Name": NAME,
        "Tags": tag_list(tags),
    }))
}

fn creation<'a>(key: &'a ResourceKey, properties: &'a Properties, stamp: &'a Stamp) -> Creation<'a> {
    Creation { key, properties, token: TOKEN, stamp }
}

/// Secrets Manager as an administrator reaches it.
fn administrator(stage: &Stage) -> Clients {
    let config = clients::administrator(stage.account.proxy.address());
    Clients::new(&config, stage.account.id(), stage.fence.clone())
}

async fn value(clients: &Clients) -> Value {
    let answer = clients.secretsmanager.get_secret_value().secret_id(NAME).send().await.unwrap();
    serde_json::from_str(answer.secret_string().unwrap()).unwrap()
}

async fn versions(clients: &Clients) -> usize {
    clients.secretsmanager.list_secret_version_ids().secret_id(NAME).send().await.unwrap().versions().len()
}

#[tokio::test]
async fn a_secret_is_led_through_its_life() {
    let stage = Stage::start().await;
    let life = Life {
        kind: KIND,
        key: "shared/Database@1",
        asked: secret(20, "who reads orders", &[("team", "a")]),
        unseen: &["GenerateSecretString"],
        calls: &["CreateSecret"],
        changes: vec![
            Change { to: secret(20, "who writes orders", &[("team", "a")]), calls: &["UpdateSecret"] },
            Change { to: secret(30, "who writes orders", &[("team", "a")]), calls: &["PutSecretValue"] },
            Change { to: secret(30, "who writes orders", &[("cost", "b")]), calls: &["TagResource", "UntagResource"] },
        ],
    };
    stage.lead(&life).await;
}

#[tokio::test]
async fn a_value_is_made_up_and_told_to_nobody_and_other_changes_leave_it_alone() {
    let stage = Stage::start().await;
    let (clients, key) = (administrator(&stage), "shared/Database@1".parse::<ResourceKey>().unwrap());
    let asked = secret(20, "a", &[]);
    let (made, observed) = stage.make(KIND, "shared/Database@1", &asked).await;
    let first = value(&clients).await;
    let password = first["password"].as_str().unwrap().to_owned();
    assert_eq!(first["username"], "shop");
    assert!(password.len() == 20 && password.chars().all(|c| c.is_ascii_alphanumeric()), "{password}");
    for told in [format!("{made:?}"), format!("{observed:?}")] {
        assert!(!told.contains(&password), "{told}");
    }

    let existing = Existing::settled(&key, &made.physical_id, &asked);
    let described = secret(20, "b", &[("team", "a")]);
    stage.provider(KIND).update(&existing, &described).await.unwrap();
    assert_eq!((value(&clients).await, versions(&clients).await), (first.clone(), 1));

    // Other rules give another value, once: also where the answer was lost and the change is made again.
    let existing = Existing { properties: &described, ..existing };
    let longer = secret(31, "b", &[("team", "a")]);
    stage.provider(KIND).update(&existing, &longer).await.unwrap();
    let second = value(&clients).await;
    assert_eq!(second["password"].as_str().unwrap().len(), 31);
    stage.provider(KIND).update(&existing, &longer).await.unwrap();
    assert_eq!((value(&clients).await, versions(&clients).await), (second, 2));

    // Who goes back gets the value that was in use, or whoever used it would be locked out.
    let changed = Existing { properties: &longer, ..existing };
    for _ in 0..2 {
        stage.provider(KIND).update(&changed, &described).await.unwrap();
        assert_eq!(value(&clients).await, first);
    }
    stage.provider(KIND).update(&existing, &longer).await.unwrap();

    // It never came to its end, and is not wanted any more.
    let earlier = [
        Earlier { sent: described.clone(), token: None },
        Earlier { sent: longer.clone(), token: Some("t".to_owned()) },
    ];
    let existing = Existing { earlier: &earlier, ..Existing::settled(&key, &made.physical_id, &described) };
    let creation = creation(&key, &described, &stage.stamp);
    stage.provider(KIND).converge(&existing, &creation, false).await.unwrap();
    assert_eq!(value(&clients).await, first);
}

#[tokio::test]
async fn a_secret_without_a_value_is_given_one_and_a_value_of_somebody_else_is_kept() {
    let stage = Stage::start().await;
    let (clients, key) = (administrator(&stage), "shared/Database@1".parse::<ResourceKey>().unwrap());
    let mut empty = secret(20, "a", &[]);
    empty.0.remove("GenerateSecretString");
    let (made, _) = stage.make(KIND, "shared/Database@1", &empty).await;
    let asked = secret(20, "a", &[]);
    let creation = creation(&key, &asked, &stage.stamp);
    assert!(matches!(stage.provider(KIND).find(&creation).await.unwrap(), Found::Ours(_)));
    let existing = Existing::settled(&key, &made.physical_id, &asked);
    stage.provider(KIND).converge(&existing, &creation, false).await.unwrap();
    assert_eq!(value(&clients).await["username"], "shop");

    let put = clients.secretsmanager.put_secret_value().secret_id(NAME).secret_string("{\"password\":\"mine\"}");
    put.send().await.unwrap();
    stage.provider(KIND).converge(&existing, &creation, false).await.unwrap();
    assert_eq!(value(&clients).await, json!({ "password": "mine" }));
}

#[tokio::test]
async fn what_is_handed_in_is_sent_once_and_sent_again_when_it_changes() {
    let stage = Stage::start().await;
    let (clients, key) = (administrator(&stage), "shared/Database@1".parse::<ResourceKey>().unwrap());
    let given = |text: &str| properties(json!({ "Name": NAME, "SecretString": text, "Tags": tag_list(&[]) }));
    let asked = given("{\"pin\":1}");
    let (made, _) = stage.make(KIND, "shared/Database@1", &asked).await;
    assert_eq!(value(&clients).await, json!({ "pin": 1 }));
    let existing = Existing::settled(&key, &made.physical_id, &asked);
    let mark = stage.account.proxy.mark();
    for _ in 0..2 {
        stage.provider(KIND).update(&existing, &given("{\"pin\":2}")).await.unwrap();
    }
    assert_eq!(stage.mutations(mark), ["PutSecretValue"]);
    assert_eq!(value(&clients).await, json!({ "pin": 2 }));

    // Somebody put another in; a change of something else that is finished later leaves it alone.
    let put = clients.secretsmanager.put_secret_value().secret_id(NAME).secret_string("{\"pin\":3}");
    put.send().await.unwrap();
    let (before, mut after) = (given("{\"pin\":2}"), given("{\"pin\":2}"));
    after.set("Description", "for the till");
    let earlier = [Earlier { sent: before, token: None }];
    let existing = Existing { earlier: &earlier, ..Existing::settled(&key, &made.physical_id, &after) };
    stage.provider(KIND).converge(&existing, &creation(&key, &after, &stage.stamp), false).await.unwrap();
    assert_eq!(value(&clients).await, json!({ "pin": 3 }));
}

#[tokio::test]
async fn it_holds_data_once_somebody_put_another_value_in() {
    let stage = Stage::start().await;
    let (clients, key) = (administrator(&stage), "shared/Database@1".parse::<ResourceKey>().unwrap());
    let asked = secret(20, "a", &[]);
    let (made, _) = stage.make(KIND, "shared/Database@1", &asked).await;
    let existing = Existing::settled(&key, &made.physical_id, &asked);
    assert!(!stage.provider(KIND).holds_data(&existing).await.unwrap(), "what it was made with can be made again");
    clients.secretsmanager.put_secret_value().secret_id(NAME).secret_string("mine").send().await.unwrap();
    assert!(stage.provider(KIND).holds_data(&existing).await.unwrap());
}

#[tokio::test]
async fn a_deleted_secret_comes_back_with_its_value_when_it_is_made_again() {
    let stage = Stage::start().await;
    let (clients, provider) = (administrator(&stage), stage.provider(KIND));
    let asked = secret(20, "a", &[("team", "a")]);
    let (made, _) = stage.make(KIND, "shared/Database@1", &asked).await;
    let before = value(&clients).await;
    let key: ResourceKey = "shared/Database@1".parse().unwrap();
    let existing = Existing::settled(&key, &made.physical_id, &asked);
    provider.delete(&existing).await.unwrap();
    assert_eq!(provider.read(&existing).await.unwrap(), None);

    let key: ResourceKey = "shared/Database@2".parse().unwrap();
    let stamp = Stamp { deployed_by: "deployment-2".to_owned(), ..stage.stamp.clone() };
    let asked = secret(20, "b", &[("cost", "b")]);
    let creation = creation(&key, &asked, &stamp);
    assert_eq!(provider.find(&creation).await.unwrap(), Found::Absent);
    let mark = stage.account.proxy.mark();
    let Made { physical_id, .. } = provider.create(&creation).await.unwrap();
    assert_eq!(stage.mutations(mark), ["CreateSecret", "RestoreSecret"]);
    assert_eq!(physical_id, made.physical_id);
    // Also where the answer to that was lost.
    assert!(matches!(provider.find(&creation).await.unwrap(), Found::Ours(_)));
    let existing = Existing::settled(&key, &physical_id, &asked);
    provider.converge(&existing, &creation, true).await.unwrap();
    let observed = provider.read(&existing).await.unwrap().unwrap();
    assert!(observed.ownership.unwrap().is(&stamp, &key));
    assert_eq!(observed.properties.text("Description"), Some("b"));
    assert!(!observed.properties.to_value().to_string().contains("team"));
    assert_eq!((value(&clients).await, versions(&clients).await), (before, 1));
}

#[tokio::test]
async fn a_name_that_the_deleted_secret_of_somebody_else_holds_is_refused_with_what_to_do() {
    let stage = Stage::start().await;
    let provider = stage.provider(KIND);
    let (key, asked) = ("shared/Database@1".parse::<ResourceKey>().unwrap(), secret(20, "a", &[]));
    let other = stamp("another-engine");
    let theirs = provider.create(&creation(&key, &asked, &other)).await.unwrap();
    let existing = Existing::settled(&key, &theirs.physical_id, &asked);
    provider.delete(&existing).await.unwrap();
    let mark = stage.account.proxy.mark();
    let error = provider.create(&creation(&key, &asked, &stage.stamp)).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::AlreadyExists);
    assert!(error.message.contains("shop/dev/database") && error.message.contains("another name"), "{error}");
    assert_eq!(stage.mutations(mark), ["CreateSecret"]);
    assert_eq!(provider.find(&creation(&key, &asked, &stage.stamp)).await.unwrap(), Found::Absent);
}
