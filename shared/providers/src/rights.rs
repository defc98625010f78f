//! What a session of the target role may do: no more than what it is opened for.
//!
//! The role's own policies still count: a session has what both allow. That whoever only looks cannot do anything else is so
//! for AWS, and does not rest on the code that looks. See `docs/decisions/who-looks-can-only-look.md`.

use serde_json::json;

/// What a session is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rights {
    /// Making, changing and deleting: everything that the role may.
    Make,
    /// Looking up what planning must know: parameters that are no secrets, and zones.
    LookUp,
    /// Looking at whether what was deployed is well: alarms, and functions that are asked.
    Watch,
}

impl Rights {
    /// The session policy, in no more than the 2,048 characters that STS takes (STS API reference, "AssumeRole").
    pub(crate) fn policy(self) -> Option<String> {
        match self {
            Self::Make => None,
            Self::LookUp => Some(only(&["ec2:DescribeAvailabilityZones", "ssm:GetParameters"])),
            Self::Watch => Some(only(&["cloudwatch:DescribeAlarms", "lambda:InvokeFunction"])),
        }
    }
}

/// Allows these actions, and denies all others: what is merely not allowed by a session, a resource's own policy may give it
/// all the same, as that of the key `aws/ssm` gives everybody in the account the values of secrets.
fn only(actions: &[&str]) -> String {
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": [
            { "Effect": "Allow", "Action": actions, "Resource": "*" },
            { "Effect": "Deny", "NotAction": actions, "Resource": "*" },
        ],
    });
    policy.to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on ends here")]

    use std::collections::BTreeSet;
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use aws_config::{BehaviorVersion, Region, SdkConfig};
    use aws_credential_types::Credentials;
    use aws_credential_types::provider::SharedCredentialsProvider;
    use engine::Fence;
    use model::Lookup;
    use serde_json::Value;

    use super::*;
    use crate::{NativeHealth, Target, connect, lookup};

    #[test]
    fn who_looks_may_do_what_looking_takes_and_is_denied_all_else() {
        for (rights, actions) in [
            (Rights::LookUp, json!(["ec2:DescribeAvailabilityZones", "ssm:GetParameters"])),
            (Rights::Watch, json!(["cloudwatch:DescribeAlarms", "lambda:InvokeFunction"])),
        ] {
            let policy = rights.policy().unwrap();
            assert!(policy.len() <= 2_048 && policy.is_ascii(), "{policy}");
            let policy: Value = serde_json::from_str(&policy).unwrap();
            assert_eq!(policy["Statement"][0]["Action"], actions);
            // Without this denial, whoever may read a parameter may have its secret decrypted by the key `aws/ssm`.
            let denial = json!({ "Effect": "Deny", "NotAction": actions, "Resource": "*" });
            assert_eq!(policy["Statement"][1], denial);
        }
    }

    /// Answers as STS does, and as EC2 does for zones; keeps what it was asked.
    fn sts() -> (SdkConfig, Arc<Mutex<Vec<String>>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = asked.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut request = String::new();
                let is_whole = |text: &str| {
                    let (head, body) = text.split_once("\r\n\r\n")?;
                    let length = head.to_lowercase().split("content-length: ").nth(1)?.lines().next()?.parse().ok()?;
                    Some(body.len() >= length)
                };
                while is_whole(&request) != Some(true) {
                    let mut part = [0; 4096];
                    let read = stream.read(&mut part).unwrap();
                    request.push_str(&String::from_utf8_lossy(&part[..read]));
                }
                kept.lock().unwrap().push(request);
                let answer = "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><Credentials>\
                    <AccessKeyId>AKIDEXAMPLE</AccessKeyId><SecretAccessKey>key</SecretAccessKey>\
                    <SessionToken>token</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>\
                    </Credentials></AssumeRoleResult><zoneName>eu-central-1a</zoneName></AssumeRoleResponse>";
                let head = "HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\nconnection: close\r\ncontent-length:";
                write!(stream, "{head} {}\r\n\r\n{answer}", answer.len()).unwrap();
            }
        });
        let credentials = Credentials::new("AKIDEXAMPLE", "key", None, None, "test");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .endpoint_url(url)
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .build();
        (config, asked)
    }

    fn target() -> Target {
        Target {
            role_arn: "arn:aws:iam::111122223333:role/strandline-target-shop-dev".into(),
            external_id: None,
            region: "eu-central-1".into(),
            account: "111122223333".into(),
            session: "d1".into(),
        }
    }

    /// The policy that STS was sent with the first request.
    fn sent(asked: &Mutex<Vec<String>>) -> Option<String> {
        let asked = asked.lock().unwrap();
        let body = asked.first()?.split_once("\r\n\r\n")?.1;
        assert!(body.contains("Action=AssumeRole"), "{body}");
        let policy = body.split('&').find_map(|part| part.strip_prefix("Policy="))?;
        Some(decoded(policy))
    }

    fn decoded(text: &str) -> String {
        let mut parts = text.split('%');
        let mut all = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            all.push(u8::from_str_radix(&part[..2], 16).unwrap().into());
            all.push_str(&part[2..]);
        }
        all
    }

    #[tokio::test]
    async fn looking_up_and_watching_open_sessions_that_can_do_nothing_else() {
        let call = Duration::from_secs(5);
        let (config, asked) = sts();
        let zones = BTreeSet::from([Lookup::Zones { region: "eu-central-1".into() }]);
        let looked = lookup::look_up(&config, &target(), call, &zones).await.unwrap();
        assert_eq!(looked.found.0.len(), 1);
        assert_eq!(sent(&asked), Rights::LookUp.policy());

        let (config, asked) = sts();
        NativeHealth::connect(&config, &target(), call).await.unwrap();
        assert_eq!(sent(&asked), Rights::Watch.policy());

        let (config, asked) = sts();
        connect(&config, &target(), Rights::Make, Arc::new(Fence::new(call))).await.unwrap();
        assert_eq!(sent(&asked), None);
    }
}
