//! Layers.

use engine::ports::{Creation, Deletion, Existing, Found};
use model::{ResourceKey, properties};
use serde_json::json;

use crate::lambda::{function, stored};
use crate::support::{Stage, stamp};

const KIND: &str = "AWS::Lambda::LayerVersion";

#[tokio::test]
async fn versions_of_a_layer_are_made_found_again_used_and_deleted_one_by_one() {
    let stage = Stage::start().await;
    let provider = stage.provider(KIND);
    let (code, _) = stored(&stage, "WORD = 'one'\n").await;
    let asked = properties(json!({
        "CompatibleRuntimes": ["python3.12"], "Content": code, "Description": "what all need", "LicenseInfo": "MIT",
    }));
    let key: ResourceKey = "shared/Libraries@1".parse().unwrap();
    let creation = Creation { key: &key, properties: &asked, token: "t", stamp: &stage.stamp };
    assert_eq!(provider.find(&creation).await.unwrap(), Found::Absent);
    let mark = stage.account.proxy.mark();
    let (first, observed) = stage.make(KIND, "shared/Libraries@1", &asked).await;
    assert_eq!(stage.mutations(mark), ["PublishLayerVersion"]);
    assert!(first.physical_id.as_str().ends_with(":layer:shop-dev-shared-Libraries:1"), "{}", first.physical_id);
    assert_eq!(first.attributes["LayerVersionArn"], first.physical_id.as_str());
    for name in ["CompatibleRuntimes", "Description", "LicenseInfo"] {
        assert_eq!(observed.properties.get(name), asked.get(name), "{name}");
    }
    assert!(observed.ownership.unwrap().is(&stage.stamp, &key));
    assert!(matches!(provider.find(&creation).await.unwrap(), Found::Ours(found) if found == first));
    let other = stamp("another-engine");
    assert_eq!(provider.find(&Creation { stamp: &other, ..creation }).await.unwrap(), Found::Absent);

    // The next incarnation is the next version; both are there until the first is deleted.
    let (code, _) = stored(&stage, "WORD = 'two'\n").await;
    let (second, _) = stage.make(KIND, "shared/Libraries@2", &asked.clone().with("Content", code)).await;
    assert!(second.physical_id.as_str().ends_with(":layer:shop-dev-shared-Libraries:2"), "{}", second.physical_id);
    let (with, _) = function(&stage).await;
    let layers = json!([second.physical_id.as_str()]);
    let (_, used) = stage.make("AWS::Lambda::Function", "quote/Function@1", &with.with("Layers", layers.clone())).await;
    assert_eq!(used.properties.get("Layers"), Some(&layers));
    let existing = Existing::settled(&key, &first.physical_id, &asked);
    for _ in 0..2 {
        assert_eq!(provider.delete(&existing).await.unwrap(), Deletion::Gone);
    }
    assert_eq!(provider.read(&existing).await.unwrap(), None);
    let existing = Existing::settled(&key, &second.physical_id, &asked);
    assert!(provider.read(&existing).await.unwrap().is_some());
}
