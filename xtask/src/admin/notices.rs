//! What of an environment is told to whoever subscribed.

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use model::{Notice, Notices};

/// The word that stands for none.
const NONE: &str = "none";

/// Options that say what is told.
#[derive(Args)]
pub(crate) struct Telling {
    /// Tell of this; repeat it for more. Without any: `approval`, `failed` and `refused`. `none` alone: of nothing. Configs
    /// may ask for more.
    #[arg(long = "notice", value_name = "WORD", value_parser = words())]
    notices: Vec<Option<Notice>>,
}

fn words() -> impl TypedValueParser<Value = Option<Notice>> {
    let words = Notice::ALL.map(Notice::as_str).into_iter().chain([NONE]);
    PossibleValuesParser::new(words).map(|word| Notice::ALL.into_iter().find(|notice| notice.as_str() == word))
}

impl Telling {
    pub(super) fn notices(&self) -> Notices {
        if self.notices.is_empty() {
            return Notices::default();
        }
        Notices(self.notices.iter().flatten().copied().collect())
    }
}

/// Notices, for a person.
pub(super) fn told(notices: &Notices) -> String {
    let words: Vec<&str> = notices.0.iter().map(|notice| notice.as_str()).collect();
    if words.is_empty() { "of nothing that no config asks for".to_owned() } else { words.join(", ") }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        telling: Telling,
    }

    fn given(words: &[&str]) -> Result<Notices, String> {
        let words = words.iter().flat_map(|word| ["--notice", *word]);
        let line = Line::try_parse_from(["put"].into_iter().chain(words)).map_err(|error| error.to_string())?;
        Ok(line.telling.notices())
    }

    #[test]
    fn what_is_told_is_what_is_given_or_the_usual_or_nothing() {
        assert_eq!(given(&[]).unwrap(), Notices::default());
        assert_eq!(given(&["deployed", "failed", "failed"]).unwrap().0, [Notice::Failed, Notice::Deployed].into());
        assert_eq!(given(&["none"]).unwrap().0, [].into());
        assert!(given(&["deployd"]).unwrap_err().contains("deployed"));
        assert_eq!(told(&given(&["none"]).unwrap()), "of nothing that no config asks for");
        assert_eq!(told(&Notices::default()), "approval, failed, refused");
    }
}
