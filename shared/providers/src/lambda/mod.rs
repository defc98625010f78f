//! Lambda.

use model::CallError;

mod alias;
mod event_source;
mod function;
mod layer;
mod permission;
mod settings;
mod url;
mod version;

pub use alias::Alias;
pub use event_source::EventSourceMapping;
pub use function::Function;
pub use layer::LayerVersion;
pub use permission::Permission;
pub use url::Url;
pub use version::Version;

failures!("lambda");

/// A function's name or ARN apart from the alias or version at the end of it. Lambda takes both in one, for some operations
/// only; apart, for all.
fn without_qualifier(name: &str) -> (&str, Option<&str>) {
    let parts = name.split(':').count();
    // arn:aws:lambda:region:account:function:name[:qualifier], account:function:name[:qualifier] or name[:qualifier].
    let qualified = if name.starts_with("arn:") { parts == 8 } else { parts == 2 || parts == 4 };
    match name.rsplit_once(':') {
        Some((function, qualifier)) if qualified => (function, Some(qualifier)),
        _ => (name, None),
    }
}

/// As [`without_qualifier`], for what must have one.
fn qualified(arn: &str) -> Result<(&str, &str), CallError> {
    match without_qualifier(arn) {
        (function, Some(qualifier)) => Ok((function, qualifier)),
        (_, None) => Err(crate::shape::invalid(format!("`{arn}` names neither a version nor an alias"))),
    }
}

/// The function's name, of its name or ARN without a qualifier.
fn bare(function: &str) -> &str {
    function.rsplit(':').next().unwrap_or(function)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_qualifier_is_told_from_the_end_of_a_name() {
        let arn = "arn:aws:lambda:eu-west-1:111122223333:function:shop-dev-quote";
        assert_eq!(without_qualifier(arn), (arn, None));
        assert_eq!(without_qualifier(&format!("{arn}:live")), (arn, Some("live")));
        assert_eq!(without_qualifier("quote"), ("quote", None));
        assert_eq!(without_qualifier("quote:3"), ("quote", Some("3")));
        assert_eq!(without_qualifier("111122223333:function:quote"), ("111122223333:function:quote", None));
        assert_eq!(bare(arn), "shop-dev-quote");
        assert!(qualified(arn).is_err());
    }
}
