//! Texts that look like secrets, which nobody should write down.

/// What secret a text looks like. Only forms that nothing else has.
pub fn secret(text: &str) -> Option<&'static str> {
    let is_key_id = |part: &str| {
        part.len() == 20
            && (part.starts_with("AKIA") || part.starts_with("ASIA"))
            && part.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    };
    if text.split(|c: char| !c.is_ascii_alphanumeric()).any(is_key_id) {
        return Some("an AWS access key");
    }
    if text.contains("-----BEGIN ") && text.contains("PRIVATE KEY-----") {
        return Some("a private key");
    }
    let forms = [
        ("sk-ant-", "an Anthropic API key"),
        ("sk-proj-", "an OpenAI API key"),
        ("ghp_", "a GitHub token"),
        ("github_pat_", "a GitHub token"),
        ("xoxb-", "a Slack token"),
        ("sk_live_", "a Stripe key"),
    ];
    forms.iter().find(|(prefix, _)| text.starts_with(prefix) && text.len() >= prefix.len() + 16).map(|(_, what)| *what)
}
